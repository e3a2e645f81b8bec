#include "src/app/story.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "src/base/json.h"
#include "src/intake/mapping.h"

namespace foothold::app {
namespace {

constexpr std::int64_t kStoryPartitionsMax = 64;
constexpr std::int64_t kRepetitionsMax = 10'000;
constexpr std::int64_t kStoryRecordBytesMax = 64LL << 20U;

struct Token {
  std::string text;
  bool is_quoted = false;  // Some of it stood in quotation marks.
};

// Words between blanks; quotation marks hold blanks together and are taken away.
std::vector<Token> Split(std::string_view line) {
  std::vector<Token> tokens;
  bool is_inside = false;
  bool is_open = false;
  for (const char c : line) {
    if (c == ' ' && !is_inside) {
      is_open = false;
      continue;
    }
    if (!is_open) {
      tokens.emplace_back();
      is_open = true;
    }
    if (c == '"' && (is_inside || tokens.back().text.ends_with('='))) {
      is_inside = !is_inside;
      tokens.back().is_quoted = true;
    } else {
      tokens.back().text.push_back(c);
    }
  }
  return tokens;
}

bool IsNumber(std::string_view text) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string JsonValue(const std::string& text, bool is_quoted) {
  const bool is_word = text == "true" || text == "false" || text == "null";
  const bool is_nested = text.starts_with('{') || text.starts_with('[');
  return !is_quoted && (is_word || is_nested || IsNumber(text)) ? text : Quoted(text);
}

// "2026-03-01", maybe followed by a token "09:00". Moves `*next` past what was read.
std::optional<Instant> TakeTime(const std::vector<Token>& tokens, std::size_t* next) {
  if (*next >= tokens.size()) {
    return std::nullopt;
  }
  const std::string& date = tokens[*next].text;
  if (*next + 1 < tokens.size()) {
    const auto both = ParseRfc3339(date + "T" + tokens[*next + 1].text);
    if (both.has_value()) {
      *next += 2;
      return both->instant;
    }
  }
  const auto alone = ParseRfc3339(date);
  if (!alone.has_value()) {
    return std::nullopt;
  }
  ++*next;
  return alone->instant;
}

std::optional<StorySubject> WhoOf(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return StorySubject{.user = std::string(text.substr(0, at)),
                      .tenant = std::string(text.substr(at + 1))};
}

void AddField(std::string_view name, std::string_view value, std::string* object) {
  object->append(object->empty() ? "" : ",").append(Quoted(name)).append(":").append(value);
}

struct Call {
  Instant at;
  StorySubject who;
  std::string name;
  std::string id;
  std::string previous;
  std::string own;            // Fields of the call's properties, or traits.
  std::string shared_traits;  // Fields of the context's traits.
};

std::string RecordOf(const Call& call) {
  constexpr std::array<std::string_view, 5> kCalls = {"identify", "group", "page", "screen",
                                                      "alias"};
  const bool is_track = std::ranges::find(kCalls, call.name) == kCalls.end();
  std::string record;
  AddField("type", Quoted(is_track ? "track" : call.name), &record);
  if (is_track) {
    AddField("event", Quoted(call.name), &record);
  }
  if (!call.who.user.empty()) {
    AddField("userId", Quoted(call.who.user), &record);
  }
  if (!call.previous.empty()) {
    AddField("previousId", Quoted(call.previous), &record);
  }
  AddField("messageId", Quoted(call.id), &record);
  AddField("timestamp", Quoted(FormatRfc3339(call.at)), &record);
  std::string context;
  if (!call.who.tenant.empty()) {
    AddField("groupId", Quoted(call.who.tenant), call.name == "group" ? &record : &context);
  }
  if (!call.shared_traits.empty()) {
    AddField("traits", "{" + call.shared_traits + "}", &context);
  }
  AddField("context", "{" + context + "}", &record);
  const bool is_of_traits = call.name == "identify" || call.name == "group";
  AddField(is_of_traits ? "traits" : "properties", "{" + call.own + "}", &record);
  return "{" + record + "}";
}

// -1: it is no number.
std::int32_t PartitionOf(std::string_view text) {
  std::int32_t partition = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), partition);
  return parsed.ptr == text.data() + text.size() ? partition : -1;
}

// "every 20m until 2026-03-12 09:00": when it happens again and again.
struct Repetition {
  milliseconds interval{0};
  Instant end;
};

// Nothing if it happens once. Moves `*next` past what was read.
Result<std::optional<Repetition>> TakeRepetition(const std::vector<Token>& tokens, Instant begin,
                                                 std::size_t* next) {
  if (*next >= tokens.size() || tokens[*next].text != "every") {
    return std::nullopt;
  }
  const auto interval =
      *next + 1 < tokens.size() ? ParseDuration(tokens[*next + 1].text) : std::nullopt;
  std::size_t after = *next + 3;
  const auto end = *next + 2 < tokens.size() && tokens[*next + 2].text == "until"
                       ? TakeTime(tokens, &after)
                       : std::nullopt;
  if (!interval.has_value() || *interval <= milliseconds(0) || !end.has_value()) {
    return Error(Code::kInvalid,
                 "expected every DURATION until TIME, as in every 20m until "
                 "2026-03-12 09:00");
  }
  if ((*end - begin) / *interval > kRepetitionsMax) {
    return Error(Code::kInvalid,
                 fmt::format("more than {} times; take a longer interval", kRepetitionsMax));
  }
  *next = after;
  return Repetition{.interval = *interval, .end = *end};
}

// Reads "TIME [every ... until ...] [SOURCE] WHO CALL key=value..." behind the time.
Status ReadCall(const std::vector<Token>& tokens, std::size_t next, int number, StoryStep* step) {
  FOOTHOLD_ASSIGN(const std::optional<Repetition> again, TakeRepetition(tokens, *step->at, &next));
  if (next < tokens.size() && tokens[next].text.starts_with('[')) {
    if (!tokens[next].text.ends_with(']')) {
      return Error(Code::kInvalid,
                   "expected [SOURCE] or [SOURCE/PARTITION], found " + tokens[next].text);
    }
    std::string source = tokens[next].text.substr(1, tokens[next].text.size() - 2);
    if (const std::size_t slash = source.find('/'); slash != std::string::npos) {
      step->partition = PartitionOf(std::string_view(source).substr(slash + 1));
      source.resize(slash);
    }
    step->source = std::move(source);
    ++next;
  }
  const std::optional<StorySubject> who =
      next < tokens.size() ? WhoOf(tokens[next].text) : std::nullopt;
  if (!who.has_value()) {
    return Error(Code::kInvalid, "expected user@account, or @account, behind the time");
  }
  ++next;
  Call call{.at = *step->at,
            .who = *who,
            .name = {},
            .id = fmt::format("e{}", number),
            .previous = {},
            .own = {},
            .shared_traits = {}};
  for (; next < tokens.size(); ++next) {
    const Token& token = tokens[next];
    const std::size_t equals = token.text.find('=');
    if (token.text.starts_with('#')) {
      call.id = token.text.substr(1);
    } else if (equals == std::string::npos) {
      call.name.append(call.name.empty() ? "" : " ").append(token.text);
    } else {
      const std::string key = token.text.substr(0, equals);
      const std::string value = token.text.substr(equals + 1);
      if (call.name == "alias" && key == "previous") {
        call.previous = value;
      } else if (key.starts_with("traits.")) {
        AddField(key.substr(7), JsonValue(value, token.is_quoted), &call.shared_traits);
      } else {
        AddField(key, JsonValue(value, token.is_quoted), &call.own);
      }
    }
  }
  if (call.name.empty()) {
    return Error(Code::kInvalid, "expected what was done: a call or the name of an event");
  }
  step->kind = StoryStep::Kind::kRecord;
  step->record = RecordOf(call);
  if (again.has_value()) {
    const std::string id = call.id;
    for (call.at += again->interval; call.at < again->end; call.at += again->interval) {
      call.id = fmt::format("{}.{}", id, step->more.size() + 1);
      step->more.emplace_back(call.at, RecordOf(call));
    }
  }
  return {};
}

Status ReadStatusStep(const std::vector<Token>& tokens, StoryStep* step) {
  const std::optional<StorySubject> who = tokens.size() > 1 ? WhoOf(tokens[1].text) : std::nullopt;
  if (!who.has_value()) {
    return Error(Code::kInvalid, "expected user@account, or @account, behind status");
  }
  step->kind = StoryStep::Kind::kStatus;
  step->who = *who;
  for (std::size_t i = 2; i < tokens.size(); ++i) {
    step->fields.push_back(tokens[i].text);
  }
  return {};
}

Status ReadStep(std::string_view line, int number, StoryStep* step) {
  if (line == "raw" || line.starts_with("raw ")) {
    step->kind = StoryStep::Kind::kRecord;
    step->record = std::string(line.substr(std::min<std::size_t>(4, line.size())));
    return {};
  }
  const std::vector<Token> tokens = Split(line);
  const std::string& verb = tokens.front().text;
  if (verb == "restart") {
    step->kind = StoryStep::Kind::kRestart;
    return {};
  }
  if (verb == "status") {
    return ReadStatusStep(tokens, step);
  }
  if (verb == "rule" && tokens.size() == 3) {
    step->kind = StoryStep::Kind::kRule;
    step->word = tokens[1].text;
    step->rule = tokens[2].text;
    return {};
  }
  if ((verb == "approve" || verb == "reject") && tokens.size() == 3) {
    const std::optional<StorySubject> who = WhoOf(tokens[1].text);
    if (!who.has_value()) {
      return Error(Code::kInvalid, "expected user@account, or @account, behind " + verb);
    }
    step->kind = StoryStep::Kind::kApproval;
    step->who = *who;
    step->word = verb;
    step->rule = tokens[2].text;
    return {};
  }
  if (verb == "erase" && tokens.size() == 2) {
    const std::optional<StorySubject> who = WhoOf(tokens[1].text);
    if (!who.has_value() || who->user.empty()) {
      return Error(Code::kInvalid, "expected user@account behind erase");
    }
    step->kind = StoryStep::Kind::kErase;
    step->who = *who;
    return {};
  }
  const bool is_clock = verb == "clock";
  if (is_clock || verb == "end") {
    step->kind = is_clock ? StoryStep::Kind::kClock : StoryStep::Kind::kEnd;
    std::size_t next = 1;
    step->at = TakeTime(tokens, &next);
    const bool is_right =
        next == tokens.size() && (step->at.has_value() || (!is_clock && tokens.size() == 1));
    return is_right ? Status() : Error(Code::kInvalid, "expected a time behind " + verb);
  }
  std::size_t next = 0;
  step->at = TakeTime(tokens, &next);
  if (!step->at.has_value() && verb.ends_with(':')) {
    return Error(Code::kInvalid,
                 fmt::format("'{}' does not begin a line of the header; those are playbook, mode, "
                             "show, history, source, largest record, and stand above all steps",
                             verb));
  }
  if (!step->at.has_value()) {
    return Error(Code::kInvalid,
                 "expected a time, or one of raw, clock, restart, end, status, rule, approve, "
                 "reject, erase, found " +
                     verb);
  }
  return ReadCall(tokens, next, number, step);
}

// A whole number in [1, max]; nullopt otherwise.
std::optional<std::int64_t> CountOf(std::string_view text, std::int64_t max) {
  std::int64_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return is_whole && count >= 1 && count <= max ? std::optional<std::int64_t>(count) : std::nullopt;
}

Status ReadSource(const std::vector<Token>& tokens, std::vector<StorySource>* sources) {
  StorySource source;
  source.name = tokens[1].text;
  for (std::size_t i = 2; i < tokens.size(); ++i) {
    const std::string& word = tokens[i].text;
    if (word == "optional") {
      source.is_required = false;
    } else if (word == "facts") {
      source.is_product = false;
    } else if (word.starts_with("preset=")) {
      source.preset = word.substr(7);
      FOOTHOLD_TRY(StatusOf(intake::MakeMapping(source.preset, {})));
    } else if (const auto count = CountOf(word, kStoryPartitionsMax)) {
      source.partitions = static_cast<std::int32_t>(*count);
    } else {
      return Error(Code::kInvalid,
                   fmt::format("a source has a number of partitions (at most {}), optional, facts, "
                               "preset=..., not {}",
                               kStoryPartitionsMax, word));
    }
  }
  if (std::ranges::find(*sources, source.name, &StorySource::name) != sources->end()) {
    return Error(Code::kInvalid, fmt::format("there is a source {} already", source.name));
  }
  sources->push_back(std::move(source));
  return {};
}

Status ReadShown(const std::vector<Token>& tokens, StoryHeader* header) {
  header->shows_activation = false;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const std::string& word = tokens[i].text;
    if (word == "activation") {
      header->shows_activation = true;
    } else if (word == "steps") {
      header->shows_steps = true;
    } else if (word == "risk") {
      header->shows_risk = true;
    } else if (word == "asks") {
      header->shows_asks = true;
    } else {
      return Error(Code::kInvalid, "show takes activation, steps, risk, asks, not " + word);
    }
  }
  return {};
}

// A line of the header. False: it is none.
Result<bool> ReadHeaderLine(std::string_view line, StoryHeader* header) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string_view name = line.substr(0, colon);
  const std::vector<Token> tokens = Split(line);
  const std::string value(line.substr(colon + 2));
  if (tokens.size() < 2) {
    return Error(Code::kInvalid, fmt::format("expected something behind {}:", name));
  }
  if (name == "playbook") {
    header->playbook = value;
  } else if (name == "mode") {
    header->is_live = value == "live";
    if (value != "live" && value != "files") {
      return Error(Code::kInvalid, "mode is files or live, not " + value);
    }
  } else if (name == "show") {
    FOOTHOLD_TRY(ReadShown(tokens, header));
  } else if (name == "history") {
    std::size_t next = 1;
    header->history = TakeTime(tokens, &next);
    if (!header->history.has_value()) {
      return Error(Code::kInvalid, "history takes a time, not " + value);
    }
  } else if (name == "largest record") {
    header->record_bytes_max = CountOf(value, kStoryRecordBytesMax);
    if (!header->record_bytes_max.has_value()) {
      return Error(Code::kInvalid, fmt::format("largest record takes a number of bytes, at most {}",
                                               kStoryRecordBytesMax));
    }
  } else if (name == "source") {
    FOOTHOLD_TRY(ReadSource(tokens, &header->sources));
  } else {
    return false;
  }
  return true;
}

// That a record goes to a source and partition that are there.
Status CheckPlace(const StoryStep& step, const std::vector<StorySource>& sources) {
  if (step.kind != StoryStep::Kind::kRecord || step.source.empty()) {
    return {};
  }
  const auto source = std::ranges::find(sources, step.source, &StorySource::name);
  if (source == sources.end()) {
    return Error(Code::kInvalid, fmt::format("there is no source {}", step.source));
  }
  if (step.partition < 0 || step.partition >= source->partitions) {
    return Error(Code::kInvalid, fmt::format("source {} has no partition {}; it has {}",
                                             step.source, step.partition, source->partitions));
  }
  return {};
}

}  // namespace

Result<Story> ReadStory(const std::string& path, std::string_view text) {
  Story story;
  int number = 0;
  bool is_header = true;
  for (int line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (line.starts_with("=>") || line.starts_with("!!") || line.starts_with("  ")) {
      continue;  // What followed at the last run.
    }
    const auto mistake = [&](const Status& status) {
      return Error(Code::kInvalid, fmt::format("{}:{}: {}", path, line_number, status.message()));
    };
    StoryStep step;
    step.line = line_number;
    step.text = std::string(line);
    bool is_text = line.empty() || line.starts_with('#');
    if (!is_text && is_header) {
      const Result<bool> is_of_header = ReadHeaderLine(line, &story.header);
      if (!is_of_header.has_value()) {
        return mistake(is_of_header.error());
      }
      is_text = *is_of_header;
      is_header = is_text;
    }
    if (!is_text) {
      if (story.header.sources.empty()) {
        story.header.sources.push_back({.name = "product"});
      }
      Status read = ReadStep(line, ++number, &step);
      if (read.ok()) {
        read = CheckPlace(step, story.header.sources);
      }
      if (!read.ok()) {
        return mistake(read);
      }
    }
    story.steps.push_back(std::move(step));
  }
  if (story.header.sources.empty()) {
    story.header.sources.push_back({.name = "product"});
  }
  return story;
}

}  // namespace foothold::app
