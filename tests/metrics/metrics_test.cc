#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/metrics/effect_metrics.h"
#include "src/metrics/intake_metrics.h"
#include "src/metrics/journey_metrics.h"
#include "src/metrics/people_metrics.h"
#include "src/metrics/process_metrics.h"
#include "src/metrics/registry.h"
#include "src/metrics/worker_metrics.h"

namespace foothold::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The lines of the page that belong to a metric, comments apart.
std::vector<std::string> Samples(const Registry& registry, const std::string& name) {
  std::istringstream page(registry.Render());
  std::vector<std::string> lines;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(name + "{") || line.starts_with(name + " ")) lines.push_back(line);
  }
  return lines;
}

// The kind of each family on the page, by name.
std::map<std::string, std::string> KindByName(const std::string& page) {
  std::map<std::string, std::string> kinds;
  std::istringstream lines(page);
  for (std::string hash, word, name, rest; lines >> hash >> word >> name;) {
    std::getline(lines, rest);
    if (hash == "#" && word == "TYPE") kinds[name] = rest.substr(1);
  }
  return kinds;
}

// The kind of each metric in the table of the README, by name: | `name` | labels | kind | ...
std::map<std::string, std::string> KindByDocumentedName() {
  std::map<std::string, std::string> kinds;
  std::ifstream readme(FOOTHOLD_SOURCE_DIR "/src/metrics/README.md");
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `")) continue;
    std::istringstream cells(line.substr(3));
    std::string name, labels, kind;
    std::getline(cells, name, '`');
    std::getline(cells, labels, '|');  // The rest of the name's cell.
    std::getline(cells, labels, '|');
    std::getline(cells, kind, '|');
    kinds[name] = kind.substr(1, kind.size() - 2);
  }
  return kinds;
}

// Calls every verb once, so that every family has a sample.
void CallEveryVerb(Registry* registry) {
  ExportBuildInfo(registry, "0.1.0", "abc", "gcc");
  ProcessMetrics process(registry, ".", InstantFromMs(1'700'000'000'000));
  process.Look();
  IntakeMetrics intake(registry, {"app"});
  intake.RecordRead(0, 570);
  intake.RecordRejected(0, "bad_time");
  intake.RecordSkipped(0, "anonymous");
  intake.RecordPassedOn(0);
  intake.RecordRemarked(0, "no_zone");
  intake.JournalWritten(10, 2000);
  intake.DeadLetterCut(0);
  PeopleMetrics people(registry);
  people.RecordsTaken(9);
  people.RecordsPlaced(4);
  people.RecordsHandedOn(2);
  people.RecordsExpired(PeopleMetrics::Expiry::kFull, 3);
  people.RecordsSkipped(2);
  people.RecordsRejected("missing_tenant", 1);
  people.AccountsCapMet(1);
  people.RecordsOfErased(3);
  people.WaitingIs(PartitionId{0}, 5, 600);
  people.CacheBytes(100, 200);
  people.StateSizeIs(PartitionId{0}, {.bytes = 310, .keys = 31});
  people.RestoreProgress(PartitionId{0},
                         {.restored = 6, .total = 8, .remaining = milliseconds{1'500}});
  JourneyMetrics journey(registry);
  journey.StimuliApplied(Stimulus::kEvent, 1);
  journey.DecisionsEmitted("activation.changed", "admin", "organic", 1);
  journey.InterventionEmitted("intervention.suppressed", "stalled", "in_app", "quiet_hours");
  journey.RungHeld("stalled", "breaker");
  journey.StatusesEmitted("user_status", 3);
  journey.TimeToValue(ValueAnchor::kSignup, "admin", "smb", kDay);
  journey.Repeats(1);
  journey.Conflicts(1);
  journey.OfErased(1);
  journey.CapMet("recent_ids");
  journey.ClockAt(PartitionId{0}, InstantFromMs(1'700'000'000'500), "app events[3]");
  journey.SourceSilent(PartitionId{0}, "app", InstantFromMs(1'700'000'000'000));
  journey.EventsQuiet(PartitionId{0}, {{"report.exported", InstantFromMs(1'700'000'000'000)}});
  journey.TimersFired("window", 2);
  journey.TimersWaiting(PartitionId{0}, 4, 5);
  journey.CacheLooked(CacheLook::kHit, 1);
  journey.CacheLooked(CacheLook::kMiss, 1);
  journey.CacheBytes(100, 200);
  journey.StateSizeIs(PartitionId{0}, {.bytes = 300, .keys = 30});
  journey.RestoreProgress(PartitionId{0},
                          {.restored = 7, .total = 9, .remaining = milliseconds{2'500}});
  WorkerMetrics worker(registry, "journey", 1);
  worker.LoopMoved(InstantFromMs(1'700'000'000'250));
  worker.CommitDone(std::chrono::milliseconds(30), 12);
  worker.CommitFailed(Code::kFenced);
  worker.OldestOpenTransaction(InstantFromMs(1'700'000'000'000));
  worker.Rebalanced(RebalanceKind::kLost, 4);
  worker.AssignedPartitions(8);
  worker.LagIs("journal", PartitionId{2}, {.records = 17, .time = milliseconds{2500}});
}

TEST(MetricsTest, EveryVerbIsSeenOnThePage) {
  Registry registry;
  CallEveryVerb(&registry);

  const std::string page = registry.Render();

  for (const char* const line : {
           "foothold_build_info{compiler=\"gcc\",revision=\"abc\",version=\"0.1.0\"} 1",
           "foothold_process_start_timestamp_seconds 1700000000",
           "foothold_intake_records_total{source=\"app\"} 1",
           "foothold_intake_bytes_total{source=\"app\"} 570",
           "foothold_intake_rejected_records_total{reason=\"bad_time\",source=\"app\"} 1",
           "foothold_intake_skipped_records_total{source=\"app\",why=\"anonymous\"} 1",
           "foothold_intake_remarked_records_total{remark=\"no_zone\",source=\"app\"} 1",
           "foothold_intake_dead_letters_cut_total{source=\"app\"} 1",
           "foothold_intake_journal_batches_total 1",
           "foothold_intake_journal_entries_total 10",
           "foothold_intake_journal_bytes_total 2000",
           "foothold_intake_unplaced_records_total{source=\"app\"} 1",
           "foothold_people_records_total 9",
           "foothold_people_placed_records_total 4",
           "foothold_people_handed_on_records_total 2",
           "foothold_people_expired_records_total{cause=\"full\"} 3",
           "foothold_people_expired_records_total{cause=\"time\"} 0",
           "foothold_people_skipped_records_total{why=\"unplaced\"} 2",
           "foothold_people_skipped_records_total{why=\"erased\"} 3",
           "foothold_people_rejected_records_total{reason=\"missing_tenant\"} 1",
           "foothold_people_caps_met_total{cap=\"accounts\"} 1",
           "foothold_people_waiting_records{partition=\"0\"} 5",
           "foothold_people_waiting_bytes{partition=\"0\"} 600",
           "foothold_people_cache_bytes 100",
           "foothold_people_state_bytes{partition=\"0\"} 310",
           "foothold_people_state_keys{partition=\"0\"} 31",
           "foothold_people_restored_records{partition=\"0\"} 6",
           "foothold_people_restore_records{partition=\"0\"} 8",
           "foothold_people_restore_remaining_seconds{partition=\"0\"} 1.5",
           "foothold_journey_stimuli_total{kind=\"event\"} 1",
           "foothold_journey_stimuli_total{kind=\"timer\"} 0",
           "foothold_journey_rungs_held_total{by=\"breaker\",rule=\"stalled\"} 1",
           "foothold_journey_statuses_total{type=\"user_status\"} 3",
           "foothold_journey_repeated_events_total 1",
           "foothold_journey_conflicting_events_total 1",
           "foothold_journey_events_of_erased_total 1",
           "foothold_journey_caps_met_total{cap=\"recent_ids\"} 1",
           "foothold_journey_clock_timestamp_seconds{partition=\"0\"} 1700000000.5",
           "foothold_journey_timers_fired_total{kind=\"window\"} 2",
           "foothold_journey_timers_due{partition=\"0\"} 4",
           "foothold_journey_timers_held{partition=\"0\"} 5",
           "foothold_journey_cache_hits_total 1",
           "foothold_journey_cache_misses_total 1",
           "foothold_journey_cache_bytes{cache=\"objects\"} 100",
           "foothold_journey_cache_bytes{cache=\"store\"} 200",
           "foothold_journey_state_bytes{partition=\"0\"} 300",
           "foothold_journey_state_keys{partition=\"0\"} 30",
           "foothold_journey_restored_records{partition=\"0\"} 7",
           "foothold_journey_restore_records{partition=\"0\"} 9",
           "foothold_journey_restore_remaining_seconds{partition=\"0\"} 2.5",
           "foothold_worker_loop_moved_timestamp_seconds{stage=\"journey\",worker=\"1\"} "
           "1700000000.25",
           "foothold_worker_transaction_open_timestamp_seconds{stage=\"journey\",worker=\"1\"} "
           "1700000000",
           "foothold_worker_assigned_partitions{stage=\"journey\",worker=\"1\"} 8",
           "foothold_worker_commit_duration_seconds_bucket{stage=\"journey\",le=\"0.025\"} 0",
           "foothold_worker_commit_duration_seconds_bucket{stage=\"journey\",le=\"0.05\"} 1",
           "foothold_worker_transaction_partitions_sum{stage=\"journey\"} 12",
           "foothold_worker_commit_failures_total{code=\"fenced\",stage=\"journey\"} 1",
           "foothold_worker_commit_failures_total{code=\"fatal\",stage=\"journey\"} 0",
           "foothold_worker_rebalances_total{kind=\"lost\",stage=\"journey\"} 1",
           "foothold_worker_rebalanced_partitions_total{kind=\"lost\",stage=\"journey\"} 4",
           "foothold_worker_lag_records{partition=\"2\",stage=\"journey\",topic=\"journal\"} 17",
           "foothold_worker_lag_seconds{partition=\"2\",stage=\"journey\",topic=\"journal\"} 2.5",
       }) {
    EXPECT_THAT(page, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(Samples(registry, "foothold_journey_decisions_total"),
              testing::ElementsAre("foothold_journey_decisions_total{class=\"organic\",role="
                                   "\"admin\",type=\"activation.changed\"} 1"));
  EXPECT_THAT(Samples(registry, "foothold_journey_time_to_value_seconds_sum"),
              testing::ElementsAre("foothold_journey_time_to_value_seconds_sum{role=\"admin\","
                                   "segment=\"smb\",since=\"signup\"} 86400"));
}

TEST(MetricsTest, TheReadmeListsWhatIsExportedAndNothingElse) {
  Registry registry;
  CallEveryVerb(&registry);
  const std::map<std::string, std::string> documented = KindByDocumentedName();

  EXPECT_GT(documented.size(), 30U);
  std::map<std::string, std::string> exported = KindByName(registry.Render());
  exported.merge(KindByName(RenderEffects(
      std::vector<CohortGauges>{{.week = "2026-W03", .users = 4, .median_to_value_s = 60}},
      std::vector<OutcomeGauges>{{.rule = "stalled@1", .converted = 1}})));
  EXPECT_EQ(exported, documented);
}

TEST(MetricsTest, OfACohortWithoutAnybodyThereAndARuleWithoutAnEndNothingIsSaid) {
  const std::vector<CohortGauges> cohorts{
      {.week = "2026-W03",
       .role = "admin",
       .segment = "smb",
       .users = 4,
       .activated = 1,
       .median_to_value_s = 90},
      {.week = "2026-W04", .role = "admin", .segment = "smb", .users = 2, .median_to_value_s = {}}};
  const std::vector<OutcomeGauges> outcomes{
      {.rule = "stalled@1", .converted = 3, .not_converted = 1, .churned = 0},
      {.rule = "stalled@1", .is_held_out = true}};

  const std::string text = RenderEffects(cohorts, outcomes);

  using ::testing::HasSubstr;
  EXPECT_THAT(text, HasSubstr("foothold_cohort_activated_ratio{role=\"admin\",segment=\"smb\","
                              "week=\"2026-W03\"} 0.25"));
  EXPECT_THAT(text, HasSubstr("foothold_cohort_activated_ratio{role=\"admin\",segment=\"smb\","
                              "week=\"2026-W04\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("median_seconds{role=\"admin\",segment=\"smb\",week=\"2026-W03\"} 90"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("median_seconds{role=\"admin\",segment=\"smb\","
                                             "week=\"2026-W04\"}")));
  EXPECT_THAT(text, HasSubstr("converted_ratio{rule=\"stalled@1\",side=\"asked\"} 0.75"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("side=\"held_out\"")));
}

// The one sample of a metric without labels; -1: there is none.
double ValueOf(const Registry& registry, const std::string& name) {
  const std::vector<std::string> samples = Samples(registry, name);
  return samples.size() == 1 ? std::stod(samples.front().substr(name.size())) : -1;
}

TEST(MetricsTest, TheProcessTellsItsMemoryItsTimeAndTheRoomOnItsDisk) {
  Registry registry;
  ProcessMetrics process(&registry, ".", InstantFromMs(0));
  const double before = ValueOf(registry, "foothold_process_cpu_seconds_total");

  // Until the system has noticed it.
  std::vector<char> memory(64U << 20U, 'x');
  double after = before;
  for (int i = 0; i < 1'000'000 && after <= before; ++i) {
    std::ranges::rotate(memory, memory.begin() + 1);
    process.Look();
    after = ValueOf(registry, "foothold_process_cpu_seconds_total");
  }

  EXPECT_GE(before, 0);
  EXPECT_GT(after, before);
  EXPECT_GT(ValueOf(registry, "foothold_process_resident_bytes"), 64U << 20U);
  EXPECT_GE(ValueOf(registry, "foothold_process_open_files"), 3);
  const double size = ValueOf(registry, "foothold_state_disk_bytes");
  EXPECT_GT(size, 0);
  EXPECT_LE(ValueOf(registry, "foothold_state_disk_free_bytes"), size);
}

TEST(MetricsTest, ADiskThatIsNotThereTellsNothing) {
  Registry registry;
  ProcessMetrics process(&registry, "/nowhere/at/all", InstantFromMs(0));

  process.Look();

  EXPECT_THAT(Samples(registry, "foothold_state_disk_bytes"), testing::IsEmpty());
  EXPECT_THAT(Samples(registry, "foothold_state_disk_free_bytes"), testing::IsEmpty());
}

TEST(MetricsTest, WorkersOfOneStageCountTogether) {
  Registry registry;
  WorkerMetrics first(&registry, "intake", 0);
  WorkerMetrics second(&registry, "intake", 1);

  first.CommitFailed(Code::kRetry);
  second.CommitFailed(Code::kRetry);

  EXPECT_THAT(
      registry.Render(),
      HasSubstr("foothold_worker_commit_failures_total{code=\"retry\",stage=\"intake\"} 2"));
}

TEST(MetricsTest, OnlyTheNewestHolderOfTheClockIsNamed) {
  Registry registry;
  JourneyMetrics journey(&registry);

  journey.ClockAt(PartitionId{1}, std::nullopt, "app events[3]");
  journey.ClockAt(PartitionId{2}, std::nullopt, "app events[3]");
  journey.ClockAt(PartitionId{1}, InstantFromMs(1000), "crm tickets[0]");
  EXPECT_THAT(Samples(registry, "foothold_journey_clock_held_info"),
              testing::UnorderedElementsAre(
                  "foothold_journey_clock_held_info{holder=\"crm tickets[0]\",partition=\"1\"} 1",
                  "foothold_journey_clock_held_info{holder=\"app events[3]\",partition=\"2\"} 1"));

  journey.ClockAt(PartitionId{1}, InstantFromMs(2000), "");
  journey.PartitionDropped(PartitionId{2});
  EXPECT_THAT(Samples(registry, "foothold_journey_clock_held_info"), testing::IsEmpty());
}

TEST(MetricsTest, ASilentSourceIsNamedWhileItIs) {
  Registry registry;
  JourneyMetrics journey(&registry);

  journey.SourceSilent(PartitionId{1}, "app", InstantFromMs(5'000));
  journey.SourceSilent(PartitionId{2}, "crm", InstantFromMs(6'000));
  EXPECT_THAT(Samples(registry, "foothold_journey_source_silent_since_timestamp_seconds"),
              testing::UnorderedElementsAre(
                  "foothold_journey_source_silent_since_timestamp_seconds{partition=\"1\",source="
                  "\"app\"} 5",
                  "foothold_journey_source_silent_since_timestamp_seconds{partition=\"2\",source="
                  "\"crm\"} 6"));

  journey.SourceSilent(PartitionId{1}, "", kEpoch);
  journey.PartitionDropped(PartitionId{2});
  EXPECT_THAT(Samples(registry, "foothold_journey_source_silent_since_timestamp_seconds"),
              testing::IsEmpty());
}

TEST(MetricsTest, QuietEventsAreNamedWhileTheyAre) {
  Registry registry;
  JourneyMetrics journey(&registry);
  const std::string name = "foothold_journey_event_quiet_since_timestamp_seconds";

  journey.EventsQuiet(PartitionId{1}, {{"a", InstantFromMs(5'000)}, {"b", InstantFromMs(6'000)}});
  journey.EventsQuiet(PartitionId{1}, {{"b", InstantFromMs(6'000)}, {"c", InstantFromMs(7'000)}});
  journey.EventsQuiet(PartitionId{2}, {{"c", InstantFromMs(7'000)}});
  EXPECT_THAT(Samples(registry, name),
              testing::UnorderedElementsAre(name + "{event=\"b\",partition=\"1\"} 6",
                                            name + "{event=\"c\",partition=\"1\"} 7",
                                            name + "{event=\"c\",partition=\"2\"} 7"));

  journey.EventsQuiet(PartitionId{1}, {});
  journey.PartitionDropped(PartitionId{2});
  EXPECT_THAT(Samples(registry, name), testing::IsEmpty());
}

TEST(MetricsTest, TheGaugesOfADroppedPartitionGo) {
  Registry registry;
  JourneyMetrics journey(&registry);
  WorkerMetrics worker(&registry, "journey", 0);
  journey.StateSizeIs(PartitionId{1}, {.bytes = 1, .keys = 1});
  journey.StateSizeIs(PartitionId{2}, {.bytes = 1, .keys = 1});
  worker.LagIs("journal", PartitionId{1}, {.records = 5});

  journey.PartitionDropped(PartitionId{1});
  worker.PartitionDropped("journal", PartitionId{1});

  EXPECT_THAT(registry.Render(), Not(HasSubstr("partition=\"1\"")));
  EXPECT_THAT(registry.Render(), HasSubstr("foothold_journey_state_bytes{partition=\"2\"} 1"));
}

TEST(MetricsTest, LabelValuesBeyondTheBoundAreCountedAsOther) {
  Registry registry;
  JourneyMetrics journey(&registry);

  for (int i = 0; i < 300; ++i) {
    journey.DecisionsEmitted("activation.changed", "role" + std::to_string(i), "", 1);
  }

  EXPECT_EQ(Samples(registry, "foothold_journey_decisions_total").size(), 201U);
  const std::string page = registry.Render();
  EXPECT_THAT(page, HasSubstr("foothold_journey_decisions_total{class=\"other\",role=\"other\","
                              "type=\"other\"} 100\n"));
  EXPECT_THAT(page, HasSubstr("foothold_metrics_refused_total{family="
                              "\"foothold_journey_decisions_total\"} 100\n"));
}

TEST(MetricsTest, GaugesBeyondTheBoundAreNotKeptUntilThereIsRoom) {
  Registry registry;
  WorkerMetrics worker(&registry, "intake", 0);
  for (int i = 0; i < 2001; ++i) worker.LagIs("events", PartitionId{i}, {.records = 1});
  ASSERT_EQ(Samples(registry, "foothold_worker_lag_records").size(), 2000U);

  worker.PartitionDropped("events", PartitionId{0});
  worker.LagIs("events", PartitionId{2000}, {.records = 42});

  EXPECT_THAT(registry.Render(), HasSubstr("foothold_worker_lag_records{partition=\"2000\",stage="
                                           "\"intake\",topic=\"events\"} 42"));
}

TEST(MetricsTest, LabelValuesFromDataCannotBreakThePage) {
  Registry registry;
  JourneyMetrics journey(&registry);

  journey.TimeToValue(ValueAnchor::kFirstAccess, "a\"b\\c\nd", "", milliseconds{0});
  journey.CapMet(std::string(119, 'x') + "\xC3\xA4" + "tail");

  const std::string page = registry.Render();
  EXPECT_THAT(page, HasSubstr(R"(role="a\"b\\c d")"));
  EXPECT_THAT(page, HasSubstr("{cap=\"" + std::string(119, 'x') + "\"} 1"));
}

TEST(MetricsTest, ThreadsCountTogetherWhileThePageIsRead) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 5000;
  Registry registry;
  IntakeMetrics intake(&registry, {"app", "crm"});
  JourneyMetrics journey(&registry);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&intake, &journey] {
        for (int i = 0; i < kTimes; ++i) {
          intake.RecordRead(1, 1);
          intake.RecordRejected(1, "bad_time");
          journey.ClockAt(PartitionId{i % 3}, InstantFromMs(i), i % 2 == 0 ? "a" : "b");
        }
      });
    }
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(registry.Render().empty());
  }

  const std::string page = registry.Render();
  EXPECT_THAT(page, HasSubstr("foothold_intake_records_total{source=\"crm\"} 20000\n"));
  EXPECT_THAT(page, HasSubstr("foothold_intake_rejected_records_total{reason=\"bad_time\",source="
                              "\"crm\"} 20000\n"));
  EXPECT_EQ(Samples(registry, "foothold_journey_clock_held_info").size(), 3U);
}

}  // namespace
}  // namespace foothold::metrics
