#include "tests/scenarios/runner/story.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "src/base/json.h"

namespace foothold::scenarios {
namespace {

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

std::optional<Who> WhoOf(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return Who{.user = std::string(text.substr(0, at)), .tenant = std::string(text.substr(at + 1))};
}

void AddField(std::string_view name, std::string_view value, std::string* object) {
  object->append(object->empty() ? "" : ",").append(Quoted(name)).append(":").append(value);
}

struct Call {
  Instant at;
  Who who;
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

// Reads "TIME [SOURCE] WHO CALL key=value..." behind the time.
Status ReadCall(const std::vector<Token>& tokens, std::size_t next, int number, Step* step) {
  if (next < tokens.size() && tokens[next].text.starts_with('[')) {
    std::string source = tokens[next].text.substr(1, tokens[next].text.size() - 2);
    if (const std::size_t slash = source.find('/'); slash != std::string::npos) {
      step->partition = std::atoi(source.c_str() + slash + 1);
      source.resize(slash);
    }
    step->source = std::move(source);
    ++next;
  }
  const std::optional<Who> who = next < tokens.size() ? WhoOf(tokens[next].text) : std::nullopt;
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
  step->kind = Step::Kind::kRecord;
  step->record = RecordOf(call);
  return {};
}

Status ReadStatusStep(const std::vector<Token>& tokens, Step* step) {
  const std::optional<Who> who = tokens.size() > 1 ? WhoOf(tokens[1].text) : std::nullopt;
  if (!who.has_value()) {
    return Error(Code::kInvalid, "expected user@account, or @account, behind status");
  }
  step->kind = Step::Kind::kStatus;
  step->who = *who;
  for (std::size_t i = 2; i < tokens.size(); ++i) {
    step->fields.push_back(tokens[i].text);
  }
  return {};
}

Status ReadStep(std::string_view line, int number, Step* step) {
  if (line == "raw" || line.starts_with("raw ")) {
    step->kind = Step::Kind::kRecord;
    step->record = std::string(line.substr(std::min<std::size_t>(4, line.size())));
    return {};
  }
  const std::vector<Token> tokens = Split(line);
  const std::string& verb = tokens.front().text;
  if (verb == "restart") {
    step->kind = Step::Kind::kRestart;
    return {};
  }
  if (verb == "status") {
    return ReadStatusStep(tokens, step);
  }
  if (verb == "rule" && tokens.size() == 3) {
    step->kind = Step::Kind::kRule;
    step->word = tokens[1].text;
    step->rule = tokens[2].text;
    return {};
  }
  if ((verb == "approve" || verb == "reject") && tokens.size() == 3) {
    const std::optional<Who> who = WhoOf(tokens[1].text);
    if (!who.has_value()) {
      return Error(Code::kInvalid, "expected user@account, or @account, behind " + verb);
    }
    step->kind = Step::Kind::kApproval;
    step->who = *who;
    step->word = verb;
    step->rule = tokens[2].text;
    return {};
  }
  const bool is_clock = verb == "clock";
  if (is_clock || verb == "end") {
    step->kind = is_clock ? Step::Kind::kClock : Step::Kind::kEnd;
    std::size_t next = 1;
    step->at = TakeTime(tokens, &next);
    const bool is_right =
        next == tokens.size() && (step->at.has_value() || (!is_clock && tokens.size() == 1));
    return is_right ? Status() : Error(Code::kInvalid, "expected a time behind " + verb);
  }
  std::size_t next = 0;
  step->at = TakeTime(tokens, &next);
  if (!step->at.has_value()) {
    return Error(Code::kInvalid,
                 "expected a time, or one of raw, clock, restart, end, status, rule, approve, "
                 "reject, found " +
                     verb);
  }
  return ReadCall(tokens, next, number, step);
}

Status ReadSource(const std::vector<Token>& tokens, std::vector<StorySource>* sources) {
  StorySource source;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const std::string& word = tokens[i].text;
    if (i == 1) {
      source.name = word;
    } else if (word == "optional") {
      source.is_required = false;
    } else if (word == "facts") {
      source.is_product = false;
    } else if (word.starts_with("preset=")) {
      source.preset = word.substr(7);
    } else if (IsNumber(word)) {
      source.partitions = std::atoi(word.c_str());
    } else {
      return Error(Code::kInvalid, "a source is optional, facts, preset=..., not " + word);
    }
  }
  sources->push_back(std::move(source));
  return {};
}

// A line of the header. False: it is none.
Result<bool> ReadHeaderLine(std::string_view line, Header* header) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) {
    return false;
  }
  const std::string_view name = line.substr(0, colon);
  const std::vector<Token> tokens = Split(line);
  const std::string& value = tokens.back().text;
  if (name == "playbook") {
    header->playbook = value;
  } else if (name == "mode" && (value == "live" || value == "files")) {
    header->is_live = value == "live";
  } else if (name == "show") {
    header->shows_activation = line.find("activation") != std::string_view::npos;
    header->shows_steps = line.find("steps") != std::string_view::npos;
    header->shows_risk = line.find("risk") != std::string_view::npos;
    header->shows_asks = line.find("asks") != std::string_view::npos;
  } else if (name == "history") {
    std::size_t next = 1;
    header->history = TakeTime(tokens, &next);
  } else if (name == "largest record") {
    header->record_bytes_max = std::atoll(value.c_str());
  } else if (name == "source") {
    FOOTHOLD_TRY(ReadSource(tokens, &header->sources));
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Story> ReadStory(std::string_view text) {
  Story story;
  int number = 0;
  bool is_header = true;
  for (int line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("=>") || line.starts_with("!!") || line.starts_with("  ")) {
      continue;  // What followed at the last run.
    }
    Step step;
    step.text = std::string(line);
    bool is_text = line.empty() || line.starts_with('#');
    if (!is_text && is_header) {
      FOOTHOLD_ASSIGN(is_text, ReadHeaderLine(line, &story.header));
      is_header = is_text;
    }
    if (!is_text) {
      const Status read = ReadStep(line, ++number, &step);
      if (!read.ok()) {
        return Error(Code::kInvalid, fmt::format("line {}: {}", line_number, read.message()));
      }
    }
    story.steps.push_back(std::move(step));
  }
  if (story.header.sources.empty()) {
    story.header.sources.push_back({.name = "product"});
  }
  return story;
}

}  // namespace foothold::scenarios
