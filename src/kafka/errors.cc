#include "src/kafka/errors.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace foothold::kafka {
namespace {

struct Meaning {
  rd_kafka_resp_err_t error;
  Code code;
  std::string_view remedy;
};

// Configuration and permission: the same call fails for ever, whatever its flags say.
constexpr std::array kHopeless = {
    Meaning{RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, Code::kFatal,
            "transaction.timeout.ms is above the broker's transaction.max.timeout.ms"},
    Meaning{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Code::kFatal,
            "grant Write and Describe on the transactional id"},
    Meaning{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Code::kFatal,
            "grant Read on the topic if it is read, Write if it is written"},
    Meaning{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Code::kFatal,
            "grant Read on the consumer group"},
    Meaning{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Code::kFatal,
            "grant IdempotentWrite, and Create where topics are to be made, on the cluster"},
    Meaning{RD_KAFKA_RESP_ERR__AUTHENTICATION, Code::kFatal,
            "check security.protocol, sasl.mechanism, sasl.username and sasl.password"},
    Meaning{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, Code::kFatal,
            "check sasl.username and sasl.password"},
    Meaning{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, Code::kFatal, "check sasl.mechanism"},
    Meaning{
        RD_KAFKA_RESP_ERR__SSL, Code::kFatal,
        "check security.protocol, ssl.ca.location, and that the broker's certificate has the host "
        "name it is reached by"},
    Meaning{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, Code::kFatal,
            "the broker is too old: 2.5 or newer is needed"},
    Meaning{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, Code::kFatal,
            "broker and client library are too far apart"},
    Meaning{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Code::kFatal,
            "the cluster's policy forbids it: let its operators create the topic"},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_CONFIG, Code::kFatal, ""},
    Meaning{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, Code::kFatal,
            "a topic's name is made of letters, digits, '.', '_' and '-'"},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, Code::kFatal, ""},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, Code::kFatal,
            "the cluster has fewer brokers than the topic would have replicas"},
    Meaning{RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, Code::kFatal, ""},
    Meaning{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, Code::kFatal, ""},
};

// Codes that come without flags: from Poll, from the callbacks, from calls that give a bare code.
constexpr std::array kBare = {
    Meaning{RD_KAFKA_RESP_ERR__TRANSPORT, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__TIMED_OUT, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, Code::kAborted, ""},
    Meaning{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__RESOLVE, Code::kRetry, "check bootstrap.servers"},
    Meaning{RD_KAFKA_RESP_ERR__WAIT_COORD, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__IN_PROGRESS, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__QUEUE_FULL, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_NOT_CONTROLLER, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_NOT_COORDINATOR, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Code::kRetry, ""},
    Meaning{RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Code::kAborted, ""},
    Meaning{RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, Code::kAborted, ""},
    Meaning{RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, Code::kAborted, ""},
    Meaning{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Code::kInvalid,
            "raise message.max.bytes of the broker or max.message.bytes of the topic"},
    Meaning{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, Code::kInvalid, ""},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_MSG, Code::kInvalid, ""},
    Meaning{RD_KAFKA_RESP_ERR__FENCED, Code::kFenced, ""},
    Meaning{RD_KAFKA_RESP_ERR__FATAL, Code::kFenced, ""},
    Meaning{RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, Code::kFenced,
            "another member of the group runs under the same instance name"},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, Code::kFenced, ""},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Code::kFenced, ""},
    Meaning{RD_KAFKA_RESP_ERR_PRODUCER_FENCED, Code::kFenced, ""},
    Meaning{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, Code::kFenced, ""},
};

template <std::size_t kSize>
const Meaning* Find(const std::array<Meaning, kSize>& table, rd_kafka_resp_err_t error) {
  const auto* const row = std::ranges::find(table, error, &Meaning::error);
  return row == table.end() ? nullptr : row;
}

Status MakeStatus(std::string_view what, const Failed& failed, std::string_view detail,
                  std::string_view remedy) {
  return Status(CodeOf(failed),
                fmt::format("{}: {} ({}){}{}", what, detail, rd_kafka_err2name(failed.error),
                            remedy.empty() ? "" : "; ", remedy));
}

Status MakeStatus(std::string_view what, const Failed& failed, std::string_view detail) {
  return MakeStatus(what, failed, detail, RemedyOf(failed.error));
}

}  // namespace

Code CodeOf(const Failed& failed) {
  if (const Meaning* const row = Find(kHopeless, failed.error)) {
    return row->code;
  }
  if (failed.is_abortable) {
    return Code::kAborted;
  }
  if (failed.is_retriable) {
    return Code::kRetry;
  }
  if (failed.is_fatal) {
    return Code::kFenced;
  }
  if (const Meaning* const row = Find(kBare, failed.error)) {
    return row->code;
  }
  return Code::kFenced;
}

std::string_view RemedyOf(rd_kafka_resp_err_t error) {
  const Meaning* row = Find(kHopeless, error);
  if (row == nullptr) {
    row = Find(kBare, error);
  }
  return row == nullptr ? std::string_view() : row->remedy;
}

Status StatusFrom(std::string_view what, const rd_kafka_error_t& error) {
  return MakeStatus(what,
                    Failed{.error = rd_kafka_error_code(&error),
                           .is_retriable = rd_kafka_error_is_retriable(&error) != 0,
                           .is_abortable = rd_kafka_error_txn_requires_abort(&error) != 0,
                           .is_fatal = rd_kafka_error_is_fatal(&error) != 0},
                    rd_kafka_error_string(&error));
}

Status StatusFrom(std::string_view what, rd_kafka_resp_err_t error, std::string_view detail) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status();
  }
  return MakeStatus(what, Failed{.error = error},
                    detail.empty() ? rd_kafka_err2str(error) : detail);
}

Status StatusOfTopicCall(std::string_view what, std::string_view right, rd_kafka_resp_err_t error,
                         std::string_view detail) {
  if (error != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    return StatusFrom(what, error, detail);
  }
  return MakeStatus(what, Failed{.error = error}, detail.empty() ? rd_kafka_err2str(error) : detail,
                    fmt::format("grant {} on the topic", right));
}

Status StatusFrom(std::string_view what, const rd_kafka_topic_partition_list_t& list) {
  const std::span elements(list.elems, static_cast<std::size_t>(list.cnt));
  const auto failed = std::ranges::find_if(elements, [](const rd_kafka_topic_partition_t& element) {
    return element.err != RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  if (failed == elements.end()) {
    return Status();
  }
  return StatusFrom(fmt::format("{} {}", what, ToString(PartitionOf(*failed))), failed->err);
}

Status StatusFrom(std::string_view what, rd_kafka_t* client, ErrorHandle error) {
  if (error == nullptr) {
    return Status();
  }
  if (rd_kafka_error_is_fatal(error.get()) == 0) {
    return StatusFrom(what, *error);
  }
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(client, text.data(), text.size());
  if (cause == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return StatusFrom(what, *error);
  }
  return MakeStatus(what, Failed{.error = cause, .is_fatal = true}, text.data());
}

}  // namespace foothold::kafka
