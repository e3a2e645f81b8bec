#pragma once

// Small sentences for the tests of the port on a real broker. Setting up must succeed: Must() ends
// the process with the reason if it does not.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/base/check.h"
#include "src/kafka/client.h"
#include "src/kafka/kafka_log.h"
#include "src/log/log.h"

namespace foothold::kafka {

inline void Must(const Status& status) { FOOTHOLD_CHECK(status.ok(), status.ToString()); }

template <class T>
T Must(Result<T> result) {
  FOOTHOLD_CHECK(result.has_value(), result.error().ToString());
  return *std::move(result);
}

inline constexpr milliseconds kPatience{30'000};

using Properties = std::map<std::string, std::string>;

// A log on `servers` with further properties.
std::unique_ptr<KafkaLog> OpenLog(const std::string& servers, Properties properties = {});

// "<stem>-<number>", new in every process and call.
std::string NewName(const std::string& stem);

// Creates a topic of a new name and returns it.
std::string MakeTopic(log::Log* log, std::int32_t partitions, Properties configs = {});

// A producer after Init().
std::unique_ptr<log::TransactionalProducer> MakeProducer(log::Log* log, const std::string& id,
                                                         std::vector<std::string> topics);

// A member of a group, and a reader without one.
std::unique_ptr<log::Consumer> NewMember(log::Log* log, const std::string& group);
std::unique_ptr<log::Consumer> NewReader(log::Log* log, int batch_records_max = 500);

// What others may do to a topic. Each returns when it is seen to be done.
void DeleteTopic(const std::string& servers, const std::string& topic);
// Replaces the topic's settings: those not named are the broker's again.
void ConfigureTopic(const std::string& servers, const std::string& topic,
                    const Properties& configs);
void DeleteAllRecords(const std::string& servers, const std::string& topic, PartitionId partition);

// Writes "0", "1", ... `count` of them, to one partition in one transaction.
void WriteNumbers(log::Log* log, const std::string& topic, PartitionId partition, int count);

// Where a partition ends for readers of committed records, and where for readers of all: what lies
// between belongs to transactions that are open.
struct Ends {
  std::int64_t stable = 0;
  std::int64_t high = 0;
  bool has_open() const { return stable < high; }
};

// Asks where partitions end. Outlives restarts of the broker.
class EndsReader {
 public:
  explicit EndsReader(const std::string& servers);
  Ends EndsOf(const std::string& topic, PartitionId partition) const;

 private:
  std::unique_ptr<Client> of_stable_;
  std::unique_ptr<Client> of_all_;
};

// Polls until `is_done` says so of a batch; false if patience ends with no record coming. Changes
// of the assignment are accepted, and new partitions start at 0 or where the group has committed.
bool PollUntil(log::Consumer* consumer, const std::function<bool(const log::Batch&)>& is_done);
void Accept(log::Consumer* consumer, const log::AssignmentChange& change);

// All committed values of a topic, by partition, in offset order.
std::map<PartitionId, std::vector<std::string>> ReadAll(log::Log* log, const std::string& topic,
                                                        std::int32_t partitions);

}  // namespace foothold::kafka
