// What the engine takes for one event, by what the event means; and for one visit, by how many
// rules there are. No codec, store or output: visits, what follows from them, records made.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "benchmarks/parts.h"
#include "src/base/check.h"
#include "src/config/playbook_file.h"

namespace foothold::benchmarks {
namespace {

constexpr Instant kMonday = InstantFromMs(1'767'571'200'000);  // 2026-01-05T00:00:00Z.
constexpr std::size_t kTenants = 32;                           // Made at once, untimed.

Call After(std::int64_t hours, std::string_view user, std::string_view role, std::string_view event,
           std::string_view properties = {}) {
  return {.event = event,
          .user = user,
          .role = role,
          .at = kMonday + hours * kHour,
          .properties = properties};
}

// An admin who is activated, an operator who lacks one record, an analyst who lacks an export.
// Either makes a half of the members; only the analyst makes it the account's activation as well.
std::vector<Call> History() {
  std::vector<Call> calls{
      After(1, "ada", "admin", "Account Created", R"("role":"admin")"),
      After(2, "ana", "analyst", "Invite Accepted", R"("role":"analyst")"),
      After(3, "otto", "operator", "Invite Accepted", R"("role":"operator")"),
      After(4, "vera", "viewer", "Invite Accepted", R"("role":"viewer")"),
      After(5, "ada", "admin", "Integration Connected"),
      After(6, "ada", "admin", "User Invited", R"("inviteeId":"ana")"),
      After(7, "ada", "admin", "User Invited", R"("inviteeId":"otto")"),
      After(8, "ana", "analyst", "Dashboard Created", R"("dashboardId":"d1")"),
  };
  for (std::int64_t i = 0; i < 4; ++i) {
    calls.push_back(After(9 + i, "otto", "operator", "Transaction Created"));
  }
  return calls;
}

// What the last event is, and how many it must activate, the account included.
struct Kind {
  std::string_view name;
  Call call;
  std::size_t activations = 0;
};
std::vector<Kind> Kinds() {
  return {
      {"first_of_a_user", After(20, "neo", "viewer", "Invite Accepted", R"("role":"viewer")"), 0},
      {"changes_nothing", After(20, "ana", "analyst", "Filter Applied", R"("area":"x")"), 0},
      {"repeat", After(12, "otto", "operator", "Transaction Created"), 0},
      {"milestone", After(20, "otto", "operator", "Transaction Created"), 1},
      {"accounts_last_step", After(20, "ana", "analyst", "Report Exported", R"("rows":5)"), 2},
  };
}

// An account behind its history, and the event that is measured.
struct Scene {
  Scene(journey::Playbook playbook, const std::vector<Call>& before, const Call& last)
      : definition(std::move(playbook)), tenant(&definition) {
    std::vector<std::string> calls;
    for (const Call& call : before) {
      calls.push_back(SegmentCall(call));
    }
    for (const journey::Event& event : EventsOf(calls).events) {
      tenant.Do(event);
    }
    list = EventsOf({SegmentCall(last)});
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  const journey::Definition definition;
  Tenant tenant;
  EventList list;
};

// The event comes to one copy of the account after the other.
void RunScene(benchmark::State& state, const Scene& scene, std::size_t expected) {
  std::size_t records = 0;
  std::size_t activations = 0;
  std::vector<Tenant> tenants;
  while (state.KeepRunningBatch(kTenants)) {
    state.PauseTiming();
    tenants.assign(kTenants, scene.tenant);
    state.ResumeTiming();
    for (Tenant& tenant : tenants) {
      const std::vector<journey::OutputRecord> said = tenant.Do(scene.list.events.front());
      records = said.size();
      activations = static_cast<std::size_t>(
          std::ranges::count_if(said, [](const journey::OutputRecord& record) {
            const auto* const change = std::get_if<journey::ActivationChanged>(&record);
            return change != nullptr && change->activated_at.has_value();
          }));
    }
  }
  FOOTHOLD_CHECK(activations == expected, "the event means what its name says");
  state.SetItemsProcessed(state.iterations());
  state.counters["records"] = static_cast<double>(records);
}

// A playbook with so many rules for whoever views a dashboard, the rest about events that nobody
// sends. None of them comes to hold.
journey::Playbook WithRules(std::int64_t count, std::int64_t woken) {
  std::string text = "playbook: rules\nversion: 1\nextends: default\nrules:\n";
  for (const journey::Rule& rule : config::DefaultPlaybook().rules) {
    text += fmt::format("  {}: null\n", rule.name);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    text += fmt::format(
        "  rule_{0}:\n"
        "    title: Rule {0}\n"
        "    for: user\n"
        "    when: {{all: [{{role: viewer}}, {{did: {1}}}, {{did: goal.{0}.reached}}]}}\n"
        "    rungs: [{{at: trigger, until: 24h, channel: in_app, template: hint}}]\n",
        i, i < woken ? "dashboard.viewed" : fmt::format("feature.{}.used", i));
  }
  config::Checked<config::CompiledPlaybook> compiled = config::ReadPlaybook(text, "rules.yaml");
  FOOTHOLD_CHECK(compiled.has_value(), "the playbook of rules is right");
  return std::move(compiled->playbook);
}

void RegisterRules(std::int64_t count, std::int64_t woken) {
  const std::string name = fmt::format("rules/{}_of_{}", woken, count);
  benchmark::RegisterBenchmark(name.c_str(), [count, woken](benchmark::State& state) {
    const Scene scene(WithRules(count, woken), History(),
                      After(20, "vera", "viewer", "Dashboard Viewed", R"("dashboardId":"d1")"));
    RunScene(state, scene, 0);
  });
}

}  // namespace

void RegisterEngine() {
  for (const bool is_default : {false, true}) {
    for (const Kind& kind : Kinds()) {
      const std::string name =
          fmt::format("engine/{}/{}", is_default ? "default" : "activation", kind.name);
      benchmark::RegisterBenchmark(name.c_str(), [is_default, kind](benchmark::State& state) {
        const Scene scene(is_default ? config::DefaultPlaybook() : ActivationPlaybook(), History(),
                          kind.call);
        RunScene(state, scene, kind.activations);
      });
    }
  }
  for (const std::int64_t count : {10, 100, 1'000}) {
    RegisterRules(count, 1);
    RegisterRules(count, count);
  }
}

}  // namespace foothold::benchmarks
