#pragma once

// What the application hands to the parts of this folder. Plain values: src/app fills them from the
// configuration, tests and scenarios by hand.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/codec/outputs.h"
#include "src/intake/mapping.h"
#include "src/journey/clock.h"
#include "src/log/log.h"

namespace foothold::stream {

// The topics of one app. The internal ones are named after it.
struct TopicNames {
  std::string journal;
  std::string changelog;
  std::string control;
  std::string people;
  std::string people_changelog;
  std::string activation_changed = "activation.changed";
  std::string onboarding_progress = "onboarding.progress";
  std::string user_status = "onboarding.user-status";
  std::string account_status = "onboarding.account-status";
  std::string dropoff_risk_changed = "dropoff.risk.changed";
  std::string interventions_email = "interventions.email";
  std::string interventions_in_app = "interventions.in_app";
  std::string interventions_cs = "interventions.cs";
  std::string interventions_log = "interventions.log";
  std::string dead_letter = "onboarding.dead-letter";

  // "<app>-journal", "<app>-state-changelog", "<app>-control", "<app>-people",
  // "<app>-people-changelog"; the outputs as above.
  static TopicNames ForApp(const std::string& app);
  // All that the intake (the people stage, the journey) writes to.
  std::vector<std::string> OfIntake() const { return {journal, people, dead_letter}; }
  std::vector<std::string> OfPeople() const {
    return {journal, people, people_changelog, dead_letter};
  }
  std::vector<std::string> OfJourney() const;
  // The outputs that are logs, and those that are compacted; neither has the dead letter.
  std::vector<std::string> Logs() const;
  std::vector<std::string> Statuses() const;
  // Everything that comes out, the dead letter last.
  std::vector<std::string> Outputs() const;
  const std::string& Of(codec::OutputTopic topic) const;
};

// Where the first run begins in a partition that nobody has read yet.
struct StartAt {
  enum class Kind { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  Instant time;  // kTime.
};

struct SourceOptions {
  std::string name;
  std::vector<std::string> topics;  // No topic belongs to two sources.
  bool is_required = true;
  bool is_product = true;
  intake::Mapping mapping;
  StartAt start{};
};

struct IntakeOptions {
  std::string app;
  TopicNames topics;
  std::int32_t journal_partitions = 8;
  std::int32_t people_partitions = 4;
  std::int32_t dead_letter_partitions = 4;
  std::size_t known_pairs_max = 1U << 20U;  // See PeopleFeed; 8 bytes each.
  // Whoever turns the workers one by one may have the people stage see each of its records before
  // the next record is read: then what it places stands in the journal where the record would.
  bool hands_over_singly = false;
  std::vector<SourceOptions> sources;
  journey::ClockMode mode = journey::ClockMode::kWall;
  // While there is much to read, progress is told when event time has moved by this much.
  milliseconds progress_step = kMinute;
  std::size_t record_bytes_max = 1U << 20U;       // Of an input record that is accepted.
  std::size_t dead_letter_bytes_max = 1'048'000;  // What the dead letter's topic takes.
};

struct PeopleOptions {
  std::string app;
  TopicNames topics;
  std::int32_t people_partitions = 4;
  std::int32_t journal_partitions = 8;
  std::int32_t dead_letter_partitions = 4;
  journey::ClockMode mode = journey::ClockMode::kWall;
  // What waits for an account, over all persons of one partition: beyond it the oldest gives way.
  std::size_t waiting_bytes_max = 64U << 20U;
  std::size_t cache_bytes_max = 8U << 20U;  // Decoded persons, over all partitions of one worker.
  std::size_t dead_letter_bytes_max = 1'048'000;
  // As those of JourneyOptions.
  milliseconds store_write_interval{5'000};
  std::size_t store_write_bytes = 32U << 20U;
  milliseconds transaction_timeout{10'000};
  milliseconds store_age_max{7 * kDay / 2};
};

struct JourneyOptions {
  std::string app;
  TopicNames topics;
  std::int32_t journal_partitions = 8;
  std::int32_t output_partitions = 4;
  std::size_t cache_bytes_max = 64U << 20U;  // Decoded objects, over all journal partitions.
  // Salts the hashes of e-mail addresses; the one of the first start holds for ever.
  std::string email_salt;
  codec::OutputOptions outputs;
  // The input is read to its end, where every status is refreshed: see journey::Context.
  bool is_draining = false;
  // False where a journal is only folded: its releases are in it.
  bool writes_releases = true;
  // Changed state goes into the changelog this often, or when what waits for it fills the
  // cache; what was committed since is folded again after a crash. 0: with each commit.
  milliseconds checkpoint_interval{10'000};
  // What the changelog has is written to the stores this often, or when so much waits in memory. No
  // more often than a store notes its place: a restart reads the changelog again from there.
  milliseconds store_write_interval{5'000};
  std::size_t store_write_bytes = 32U << 20U;
  milliseconds transaction_timeout{10'000};
  // How old a store may be and still be brought up to date by its changelog's tail: half of the
  // changelog's delete.retention.ms, for a tombstone may be gone after that.
  milliseconds store_age_max{7 * kDay / 2};
};

// Blocks the calling thread.
void Sleep(milliseconds duration);

struct WorkerOptions {
  std::string name;  // "intake-0": in messages and metrics.
  std::vector<std::string> subscription;
  log::ConsumerOptions consumer;
  log::ProducerOptions producer;
  // How long a poll waits for records. 0 on a log in memory driven by one thread: nothing waits.
  milliseconds poll_timeout{50};
  // A commit is due this long after the first change that waits for it (longer while commits take
  // longer, up to 2 s), or sooner when the input is drained.
  milliseconds commit_interval{100};
  milliseconds drained_commit_interval{20};
  // ... or when so many entries (records, timers, members of a walk) wait. At least 1.
  std::size_t commit_entries_max = 5'000;
  milliseconds call_timeout{10'000};  // Of each call on the log that may block.
  int retries_max = 30;               // Of one call that says kRetry.
  milliseconds retry_backoff{100};
  // How a backoff passes. A simulator moves its clock instead; null: not at all.
  std::function<void(milliseconds)> wait = Sleep;
};

}  // namespace foothold::stream
