#include "tests/app/running.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using kafka::Must;

PlainRecord CopyOf(const log::RecordView& record) {
  const auto copy = [](const std::optional<std::string_view>& bytes) {
    return bytes.has_value() ? std::optional<std::string>(*bytes) : std::nullopt;
  };
  PlainRecord plain{.partition = record.partition.value,
                    .offset = record.offset,
                    .key = copy(record.key),
                    .value = copy(record.value),
                    .headers = {}};
  for (const log::Header& header : record.headers) {
    plain.headers.emplace_back(std::string(header.key), copy(header.value));
  }
  return plain;
}

}  // namespace

RunSetup NewSetup(const std::string& servers, const Folder& folder) {
  return {.app = kafka::NewName("app"),
          .servers = servers,
          .source = {},
          .state_dir = folder.PathOf("state")};
}

std::string ActivationTopic(const RunSetup& setup) { return setup.app + ".activation"; }

std::string ProgressTopic(const RunSetup& setup) { return setup.app + ".progress"; }

std::string DeadLetterTopic(const RunSetup& setup) { return setup.app + ".dead-letter"; }

std::string UserStatusTopic(const RunSetup& setup) { return setup.app + ".user-status"; }

std::string JournalTopic(const RunSetup& setup) { return setup.app + "-journal"; }

std::string ChangelogTopic(const RunSetup& setup) { return setup.app + "-state-changelog"; }

std::string WriteConfig(const RunSetup& setup, const Folder& folder) {
  return folder.Write(
      "foothold.yaml",
      fmt::format("app: {0}\n"
                  "instance: {12}\n"
                  "kafka: {{bootstrap.servers: \"{1}\"{6}}}\n"
                  "sources:\n"
                  "  - {{name: product, topics: [{2}], preset: {8}, mapping: {{{9}}}}}\n"
                  "outputs:\n"
                  "  partitions: {10}\n"
                  "  activation: {{topic: {0}.activation}}\n"
                  "  progress: {{topic: {0}.progress}}\n"
                  "  user_status: {{topic: {0}.user-status}}\n"
                  "  account_status: {{topic: {0}.account-status}}\n"
                  "  dead_letter: {{topic: {0}.dead-letter}}\n"
                  "journal: {{partitions: {7}}}\n"
                  "state: {{dir: {3}}}\n"
                  "clock: {{idle: {4}}}\n"
                  "http: {{listen: \"127.0.0.1:0\"}}\n"
                  "{11}{5}",
                  setup.app, setup.servers, setup.source, setup.state_dir, setup.clock, setup.extra,
                  setup.kafka, setup.journal_partitions, setup.preset, setup.mapping,
                  kOutputPartitions,
                  setup.playbook.empty() ? "" : fmt::format("playbook: {}\n", setup.playbook),
                  setup.instance));
}

std::string EventOf(const std::string& user, const std::string& event, int day) {
  return fmt::format(R"({{"type":"track","event":"{}","userId":"{}","messageId":"{}-{}-{}",)"
                     R"("timestamp":"2026-01-{:02}T10:00:00Z","context":{{"groupId":"acme"}}}})",
                     event, user, user, event, day, day);
}

void Produce(log::Log* log, const std::string& topic, const std::vector<PlainRecord>& records) {
  const auto producer = Must(log->NewProducer({.transactional_id = kafka::NewName("input"),
                                               .topics = {topic},
                                               .message_bytes_max = 2'000'000}));
  Must(producer->Init(kafka::kPatience));
  Must(producer->Begin());
  for (const PlainRecord& record : records) {
    std::vector<log::Header> headers;
    for (const auto& [key, value] : record.headers) {
      headers.push_back(
          {key, value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    Must(producer->Send({.topic = topic,
                         .partition = PartitionId{record.partition},
                         .key = record.key,
                         .value = record.value,
                         .headers = headers,
                         .timestamp = {}}));
  }
  Must(producer->Commit(kafka::kPatience));
}

void ForEachRecord(log::Log* log, const std::string& topic, std::int32_t partitions,
                   Reading reading, const std::function<void(const log::RecordView&)>& take) {
  ForEachRecord(log, std::map<std::string, std::int32_t>{{topic, partitions}}, reading, take);
}

void ForEachRecord(log::Log* log, const std::map<std::string, std::int32_t>& topics,
                   Reading reading, const std::function<void(const log::RecordView&)>& take) {
  const auto consumer = Must(log->NewConsumer({.reads_uncommitted = reading == Reading::kAll}));
  std::vector<log::Position> starts;
  std::vector<std::int64_t> ends;
  for (const auto& [topic, partitions] : topics) {
    for (std::int32_t i = 0; i < partitions; ++i) {
      starts.push_back({.source = {topic, PartitionId{i}}, .next = NextOffset{0}});
      ends.push_back(Must(consumer->QueryWatermarks(starts.back().source, kafka::kPatience)).high);
    }
  }
  Must(consumer->Assign(starts));
  const bool is_complete = kafka::PollUntil(consumer.get(), [&](const log::Batch& batch) {
    std::ranges::for_each(batch.records, take);
    bool is_at_end = true;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      is_at_end = is_at_end && consumer->PositionOf(starts[i].source)->value >= ends[i];
    }
    return is_at_end;
  });
  FOOTHOLD_CHECK(is_complete, "the topic could not be read to its end");
}

std::vector<PlainRecord> Consume(log::Log* log, const std::string& topic, std::int32_t partitions) {
  std::vector<PlainRecord> records;
  ForEachRecord(log, topic, partitions, Reading::kCommitted,
                [&](const log::RecordView& record) { records.push_back(CopyOf(record)); });
  std::ranges::sort(records, {}, [](const PlainRecord& record) {
    return std::pair(record.partition, record.offset);
  });
  return records;
}

HttpAnswer HttpGet(int port, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  HttpAnswer answer;
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    std::string text;
    std::array<char, 65'536> bytes{};
    ssize_t got = send(connection, request.data(), request.size(), MSG_NOSIGNAL);
    while (got > 0) {
      got = recv(connection, bytes.data(), bytes.size(), 0);
      text.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) {
      std::from_chars(text.data() + space + 1, text.data() + text.size(), answer.status);
      const std::size_t body = text.find("\r\n\r\n");
      answer.body = body == std::string::npos ? "" : text.substr(body + 4);
    }
  }
  close(connection);
  return answer;
}

int HttpPortOf(std::string_view error) {
  constexpr std::string_view kMark = "http=\"port ";
  const std::size_t mark = error.find(kMark);
  int port = 0;
  if (mark != std::string_view::npos) {
    const std::string_view digits = error.substr(mark + kMark.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
  }
  return port;
}

}  // namespace foothold::app
