#include "src/app/story_teller.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/base/names.h"
#include "src/base/time.h"
#include "src/intake/json_tree.h"

namespace foothold::app {
namespace {

using intake::JsonTree;

constexpr char kActivation[] = "activation.changed";
constexpr char kProgress[] = "onboarding.progress";
constexpr char kUserStatus[] = "onboarding.user-status";
constexpr char kAccountStatus[] = "onboarding.account-status";
constexpr char kRisk[] = "dropoff.risk.changed";
constexpr char kAsks[] = "interventions.";
constexpr char kDeadLetter[] = "onboarding.dead-letter";

// "2026-03-01T09:00:00.000Z" -> "2026-03-01 09:00", with seconds where there are some.
std::string Short(std::string_view time) {
  std::string text(time.substr(0, 10));
  text += ' ';
  text += time.substr(11, 5);
  std::string_view rest = time.substr(16);  // ":00.000Z"
  rest.remove_suffix(1);
  if (rest.ends_with(".000")) {
    rest.remove_suffix(4);
  }
  return rest == ":00" ? text : text.append(rest);
}

// Text as it is and times short; null is "". Anything else is its JSON.
std::string Shown(const JsonTree& value) {
  if (value.is_null()) {
    return "";
  }
  const bool is_time = value.kind == JsonTree::Kind::kString && value.text.size() == 24 &&
                       ParseRfc3339(value.text).has_value();
  return is_time ? Short(value.text) : value.text;
}

std::string Field(const JsonTree& record, std::string_view path) { return Shown(record.At(path)); }

JsonTree ReadRecord(const StoryOutput& output) {
  Result<JsonTree> record = JsonTree::Read(output.value.value_or("null"));
  return record.has_value() ? std::move(*record) : JsonTree();
}

std::string SubjectOf(const JsonTree& record) {
  return Field(record, "userId") + "@" + Field(record, "tenantId");
}

std::string SpanOf(const JsonTree& record, std::string_view path) {
  const std::string seconds = Field(record, path);
  if (seconds.empty()) {
    return "?";
  }
  const std::int64_t minutes = std::atoll(seconds.c_str()) / 60;
  std::string text;
  const auto add = [&](std::int64_t count, const char* unit) {
    text += count == 0 ? "" : fmt::format("{}{}{}", text.empty() ? "" : " ", count, unit);
  };
  add(minutes / 1440, "d");
  add(minutes / 60 % 24, "h");
  add(minutes % 60, "m");
  return text.empty() ? "0m" : text;
}

std::string EvidenceOf(const JsonTree& record) {
  std::string text;
  for (const JsonTree& item : record["evidence"].items) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Field(item, "event"),
                        Field(item, "occurredAt"));
  }
  return text;
}

// How a record came about, where that is not plain: at another time than what it tells, by a timer,
// not live.
std::string Circumstances(const JsonTree& record, const StoryOutput& output) {
  std::string text;
  if (Field(record, "decidedAt") != Field(record, "occurredAt")) {
    text += "decided " + Field(record, "decidedAt");
  }
  const auto cause = output.headers.find("ce_causationid");
  if (cause != output.headers.end() && cause->second.starts_with("timer:")) {
    const std::string& timer = cause->second;
    text += fmt::format("{}by {} due {}", text.empty() ? "" : ", ",
                        timer.substr(0, timer.find('@')), Short(timer.substr(timer.find('@') + 1)));
  }
  if (const std::string mode = Field(record, "mode"); mode != "live") {
    text += (text.empty() ? "" : ", ") + mode;
  }
  return text;
}

void AddLine(std::string_view label, const std::string& value, std::string* text) {
  if (!value.empty()) {
    text->append(fmt::format("  {} {}\n", label, value));
  }
}

std::string CompositionOf(const JsonTree& record) {
  std::string text;
  for (const JsonTree& row : record["composition"].items) {
    const std::string role = Field(row, "role");
    text += fmt::format("{}{}: {} invited, {} joined, {} active, {} reached, {} late",
                        text.empty() ? "" : "; ", role.empty() ? "no role" : role,
                        Field(row, "invited"), Field(row, "joined"), Field(row, "active"),
                        Field(row, "reached"), Field(row, "late"));
  }
  return text;
}

}  // namespace

void StoryTeller::Check(const StoryOutput& output, std::string* text) {
  const JsonTree record = ReadRecord(output);
  Past& past = past_[output.topic + " " + SubjectOf(record)];
  const std::int64_t sequence = std::atoll(Field(record, "sequence").c_str());
  const auto header = [&](const char* name) {
    const auto found = output.headers.find(name);
    return found == output.headers.end() ? std::string() : found->second;
  };
  const auto demand = [&](bool holds, const std::string& finding) {
    text->append(holds ? "" : "!! " + finding + "\n");
  };
  demand(sequence == past.sequence + 1,
         fmt::format("sequence {} follows {}", sequence, past.sequence));
  demand(header("ce_fhseq") == std::to_string(sequence), "ce_fhseq " + header("ce_fhseq"));
  demand(header("ce_fhmode") == Field(record, "mode"), "ce_fhmode " + header("ce_fhmode"));
  demand(output.key == Field(record, "tenantId"), "the key is " + output.key);
  const std::string id = header("ce_id");
  demand(ids_.insert(id).second, "ce_id was used before: " + id);
  demand(!Field(record, "reason").empty(), "no reason");
  if (output.topic == kActivation) {
    const bool is_user = Field(record, "scope") == "user";
    const std::string before =
        !past.state.empty() ? past.state : (is_user ? "not_started" : "none");
    demand(Field(record, "from") == before, "the last record said " + before);
    const std::string supersedes = Field(record, "supersedes");
    demand(supersedes.empty() || supersedes == past.last_id, "corrects another than the last");
    demand(supersedes.empty() == (Field(record, "mode") != "correction"),
           "a correction supersedes, and nothing else does");
    past.state = Field(record, "to");
    numbers_[id] = sequence;
  }
  past.sequence = sequence;
  past.last_id = id;
}

void StoryTeller::TellActivation(const StoryOutput& output, std::string* text) {
  const JsonTree record = ReadRecord(output);
  const bool is_user = Field(record, "scope") == "user";
  std::string role = Field(record, "role");
  if (const std::string activation_class = Field(record, "class"); !activation_class.empty()) {
    role += ", " + activation_class;
  }
  text->append(fmt::format("=> {}: {} > {}{} at {}\n", SubjectOf(record), Field(record, "from"),
                           Field(record, "to"), role.empty() ? "" : " (" + role + ")",
                           Field(record, "occurredAt")));
  AddLine("because:", Field(record, "reason"), text);
  if (const std::string opens_at = Field(record, "window/opensAt"); !opens_at.empty()) {
    AddLine("window:",
            fmt::format("{} to {}, from {}", opens_at, Field(record, "window/closesAt"),
                        Field(record, "window/anchor")),
            text);
  }
  if (!is_user) {
    AddLine("members:",
            fmt::format("{} of {} eligible reached; {}", Field(record, "reached"),
                        Field(record, "eligible"), CompositionOf(record)),
            text);
  }
  const std::string from_signup = SpanOf(record, "timeToValueFromSignupS");
  const std::string from_access = SpanOf(record, "timeToValueFromFirstAccessS");
  if (from_signup != "?" || from_access != "?") {
    AddLine("value after:",
            fmt::format("{} of signup, {} of first access", from_signup, from_access), text);
  }
  AddLine("evidence:", EvidenceOf(record), text);
  AddLine("how:", Circumstances(record, output), text);
  if (const std::string supersedes = Field(record, "supersedes"); !supersedes.empty()) {
    AddLine("instead of:", fmt::format("record {}", numbers_[supersedes]), text);
  }
}

void StoryTeller::TellProgress(const StoryOutput& output, std::string* text) {
  const JsonTree record = ReadRecord(output);
  const std::string circumstances = Circumstances(record, output);
  text->append(fmt::format("=> {}: step {} ({}, {}) of {} {} at {}{}\n", SubjectOf(record),
                           Field(record, "step"), Field(record, "stepName"),
                           Field(record, "stepClass"), Field(record, "role"),
                           Field(record, "change"), Field(record, "at"),
                           circumstances.empty() ? "" : ", " + circumstances));
}

void StoryTeller::TellRisk(const StoryOutput& output, std::string* text) {
  const JsonTree record = ReadRecord(output);
  text->append(fmt::format("=> {}: risk {} > {}, score {}\n", SubjectOf(record),
                           Field(record, "from"), Field(record, "to"), Field(record, "score")));
  for (const JsonTree& reason : record["reasons"].items) {
    text->append(fmt::format("  {} {}: {}, since {}\n", Field(reason, "weight"),
                             Field(reason, "signal"), Field(reason, "fact"),
                             Field(reason, "since")));
  }
  AddLine("how:", Circumstances(record, output), text);
}

// "requested", "cancelled", "suppressed", "outcome", "shadow".
void StoryTeller::TellAsk(const StoryOutput& output, std::string* text) {
  const JsonTree record = ReadRecord(output);
  const std::string type = output.headers.at("ce_type");
  const std::size_t begin = type.find("intervention.");
  const std::size_t from = begin == std::string::npos ? 0 : begin + 13;
  const std::string kind = type.substr(from, type.rfind(".v1") - from);
  const bool has_request = kind == "suppressed" || kind == "shadow";
  const std::string ask = has_request ? "request/" : "";
  std::string line = fmt::format("=> {}: {}", SubjectOf(record), kind);
  if (kind == "outcome") {
    line +=
        fmt::format(" {} of {}#{}{} at {}", Field(record, "outcome"), Field(record, "ladder"),
                    Field(record, "rung"), Field(record, "holdout") == "true" ? ", held back" : "",
                    Field(record, "at"));
  } else if (kind == "cancelled") {
    line += fmt::format(" ({})", Field(record, "cause"));
  } else {
    const std::string by = Field(record, "suppressedBy");
    line += fmt::format("{} {}#{} {} {}", by.empty() ? "" : " (" + by + ")",
                        Field(record, ask + "ladder/name"), Field(record, ask + "ladder/rung"),
                        Field(record, ask + "action"), Field(record, ask + "template"));
  }
  text->append(line + "\n");
  if (kind == "requested") {
    AddLine("because:", Field(record, "reason"), text);
    AddLine(
        "to:",
        fmt::format("{} {}", Field(record, "recipient/role"),
                    Field(record, "recipient/email").empty() ? Field(record, "recipient/userId")
                                                             : Field(record, "recipient/email")),
        text);
    AddLine("task:", Field(record, "task/subject"), text);
    AddLine("until:", Field(record, "expiresAt"), text);
    AddLine("evidence:", EvidenceOf(record), text);
  }
  if (kind == "cancelled") {
    AddLine("because:", Field(record, "reason"), text);
  }
  AddLine("how:", Circumstances(record, output), text);
}

void StoryTeller::NoteStatus(const StoryOutput& output, std::string* text) {
  const std::string subject = output.topic + " " + output.key;
  if (!output.value.has_value()) {
    text->append(fmt::format("=> the status {} is deleted\n", output.key));
    statuses_.erase(subject);
    return;
  }
  const std::int64_t revision = std::atoll(Field(ReadRecord(output), "revision").c_str());
  if (revision <= revisions_[subject]) {
    text->append(fmt::format("!! the revision of {} does not grow\n", output.key));
  }
  revisions_[subject] = revision;
  statuses_[subject] = *output.value;
}

void StoryTeller::Tell(const std::vector<StoryOutput>& outputs, const StoryPlayer::Remarks& remarks,
                       std::string* text) {
  for (const StoryOutput& output : outputs) {
    if (output.topic == kActivation) {
      Check(output, text);
      if (header_.shows_activation) {
        TellActivation(output, text);
      }
    } else if (output.topic == kProgress) {
      Check(output, text);
      if (header_.shows_steps) {
        TellProgress(output, text);
      }
    } else if (output.topic == kRisk) {
      Check(output, text);
      if (header_.shows_risk) {
        TellRisk(output, text);
      }
    } else if (output.topic.starts_with(kAsks)) {
      Check(output, text);
      if (header_.shows_asks) {
        TellAsk(output, text);
      }
    } else if (output.topic == kDeadLetter) {
      text->append(fmt::format("=> dead letter {}: {}\n", output.headers.at("dlq_reason"),
                               output.headers.at("dlq_detail")));
    } else {
      NoteStatus(output, text);
    }
  }
  for (const auto& [remark, count] : remarks) {
    text->append(fmt::format("=> {}{}\n", remark, count == 1 ? "" : fmt::format(" x {}", count)));
  }
}

void StoryTeller::TellStatus(const StorySubject& who, const std::vector<std::string>& fields,
                             std::string* text) {
  const std::string subject = who.user.empty()
                                  ? std::string(kAccountStatus) + " " + who.tenant
                                  : fmt::format("{} {}|{}", kUserStatus, PercentEncode(who.tenant),
                                                PercentEncode(who.user));
  const auto found = statuses_.find(subject);
  if (found == statuses_.end()) {
    text->append("=> no status\n");
    return;
  }
  const Result<JsonTree> status = JsonTree::Read(found->second);
  if (!status.has_value() || status->kind != JsonTree::Kind::kObject) {
    text->append("!! the status is no object\n");
    return;
  }
  for (const std::string& field : fields) {
    const std::string shown = Shown((*status)[field]);
    text->append(status->Has(field)
                     ? fmt::format("=> {} {}\n", field, shown.empty() ? "null" : shown)
                     : fmt::format("!! a status has no field {}\n", field));
  }
  for (std::size_t i = 0; fields.empty() && i < status->items.size(); ++i) {
    const std::string& name = status->names[i];
    const std::string shown = Shown(status->items[i]);
    if (name != "revision" && !shown.empty() && shown != "[]") {
      text->append(fmt::format("=> {} {}\n", name, shown));
    }
  }
}

}  // namespace foothold::app
