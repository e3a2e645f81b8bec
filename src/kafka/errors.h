#pragma once

// The one place that says what an error of librdkafka means to the caller of the port.

#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "src/base/status.h"
#include "src/kafka/handles.h"

namespace foothold::kafka {

// An error as librdkafka gave it. Calls that return only a code leave the three flags false.
struct Failed {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  bool is_retriable = false;
  bool is_abortable = false;
  bool is_fatal = false;
};

// What the caller must do. First what no repetition can mend (permissions, credentials, settings),
// then the flags, then the table of the codes that come without flags; an unknown one is kFenced,
// because only new handles settle what librdkafka itself cannot classify.
Code CodeOf(const Failed& failed);

// What an operator can do about it; empty where the message of librdkafka says it all.
std::string_view RemedyOf(rd_kafka_resp_err_t error);

// A status of the form "<what>: <error's own words>; <remedy>". `error` is not null.
Status StatusFrom(std::string_view what, const rd_kafka_error_t& error);
Status StatusFrom(std::string_view what, rd_kafka_resp_err_t error, std::string_view detail = {});

// The same of a call on a topic that needs `right` ("Read"): if it is denied, the remedy names it.
Status StatusOfTopicCall(std::string_view what, std::string_view right, rd_kafka_resp_err_t error,
                         std::string_view detail = {});

// The same for the first element of the list that carries an error, which it names.
Status StatusFrom(std::string_view what, const rd_kafka_topic_partition_list_t& list);

// The same for a call that answers with null or an error it hands over. A fatal error is replaced
// by the one that caused it, which `client` remembers.
Status StatusFrom(std::string_view what, rd_kafka_t* client, ErrorHandle error);

}  // namespace foothold::kafka
