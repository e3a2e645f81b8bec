#include "tests/kafka/chaos/history.h"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "src/base/hash.h"

namespace foothold::chaos {
namespace {

constexpr std::array<std::string_view, 4> kFates{"journal", "people", "dead_letter", "skipped"};
constexpr std::array<std::string_view, 2> kEnds{"committed", "aborted"};
constexpr std::string_view kNobody = "-";

std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (c == ' ' || c == '%' || c == '\n' || c == '\r') {
      encoded += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      encoded += c;
    }
  }
  return encoded.empty() ? std::string(kNobody) : encoded;
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded == kNobody ? "" : decoded;
}

// The words of a line, taken one by one.
class Words {
 public:
  explicit Words(const std::string& line) : words_(line) {}

  bool Take(std::string* text) {
    std::string word;
    if (!(words_ >> word)) {
      return false;
    }
    *text = Decoded(word);
    return true;
  }
  template <class Number>
  requires std::is_integral_v<Number>
  bool Take(Number* number) { return static_cast<bool>(words_ >> *number); }
  bool Take(Lane* lane) { return Take(&lane->topic) && Take(&lane->partition); }
  bool Take(Fate* fate) { return TakeName(kFates, fate); }
  bool Take(End* end) { return TakeName(kEnds, end); }
  template <class First, class... Rest>
  requires(sizeof...(Rest) > 0) bool Take(First* first, Rest*... rest) {
    return Take(first) && Take(rest...);
  }
  bool TakeLanes(std::vector<Lane>* lanes) {
    Lane lane;
    char slash = '/';
    while (words_ >> lane.topic >> slash >> lane.partition) {
      lanes->push_back(lane);
    }
    return words_.eof();
  }

 private:
  template <class Names, class Value>
  bool TakeName(const Names& names, Value* value) {
    std::string word;
    const bool is_there = Take(&word);
    const auto found = std::ranges::find(names, word);
    *value = static_cast<Value>(found - names.begin());
    return is_there && found != names.end();
  }

  std::istringstream words_;
};

bool ReadFact(const std::string& kind, Words* words, History* history) {
  if (kind == "topic") {
    return words->Take(&history->topics.emplace_back());
  }
  if (kind == "sent") {
    History::Sent& sent = history->sent.emplace_back();
    return words->Take(&sent.partition, &sent.hash);
  }
  if (kind == "input") {
    History::Input& input = history->inputs.emplace_back();
    return words->Take(&input.partition, &input.offset, &input.hash, &input.fate);
  }
  if (kind == "record") {
    History::Record& record = history->records.emplace_back();
    return words->Take(&record.lane, &record.offset, &record.hash, &record.is_seen, &record.writer);
  }
  if (kind == "marker") {
    History::Marker& marker = history->markers.emplace_back();
    return words->Take(&marker.lane, &marker.offset, &marker.writer, &marker.end);
  }
  if (kind == "transaction") {
    History::Transaction& transaction = history->transactions.emplace_back();
    return words->Take(&transaction.writer, &transaction.end) &&
           words->TakeLanes(&transaction.lanes);
  }
  if (kind == "polled") {
    History::Polled& polled = history->polled.emplace_back();
    return words->Take(&polled.session, &polled.lane, &polled.offset, &polled.hash);
  }
  if (kind == "outcome") {
    History::Outcome& outcome = history->outcomes.emplace_back();
    return words->Take(&outcome.lane, &outcome.offset, &outcome.input_partition,
                       &outcome.input_offset);
  }
  if (kind == "number" || kind == "revision") {
    auto& list = kind == "number" ? history->numbers : history->revisions;
    History::Numbered& numbered = list.emplace_back();
    return words->Take(&numbered.subject, &numbered.number);
  }
  return false;
}

std::string_view EndName(End end) { return kEnds.at(static_cast<std::size_t>(end)); }

}  // namespace

PlainHeaders HeadersOf(const log::RecordView& record) {
  PlainHeaders headers;
  for (const log::Header& header : record.headers) {
    headers.emplace_back(std::string(header.key), header.value.has_value()
                                                      ? std::optional<std::string>(*header.value)
                                                      : std::nullopt);
  }
  return headers;
}

std::string_view FateName(Fate fate) { return kFates.at(static_cast<std::size_t>(fate)); }

std::string History::NameOf(const Lane& lane) const {
  return fmt::format("{}[{}]", topics.at(static_cast<std::size_t>(lane.topic)), lane.partition);
}

int History::NumberOf(std::string_view topic) {
  const auto found = std::ranges::find(topics, topic);
  const auto number = static_cast<int>(found - topics.begin());
  if (found == topics.end()) {
    topics.emplace_back(topic);
  }
  return number;
}

std::uint64_t HashOfRecord(std::optional<std::string_view> key,
                           std::optional<std::string_view> value, const PlainHeaders& headers) {
  const auto of = [](std::optional<std::string_view> bytes) {
    return bytes.has_value() ? Hash64(*bytes) : 0;
  };
  std::uint64_t hash = MixHash(of(key), of(value));
  for (const auto& [name, text] : headers) {
    hash = MixHash(MixHash(hash, Hash64(name)), of(text));
  }
  return hash;
}

void WriteHistory(const History& history, std::ostream* out) {
  for (const std::string& topic : history.topics) {
    fmt::print(*out, "topic {}\n", Encoded(topic));
  }
  for (const auto& sent : history.sent) {
    fmt::print(*out, "sent {} {}\n", sent.partition, sent.hash);
  }
  for (const auto& input : history.inputs) {
    fmt::print(*out, "input {} {} {} {}\n", input.partition, input.offset, input.hash,
               FateName(input.fate));
  }
  for (const auto& record : history.records) {
    fmt::print(*out, "record {} {} {} {} {:d} {}\n", record.lane.topic, record.lane.partition,
               record.offset, record.hash, record.is_seen, Encoded(record.writer));
  }
  for (const auto& marker : history.markers) {
    fmt::print(*out, "marker {} {} {} {} {}\n", marker.lane.topic, marker.lane.partition,
               marker.offset, Encoded(marker.writer), EndName(marker.end));
  }
  for (const auto& transaction : history.transactions) {
    fmt::print(*out, "transaction {} {}", Encoded(transaction.writer), EndName(transaction.end));
    for (const Lane& lane : transaction.lanes) {
      fmt::print(*out, " {}/{}", lane.topic, lane.partition);
    }
    *out << '\n';
  }
  for (const auto& polled : history.polled) {
    fmt::print(*out, "polled {} {} {} {} {}\n", polled.session, polled.lane.topic,
               polled.lane.partition, polled.offset, polled.hash);
  }
  for (const auto& outcome : history.outcomes) {
    fmt::print(*out, "outcome {} {} {} {} {}\n", outcome.lane.topic, outcome.lane.partition,
               outcome.offset, outcome.input_partition, outcome.input_offset);
  }
  for (const auto& numbered : history.numbers) {
    fmt::print(*out, "number {} {}\n", Encoded(numbered.subject), numbered.number);
  }
  for (const auto& numbered : history.revisions) {
    fmt::print(*out, "revision {} {}\n", Encoded(numbered.subject), numbered.number);
  }
}

Result<History> ReadHistory(std::istream* in) {
  History history;
  int number = 0;
  for (std::string line; std::getline(*in, line);) {
    ++number;
    const std::size_t space = line.find(' ');
    Words words(space == std::string::npos ? "" : line.substr(space + 1));
    if (!ReadFact(line.substr(0, space), &words, &history)) {
      return Error(Code::kInvalid, fmt::format("line {} is no fact: {}", number, line));
    }
  }
  return history;
}

}  // namespace foothold::chaos
