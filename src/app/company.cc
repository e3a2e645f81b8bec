#include "src/app/company.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/json.h"

namespace foothold::app {
namespace {

// What the analytics library says of an act. Calls without an event name are not listed.
struct ActName {
  Act act;
  std::string_view name;
};
constexpr std::array<ActName, 40> kEventNames{{
    {Act::kContractSigned, "Contract Signed"},
    {Act::kKickoffHeld, "Kickoff Held"},
    {Act::kPlanShared, "Plan Shared"},
    {Act::kTicketOpened, "Ticket Opened"},
    {Act::kTicketClosed, "Ticket Closed"},
    {Act::kOutreachLogged, "Outreach Logged"},
    {Act::kAccountRenewed, "Account Renewed"},
    {Act::kAccountChurned, "Account Churned"},
    {Act::kAccountCreated, "Account Created"},
    {Act::kTrialStarted, "Trial Started"},
    {Act::kJoin, "Invite Accepted"},
    {Act::kInvite, "User Invited"},
    {Act::kInviteByEmail, "Team Member Invited"},
    {Act::kRoleChanged, "User Role Changed"},
    {Act::kRemoved, "User Removed"},
    {Act::kConsentChanged, "User Consent Changed"},
    {Act::kLogin, "Signed In"},
    {Act::kProfileCompleted, "Profile Completed"},
    {Act::kWorkspaceConfigured, "Workspace Configured"},
    {Act::kIntegrationAttempted, "Integration Attempted"},
    {Act::kIntegrationFailed, "Integration Failed"},
    {Act::kIntegrationConnected, "Integration Connected"},
    {Act::kApiFirstCall, "api.first_call"},
    {Act::kIntegrationProduction, "integration.production"},
    {Act::kGuideStarted, "Guide Started"},
    {Act::kGuideSkipped, "Guide Skipped"},
    {Act::kGuideCompleted, "Guide Completed"},
    {Act::kChecklistCompleted, "Checklist Completed"},
    {Act::kDashboardCreated, "Dashboard Created"},
    {Act::kDashboardViewed, "Dashboard Viewed"},
    {Act::kReportExported, "Report Exported"},
    {Act::kReportExportFailed, "Report Export Failed"},
    {Act::kReportOpened, "Report Opened"},
    {Act::kFilterApplied, "Filter Applied"},
    {Act::kFilterSaved, "Filter Saved"},
    {Act::kInsightShared, "Insight Shared"},
    {Act::kTransactionCreated, "transaction_created"},
    {Act::kRecordSubmitted, "record_submitted"},
    {Act::kFormCompleted, "form_completed"},
    {Act::kAdvancedFeatureUsed, "feature.advanced_used"},
}};

std::string_view EventName(Act act) {
  const auto* const found = std::ranges::find(kEventNames, act, &ActName::act);
  return found == kEventNames.end() ? std::string_view() : found->name;
}

bool IsAnyOf(Act act, std::initializer_list<Act> acts) {
  return std::ranges::find(acts, act) != acts.end();
}

bool IsOfTheAccount(Act act) { return act <= Act::kAccountChurned; }
bool IsMalformed(Act act) { return act >= kFirstMalformed; }

struct PageInfo {
  std::string_view path;
  std::string_view title;
};
constexpr std::array<PageInfo, 6> kPages{{{"/home", "Home"},
                                          {"/dashboards", "Dashboards"},
                                          {"/reports", "Reports"},
                                          {"/records", "Records"},
                                          {"/settings/team", "Team"},
                                          {"/settings/integrations", "Integrations"}}};
constexpr std::array<std::string_view, 4> kAgents{
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/131.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"};

// Writes the call of one act.
class CallWriter {
 public:
  CallWriter(const CompanyPlan& plan, const PlannedAct& act, std::uint64_t seed, std::string* out)
      : act_(act),
        person_(plan.people.at(act.person)),
        account_(plan.accounts.at(person_.account)),
        plan_(plan),
        chance_(MixHash(MixHash(seed, act.serial), act.person)),
        json_(out) {}

  void Write();

 private:
  std::string_view CallType() const;
  void WriteIdentity();
  void WriteTimes();
  void WriteContext();
  void WriteProperties();
  void WriteMemberProperties();
  void WriteThingProperties();
  void WritePersonTraits();
  void WriteAccountTraits();
  const Person& Other() const { return plan_.people.at(act_.detail); }

  const PlannedAct& act_;
  const Person& person_;
  const CustomerAccount& account_;
  const CompanyPlan& plan_;
  const std::uint64_t chance_;  // Whatever varies and does not matter.
  JsonWriter json_;
};

std::string_view CallWriter::CallType() const {
  if (act_.act == Act::kIdentify) {
    return "identify";
  }
  if (act_.act == Act::kGroup) {
    return "group";
  }
  if (act_.act == Act::kPage) {
    return "page";
  }
  return act_.act == Act::kUnknownType ? "trak" : "track";
}

void CallWriter::Write() {
  json_.BeginObject();
  json_.Member("type", CallType());
  if (act_.act == Act::kPage) {
    json_.Member("name", kPages.at(chance_ % kPages.size()).title);
  } else if (IsMalformed(act_.act) && act_.act != Act::kNoEventName) {
    json_.Member("event", "Dashboard Viewed");
  } else if (!EventName(act_.act).empty()) {
    json_.Member("event", EventName(act_.act));
  }
  json_.Member("messageId", fmt::format("ajs-{:016x}{:08x}", chance_, act_.serial));
  WriteIdentity();
  WriteTimes();
  WriteContext();
  if (act_.act == Act::kIdentify) {
    WritePersonTraits();
  } else if (act_.act == Act::kGroup) {
    WriteAccountTraits();
  } else {
    WriteProperties();
  }
  json_.EndObject();
}

void CallWriter::WriteIdentity() {
  if (act_.act == Act::kGroup) {
    json_.Member("groupId", account_.id);
  }
  if (IsOfTheAccount(act_.act)) {
    json_.Member("anonymousId", fmt::format("crm-{:016x}", chance_));
  } else if (act_.act == Act::kBadUserType) {
    json_.BeginObject("userId");
    json_.Member("id", person_.id);
    json_.EndObject();
  } else if (act_.act == Act::kNoTenant) {
    // Nobody knows this person, so there is no account to place the record in.
    json_.Member("userId", fmt::format("u_x{:07x}", chance_ & 0xfffffffU));
  } else {
    json_.Member("userId", person_.id);
  }
}

void CallWriter::WriteTimes() {
  if (act_.act == Act::kBadTime) {
    json_.Member("timestamp", "2026-02-31 around noon");
    return;
  }
  const std::string at = FormatRfc3339(act_.at);
  json_.Member("timestamp", at);
  json_.Member("originalTimestamp", at);
  json_.Member("receivedAt", FormatRfc3339(act_.arrives));
}

void CallWriter::WriteContext() {
  json_.BeginObject("context");
  if (act_.act != Act::kNoTenant) {
    json_.Member("groupId", account_.id);
  }
  json_.BeginObject("library");
  json_.Member("name", IsOfTheAccount(act_.act) ? "crm-export" : "analytics.js");
  json_.Member("version", "2.11.1");
  json_.EndObject();
  if (!IsOfTheAccount(act_.act)) {
    json_.Member("locale", "en-GB");
    json_.Member("timezone", account_.time_zone);
    json_.Member("userAgent", kAgents.at(act_.person % kAgents.size()));
  }
  json_.EndObject();
}

void CallWriter::WriteProperties() {
  json_.BeginObject("properties");
  if (act_.act == Act::kPage) {
    const PageInfo& page = kPages.at(chance_ % kPages.size());
    json_.Member("path", page.path);
    json_.Member("title", page.title);
  }
  WriteMemberProperties();
  WriteThingProperties();
  json_.EndObject();
}

// Properties that name people.
void CallWriter::WriteMemberProperties() {
  const Act act = act_.act;
  if (IsAnyOf(act, {Act::kAccountCreated, Act::kJoin})) {
    json_.Member("role", RoleName(person_.role));
  } else if (IsAnyOf(act, {Act::kInvite, Act::kInviteByEmail})) {
    if (act == Act::kInvite) {
      json_.Member("inviteeId", Other().id);
    }
    json_.Member("inviteeEmail", Other().email);
    json_.Member("role", RoleName(Other().role));
  } else if (act == Act::kRemoved) {
    json_.Member("memberId", Other().id);
  } else if (act == Act::kRoleChanged) {
    json_.Member("memberId", Other().id);
    json_.Member("role", Other().role == Role::kAnalyst ? "viewer" : "analyst");
  } else if (act == Act::kConsentChanged) {
    json_.Member("channel", "email");
    json_.Member("granted", false);
  }
}

// Properties that name things.
void CallWriter::WriteThingProperties() {
  const Act act = act_.act;
  if (IsAnyOf(act, {Act::kDashboardViewed, Act::kDashboardCreated})) {
    json_.Member("dashboardId", fmt::format("d-{}-{}", person_.account + 1, act_.detail));
    json_.Member("widgets", static_cast<std::int64_t>(1 + chance_ % 12));
  } else if (act == Act::kReportExported) {
    json_.Member("format", chance_ % 3 == 0 ? "pdf" : "csv");
    json_.Member("rows", static_cast<std::int64_t>(10 + chance_ % 20'000));
  } else if (act == Act::kReportExportFailed) {
    json_.Member("format", "csv");
    json_.Member("error", "timeout");
  } else if (IsAnyOf(act, {Act::kIntegrationAttempted, Act::kIntegrationFailed,
                           Act::kIntegrationConnected})) {
    json_.Member("integration", person_.account % 2 == 0 ? "salesforce" : "postgres");
  } else if (act == Act::kTrialStarted) {
    json_.Member("trialEndsAt", FormatRfc3339(act_.at + 14 * kDay));
  } else if (act == Act::kContractSigned) {
    json_.Member("contractValue", account_.mrr * 12);
  } else if (IsAnyOf(act, {Act::kTicketOpened, Act::kTicketClosed})) {
    json_.Member("ticketId", fmt::format("t-{}", person_.account + 1));
  } else if (act == Act::kOutreachLogged) {
    json_.Member("channel", "call");
  }
}

void CallWriter::WritePersonTraits() {
  json_.BeginObject("traits");
  json_.Member("email", person_.email);
  json_.Member("name", person_.name);
  json_.Member("title", person_.title);
  json_.Member("role", RoleName(person_.role));
  json_.Member("timezone", account_.time_zone);
  json_.EndObject();
}

void CallWriter::WriteAccountTraits() {
  json_.BeginObject("traits");
  json_.Member("name", account_.name);
  json_.Member("plan", account_.plan);
  json_.Member("segment", account_.segment);
  json_.Member("productModel", account_.product_model);
  json_.Member("mrr", account_.mrr);
  json_.Member("seats", account_.seats);
  json_.Member("industry", account_.industry);
  json_.Member("channel", account_.channel);
  json_.Member("timezone", account_.time_zone);
  json_.Member("decisionMaker", account_.decision_maker);
  if (!account_.owner.empty()) {
    json_.Member("owner", account_.owner);
  }
  json_.EndObject();
}

// Spoils a whole call in the ways that are not a matter of its fields.
void Spoil(Act act, std::string* value) {
  if (act == Act::kBrokenJson) {
    value->resize(value->size() * 2 / 3);  // Cut by a full buffer somewhere.
  } else if (act == Act::kBrokenUtf8) {
    value->replace(value->find("Dashboard"), 4, "D\xe4sh");  // Latin-1.
  } else if (act == Act::kNotAnObject) {
    *value = "[" + *value + "]";
  }
}

}  // namespace

Company::Company(const CompanyOptions& options)
    : seed_(options.seed), plan_(MakeCompanyPlan(options)) {}

std::optional<CompanyRecord> Company::Next() {
  if (next_act_ == plan_.acts.size()) {
    return std::nullopt;
  }
  const PlannedAct& act = plan_.acts[next_act_];
  ++next_act_;
  const Person& person = plan_.people.at(act.person);
  CompanyRecord record{
      .key = IsOfTheAccount(act.act) ? plan_.accounts.at(person.account).id : person.id,
      .at = act.arrives};
  record.value.reserve(800);
  CallWriter(plan_, act, seed_, &record.value).Write();
  Spoil(act.act, &record.value);
  return record;
}

}  // namespace foothold::app
