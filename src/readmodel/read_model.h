#pragma once

// What the status topics and the recent decisions say, in tables that questions can be asked of: an
// embedded SQLite. It is a cache. What it holds comes from the topics alone, and a file that is
// gone, damaged or of another version is made anew from them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/readmodel/effects.h"
#include "src/readmodel/questions.h"

namespace foothold::readmodel {

// The place to read on from in one partition.
struct Place {
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t next = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

// One output record. The views live as long as the call that takes it.
struct Record {
  // What stands between "foothold." and ".v1" in ce_type: "onboarding.user-status". Of a tombstone:
  // that of its topic.
  std::string_view record = {};
  std::string_view id = {};    // ce_id.
  std::string_view rule = {};  // ce_fhrule.
  std::string_view key = {};
  std::optional<std::string_view> json = {};  // nullopt: a tombstone.
};

struct ReadModelOptions {
  // The file; its folder is there. Empty: a temporary one, which goes with the model.
  std::string path = {};
  // What the records come from: another text than the file's last one empties it.
  std::string origin = {};
  // How far back decisions are kept, from the newest one.
  milliseconds decisions_kept{90 * kDay};
  // The longest that a question may take.
  milliseconds question_max{5'000};
};

// One thread takes records in; any number may ask, and see whole transactions only.
class ReadModel {
 public:
  // kFatal: the file or folder cannot be written.
  static Result<std::unique_ptr<ReadModel>> Open(ReadModelOptions options);
  ~ReadModel();
  ReadModel(const ReadModel&) = delete;
  ReadModel& operator=(const ReadModel&) = delete;

  // By the thread that takes in.
  // As of the last Take().
  Result<std::vector<Place>> Places();
  // Takes in `records`, and where to read on, in one transaction. Records that are not of use here
  // are passed over, as are those that are no JSON of ours, which are counted.
  Status Take(std::span<const Record> records, std::span<const Place> places);
  std::int64_t unreadable() const;
  // Forgets everything: the topics are not those that the places are of.
  Status Clear();

  // Thread-safe. Each is one JSON object. kRetry: it took too long. kInvalid names the mistake.
  Result<std::string> Ask(const OverviewQuestion& question) const;
  Result<std::string> Ask(const AccountsQuestion& question) const;
  // nullopt: there is no such account.
  Result<std::optional<std::string>> Ask(const AccountQuestion& question) const;
  Result<std::string> Ask(const PeopleQuestion& question) const;
  Result<std::string> Ask(const InterventionsQuestion& question) const;
  Result<std::string> Ask(const WaitingQuestion& question) const;
  Result<std::string> Ask(const UpcomingQuestion& question) const;
  Result<std::string> Ask(const FunnelQuestion& question) const;
  Result<std::string> Ask(const CohortsQuestion& question) const;
  Result<std::string> Ask(const OutcomesQuestion& question) const;
  // Likewise thread-safe; of one moment.
  Result<Effects> ReadEffects() const;
  // Whether that rung waits for approval.
  Result<bool> WaitsForApproval(const WaitingRung& rung) const;

 private:
  struct Parts;
  explicit ReadModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace foothold::readmodel
