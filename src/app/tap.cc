#include "src/app/tap.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/kafka_client.h"
#include "src/app/output_line.h"
#include "src/app/signals.h"
#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"
#include "src/base/names.h"
#include "src/base/text.h"
#include "src/intake/json_tree.h"

namespace foothold::app {
namespace {

struct TapFlags {
  std::string config;
  TapFilter filter;
  std::vector<std::string> topics;
  std::string from = "latest";
  std::int64_t count = 0;
  std::int64_t rate = 50;
  std::string format = "text";
  LogOptions logging{.level = LogLevel::kWarning};
};

std::string_view HeaderOf(const log::RecordView& record, std::string_view name) {
  const auto found = std::ranges::find(record.headers, name, &log::Header::key);
  return found == record.headers.end() ? std::string_view() : found->value.value_or("");
}

// "acme/ada", as far as it is told, percent-encoded.
std::string SubjectOf(const log::RecordView& record) {
  std::string subject(HeaderOf(record, "ce_subject"));
  constexpr std::string_view kAccount = "account/";
  constexpr std::string_view kUser = "/user/";
  if (subject.starts_with(kAccount)) {
    subject.erase(0, kAccount.size());
    if (const std::size_t user = subject.find(kUser); user != std::string::npos) {
      subject.replace(user, kUser.size(), "/");
    }
    return subject;
  }
  subject = record.key.value_or("");
  std::ranges::replace(subject, '|', '/');
  return subject;
}

std::string TextOf(const intake::JsonTree& value) {
  return value.is_null() ? std::string("-") : value.text;
}

// What a record says in few words, by what fields it has.
std::string SayingOf(const log::RecordView& record) {
  if (!record.value.has_value()) {
    return "deleted";
  }
  const Result<intake::JsonTree> value = intake::JsonTree::Read(*record.value);
  if (!value.has_value()) {
    return fmt::format("{} B, not JSON", record.value->size());
  }
  std::vector<std::string> words;
  if (value->Has("to")) {
    words.push_back(TextOf((*value)["from"]) + " > " + TextOf((*value)["to"]));
  }
  for (const char* const name : {"change", "stepName", "template", "suppressedBy", "outcome",
                                 "cause", "activationState", "dropoffRisk"}) {
    if (value->Has(name) && !(*value)[name].is_null()) {
      words.push_back((*value)[name].text);
    }
  }
  std::string text = fmt::format("{}", fmt::join(words, " "));
  if (value->Has("reason")) {
    text += (text.empty() ? "" : ": ") + TextOf((*value)["reason"]);
  }
  return text;
}

// The topics meant, of all that come out.
Result<std::vector<std::string>> TopicsOf(const TapFlags& given, const stream::TopicNames& names) {
  if (given.topics.empty()) {
    return names.Logs();
  }
  const std::vector<std::string> known = names.Outputs();
  for (const std::string& topic : given.topics) {
    if (std::ranges::find(known, topic) == known.end()) {
      const std::string_view nearest = NearestWord(topic, known);
      return Error(Code::kInvalid,
                   fmt::format("{} is no output{}; there are {}", topic,
                               nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest),
                               fmt::join(known, ", ")));
    }
  }
  return given.topics;
}

Result<std::vector<log::Position>> StartsOf(const TapFlags& given, log::Log* log,
                                            const std::vector<std::string>& topics) {
  const std::optional<ParsedTime> time = ParseRfc3339(given.from);
  if (given.from != "latest" && given.from != "earliest" && !time.has_value()) {
    return Error(Code::kInvalid, fmt::format("--from takes latest, earliest or a time such as "
                                             "2026-03-01T00:00:00Z, not '{}'",
                                             given.from));
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> asker, log->NewConsumer({}));
  std::vector<log::Position> starts;
  for (const std::string& topic : topics) {
    FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, StretchesOf(log, topic));
    for (const Stretch& stretch : stretches) {
      NextOffset next{given.from == "earliest" ? stretch.from : stretch.until};
      if (time.has_value()) {
        FOOTHOLD_ASSIGN(next, asker->OffsetForTime(stretch.source, time->instant, kCallTimeout));
      }
      starts.push_back({stretch.source, next});
    }
  }
  return starts;
}

// What is printed in a second, and what is passed over.
class RateLimit {
 public:
  explicit RateLimit(std::int64_t rate) : rate_(rate) {}

  bool Admits(Instant now) {
    if (now - begin_ >= milliseconds{1'000}) {
      begin_ = now;
      count_ = 0;
    }
    if (rate_ > 0 && count_ >= rate_) {
      ++passed_over_;
      return false;
    }
    ++count_;
    return true;
  }
  std::int64_t passed_over() const { return passed_over_; }

 private:
  std::int64_t rate_;  // 0: no limit.
  Instant begin_;
  std::int64_t count_ = 0;
  std::int64_t passed_over_ = 0;
};

Status Follow(const TapFlags& given, ControlDesk* desk, const std::stop_token& stop,
              const Surroundings& surroundings) {
  const stream::TopicNames names = TopicNamesOf(desk->config());
  FOOTHOLD_ASSIGN(const std::vector<std::string> topics, TopicsOf(given, names));
  FOOTHOLD_ASSIGN(const std::vector<log::Position> starts, StartsOf(given, desk->log(), topics));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, desk->log()->NewConsumer({}));
  FOOTHOLD_TRY(reader->Assign(starts));
  surroundings.error << fmt::format("tap: reading {}\n", fmt::join(topics, ", "));
  surroundings.error.flush();
  const SystemWallClock clock;
  // What is asked for by number is printed whole.
  RateLimit limit(given.count > 0 ? 0 : given.rate);
  std::int64_t printed = 0;
  while (!stop.stop_requested() && surroundings.out.good()) {
    const Result<log::Batch> batch = reader->Poll(kPollTimeout);
    if (!batch.has_value()) {
      if (batch.error().code() == Code::kRetry) {
        continue;
      }
      return batch.error();
    }
    for (const log::RecordView& record : batch->records) {
      if (!Passes(given.filter, record) || !limit.Admits(clock.Now())) {
        continue;
      }
      std::string line;
      if (given.format == "json") {
        AppendOutputLine(record, record.topic == names.dead_letter, &line);
      } else {
        line = TapLine(record) + '\n';
      }
      surroundings.out << line;
      if (++printed == given.count) {
        return Status();
      }
    }
    surroundings.out.flush();
  }
  if (limit.passed_over() > 0) {
    surroundings.error << fmt::format("tap: {} more were passed over: --rate {} a second\n",
                                      limit.passed_over(), given.rate);
  }
  return Status();
}

}  // namespace

bool Passes(const TapFilter& filter, const log::RecordView& record) {
  const std::string subject = SubjectOf(record);
  const std::size_t slash = subject.find('/');
  const std::string_view tenant = std::string_view(subject).substr(0, slash);
  const std::string_view user =
      slash == std::string::npos ? "" : std::string_view(subject).substr(slash + 1);
  const std::string_view rule = HeaderOf(record, "ce_fhrule");
  return (filter.tenant.empty() || tenant == PercentEncode(filter.tenant)) &&
         (filter.user.empty() || user == PercentEncode(filter.user)) &&
         (filter.rule.empty() || rule.substr(0, rule.find('@')) == filter.rule);
}

std::string TapLine(const log::RecordView& record) {
  const std::string_view time = HeaderOf(record, "ce_time");
  const std::string_view rule = HeaderOf(record, "ce_fhrule");
  const std::string_view mode = HeaderOf(record, "ce_fhmode");
  // What it says quotes names and words of people.
  std::string line;
  AppendOnOneLine(
      fmt::format("{}  {}  {}{}{}{}{}{}", time.empty() ? FormatRfc3339(record.timestamp) : time,
                  record.topic, SubjectOf(record), rule.empty() ? "" : "  ", rule,
                  mode.empty() || mode == "live" ? "" : "  ", mode == "live" ? "" : mode,
                  "  " + SayingOf(record)),
      &line);
  return line;
}

int RunTap(std::span<const std::string> arguments, const Surroundings& surroundings) {
  TapFlags given;
  Flags flags("tap",
              "What a system decides, as it decides it. Reads the committed records of its output "
              "topics, whether instances run or not.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddText("--tenant", &given.filter.tenant, "Only of this account and its users");
  flags.AddText("--user", &given.filter.user, "Only of users of this id");
  flags.AddText("--rule", &given.filter.rule, "Only interventions of this rule");
  flags.AddTexts("--topic", &given.topics,
                 "Only this output topic; several times. Without it all but statuses and the dead "
                 "letter");
  flags.AddText("--from", &given.from, "latest, earliest, or a time");
  flags.AddNumber("-n,--count", &given.count, 0, 1'000'000'000, "End after so many; 0: never");
  flags.AddNumber("--rate", &given.rate, 0, 1'000'000,
                  "At most so many a second, unless -n is given; 0: no limit");
  flags.AddChoice("-o,--output", &given.format, {"text", "json"},
                  "Lines for people, or JSON as `replay` prints it");
  flags.AddLogging(&given.logging);
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const StopOnSignal signals;
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.config, &logger);
  if (!desk.has_value()) {
    return Refuse("tap", desk.error(), surroundings);
  }
  const Status done = Follow(given, desk->get(), signals.token(), surroundings);
  return done.ok() ? kExitOk : Refuse("tap", done, surroundings);
}

}  // namespace foothold::app
