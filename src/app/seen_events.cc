#include "src/app/seen_events.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/demo_words.h"
#include "src/app/input_file.h"
#include "src/base/text.h"
#include "src/intake/decoder.h"

namespace foothold::app {
namespace {

constexpr std::size_t kOthersShown = 12;

// "files" -> what they are called together.
std::string NameOf(const std::vector<std::string>& files) {
  return files.size() == 1 ? files.front() : fmt::format("{} files", files.size());
}

// The counts by canonical name, in normal form.
std::map<std::string, std::int64_t> ByCanonical(const journey::Definition& definition,
                                                const SeenEvents& seen) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [raw, count] : seen.counts) {
    counts[definition.Canonical(raw)] += count;
  }
  return counts;
}

const intake::Event* EventOf(const intake::Outcome& outcome) {
  if (const auto* accepted = std::get_if<intake::Accepted>(&outcome)) {
    return &accepted->event;
  }
  if (const auto* unplaced = std::get_if<intake::Unplaced>(&outcome)) {
    return &unplaced->accepted.event;
  }
  return nullptr;
}

Status CountFile(const std::string& path, intake::Decoder* decoder, SeenEvents* seen) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  std::optional<Instant> latest;
  while (true) {
    FOOTHOLD_ASSIGN(const std::optional<InputFile::Line> line, file->Next());
    if (!line.has_value()) {
      return {};
    }
    ++seen->records;
    const intake::Outcome outcome = decoder->Decode({.value = line->text,
                                                     .schema_header = std::nullopt,
                                                     .broker_time = std::nullopt,
                                                     .event_time_max = latest});
    if (const intake::Event* const event = EventOf(outcome)) {
      latest = std::max(latest.value_or(event->occurred_at), event->occurred_at);
      if (!event->name.empty()) {
        ++seen->counts[std::string(event->name)];
      }
    } else if (std::holds_alternative<intake::Rejected>(outcome)) {
      ++seen->rejected;
    }
  }
}

}  // namespace

Result<SeenEvents> CountEvents(const RerunFlags& given) {
  FOOTHOLD_ASSIGN(const config::Config config, RerunConfigOf("validate", given));
  const config::Source& source = config.sources.front();
  FOOTHOLD_ASSIGN(intake::Mapping mapping, intake::MakeMapping(source.preset, source.mapping));
  intake::Decoder decoder({.mapping = std::move(mapping),
                           .record_bytes_max = static_cast<std::size_t>(config.record_bytes_max),
                           .is_product = source.is_product});
  SeenEvents seen{.files = given.files, .records = 0, .rejected = 0, .counts = {}};
  for (const std::string& path : given.files) {
    FOOTHOLD_TRY(CountFile(path, &decoder, &seen));
  }
  return seen;
}

UnseenEvents FindUnseen(const std::string& path, const std::vector<config::EventMention>& mentions,
                        const journey::Definition& definition, const SeenEvents& seen) {
  const std::map<std::string, std::int64_t> counts = ByCanonical(definition, seen);
  std::set<std::string> named;
  for (const config::EventMention& mention : mentions) {
    named.insert(mention.event);
  }
  std::vector<std::string> others;  // What was seen and is not named: what may have been meant.
  for (const auto& [event, count] : counts) {
    if (!named.contains(event)) {
      others.push_back(event);
    }
  }
  UnseenEvents unseen;
  std::set<std::string> told;
  std::set<std::string> inherited;
  for (const config::EventMention& mention : mentions) {
    if (counts.contains(mention.event)) {
      continue;
    }
    if (mention.file != path) {
      inherited.insert(definition.DisplayNameOf(mention.event));
    } else if (told.insert(mention.event).second) {
      unseen.problems.push_back(
          {.file = path,
           .line = mention.line,
           .what = fmt::format("'{}' never occurs in {}", mention.written, NameOf(seen.files)),
           .suggestion = std::string(NearestWord(mention.event, others))});
    }
  }
  std::ranges::stable_sort(unseen.problems, {}, &config::Problem::line);
  for (const std::string& event : told) {
    inherited.erase(definition.DisplayNameOf(event));
  }
  unseen.inherited.assign(inherited.begin(), inherited.end());
  return unseen;
}

std::string DescribeSeen(const journey::Definition& definition,
                         const std::vector<config::EventMention>& mentions, const SeenEvents& seen,
                         const UnseenEvents& unseen) {
  std::set<std::string> named;
  for (const config::EventMention& mention : mentions) {
    named.insert(mention.event);
  }
  std::vector<std::pair<std::int64_t, std::string>> others;
  const std::map<std::string, std::int64_t> counts = ByCanonical(definition, seen);
  for (const auto& [event, count] : counts) {
    if (!named.contains(event)) {
      others.emplace_back(-count, definition.DisplayNameOf(event));
    }
  }
  std::ranges::sort(others);
  std::string text = fmt::format(
      "  {}: {} records, {} event names, {} of them named by the playbook\n", NameOf(seen.files),
      CountText(seen.records), counts.size(), counts.size() - others.size());
  if (seen.rejected > 0) {
    text +=
        fmt::format("  {} records could not be read as events: look at --mapping, or at replay\n",
                    CountText(seen.rejected));
  }
  if (!unseen.inherited.empty()) {
    text += fmt::format("  inherited and never seen: {}\n", fmt::join(unseen.inherited, ", "));
  }
  if (!others.empty()) {
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < std::min(kOthersShown, others.size()); ++i) {
      shown.push_back(fmt::format("{} ({})", others[i].second, CountText(-others[i].first)));
    }
    text += fmt::format("  seen and not named: {}{}\n", fmt::join(shown, ", "),
                        others.size() > kOthersShown
                            ? fmt::format(" and {} more", others.size() - kOthersShown)
                            : "");
  }
  return text;
}

}  // namespace foothold::app
