#include <utility>

#include <fmt/format.h>

#include "proto/playbook.pb.h"
#include "src/base/check.h"
#include "src/codec/flat.h"
#include "src/codec/playbook_message.h"
#include "src/codec/state.h"

// Clock, meta and playbook of a partition, and persons. The order of the fields is the format: see
// flat.h.

namespace foothold::codec {
namespace {

// Maps are coded as lists in key order.
template <class Key, class Value>
struct Pair {
  Key key;
  Value value;
};

template <class Key, class Value>
std::vector<Pair<Key, Value>> ToList(const std::map<Key, Value>& map) {
  std::vector<Pair<Key, Value>> list;
  list.reserve(map.size());
  for (const auto& [key, value] : map) {
    list.push_back({.key = key, .value = value});
  }
  return list;
}

template <class Key, class Value>
std::map<Key, Value> ToMap(std::vector<Pair<Key, Value>> list) {
  std::map<Key, Value> map;
  for (Pair<Key, Value>& pair : list) {
    map.insert_or_assign(std::move(pair.key), std::move(pair.value));
  }
  return map;
}

struct FlatSource {
  journey::RosterSource source;  // Without its topics.
  std::vector<Pair<std::string, std::int32_t>> topics;
};

struct FlatPeople {
  std::int32_t partition = 0;
  std::optional<Instant> until;
  std::vector<Pair<journey::SourcePartition, std::int64_t>> handled;
};

struct FlatLife {
  std::string source;
  journey::Clock::Life life;
};

// What a clock is, with lists for maps.
struct FlatClock {
  journey::ClockMode mode = journey::ClockMode::kWall;
  std::vector<FlatSource> sources;
  std::vector<Pair<journey::SourcePartition, journey::PartitionProgress>> partitions;
  std::optional<Instant> now, wall, final_clock;
  std::int32_t people_partitions = 0;
  std::vector<FlatPeople> people;
  std::vector<FlatLife> lives;
};

struct FlatMeta {
  Meta meta;  // Without its counters.
  std::vector<Pair<std::string, std::uint64_t>> counters;
};

template <class Wire, class Clock>
void ClockFields(Wire& wire, Clock& clock) {
  wire.OneOf(clock.mode, journey::ClockMode::kEvent);
  wire.Each(clock.sources, [&](auto& item) {
    wire.Name(item.source.name);
    wire.Each(item.topics, [&](auto& topic) {
      wire.Name(topic.key);
      wire.Number(topic.value);
    });
    wire.Flags(item.source.is_required, item.source.is_product);
    wire.MaybeTime(item.source.history_begin);
    if (wire.version() >= 3) {
      wire.Maybe(item.source.silence_after, [&](auto& span) { wire.Span(span); });
    }
  });
  wire.Each(clock.partitions, [&](auto& item) {
    wire.Name(item.key.source);
    wire.Name(item.key.topic);
    wire.Number(item.key.partition);
    wire.MaybeTime(item.value.event_time_max);
    wire.MaybeTime(item.value.event_time_min);
    wire.Flags(item.value.is_at_end);
    wire.MaybeTime(item.value.broker_time_max);
    if (wire.version() >= 2) {
      wire.Number(item.value.unplaced_next);
    }
  });
  wire.MaybeTime(clock.now);
  wire.MaybeTime(clock.wall);
  wire.MaybeTime(clock.final_clock);
  if (wire.version() >= 2) {
    wire.Number(clock.people_partitions);
    wire.Each(clock.people, [&](auto& item) {
      wire.Number(item.partition);
      wire.MaybeTime(item.until);
      wire.Each(item.handled, [&](auto& handled) {
        wire.Name(handled.key.source);
        wire.Name(handled.key.topic);
        wire.Number(handled.key.partition);
        wire.Number(handled.value);
      });
    });
  }
  if (wire.version() >= 3) {
    wire.Each(clock.lives, [&](auto& item) {
      wire.Name(item.source);
      wire.MaybeTime(item.life.last);
      wire.Each(item.life.gaps, [&](auto& gap) {
        wire.Number(gap.day);
        wire.Span(gap.longest);
      });
    });
  }
}

template <class Wire, class Person>
void PersonFields(Wire& wire, Person& person) {
  wire.Id(person.id);
  wire.Each(person.accounts, [&](auto& account) { wire.Id(account); });
  wire.Id(person.successor);
  wire.Number(person.waiting_begin);
  wire.Number(person.waiting_end);
  wire.Number(person.waiting_bytes);
  wire.RareTime(person.waiting_until);
}

template <class Wire, class Flat>
void MetaFields(Wire& wire, Flat& flat) {
  wire.Number(flat.meta.journal_next.value);
  wire.Number(flat.meta.next_entry);
  wire.Number(flat.meta.control_number);
  wire.Each(flat.counters, [&](auto& counter) {
    wire.Name(counter.key);
    wire.Number(counter.value);
  });
  wire.Each(flat.meta.walks, [&](auto& walk) {
    wire.OneOf(walk.kind, WalkKind::kMeasure);
    wire.Text(walk.tenant);
    wire.Text(walk.cursor);
  });
}

}  // namespace

std::string EncodePerson(const journey::Person& person) {
  FlatWriter writer('E');
  PersonFields(writer, person);
  return writer.Take();
}

Result<journey::Person> DecodePerson(std::string_view bytes) {
  journey::Person person;
  FlatReader reader(bytes, 'E', "a person");
  PersonFields(reader, person);
  FOOTHOLD_TRY(reader.Finish());
  return person;
}

std::string EncodeClock(const journey::Clock::Parts& parts) {
  FlatClock flat{.mode = parts.roster.mode,
                 .sources = {},
                 .partitions = ToList(parts.partitions),
                 .now = parts.now,
                 .wall = parts.wall,
                 .final_clock = parts.final_clock,
                 .people_partitions = parts.roster.people_partitions,
                 .people = {},
                 .lives = {}};
  for (const auto& [source, life] : parts.lives) {
    flat.lives.push_back({.source = source, .life = life});
  }
  for (const auto& [partition, people] : parts.people) {
    flat.people.push_back(
        {.partition = partition, .until = people.until, .handled = ToList(people.handled)});
  }
  for (const journey::RosterSource& source : parts.roster.sources) {
    flat.sources.push_back({.source = source, .topics = ToList(source.topic_partitions)});
  }
  FlatWriter writer('C');
  ClockFields(writer, std::as_const(flat));
  return writer.Take();
}

Result<journey::Clock::Parts> DecodeClock(std::string_view bytes) {
  FlatClock flat;
  FlatReader reader(bytes, 'C', "the clock");
  ClockFields(reader, flat);
  FOOTHOLD_TRY(reader.Finish());
  journey::Clock::Parts parts;
  parts.roster.mode = flat.mode;
  parts.roster.people_partitions = flat.people_partitions;
  for (FlatPeople& item : flat.people) {
    parts.people[item.partition] = {.until = item.until, .handled = ToMap(std::move(item.handled))};
  }
  for (FlatLife& item : flat.lives) {
    parts.lives[std::move(item.source)] = std::move(item.life);
  }
  for (FlatSource& item : flat.sources) {
    item.source.topic_partitions = ToMap(std::move(item.topics));
    parts.roster.sources.push_back(std::move(item.source));
  }
  parts.partitions = ToMap(std::move(flat.partitions));
  parts.now = flat.now;
  parts.wall = flat.wall;
  parts.final_clock = flat.final_clock;
  return parts;
}

std::string EncodeMeta(const Meta& meta) {
  const FlatMeta flat{.meta = meta, .counters = ToList(meta.counters)};
  FlatWriter writer('M');
  MetaFields(writer, flat);
  return writer.Take();
}

Result<Meta> DecodeMeta(std::string_view bytes) {
  FlatMeta flat;
  FlatReader reader(bytes, 'M', "the position (meta)");
  MetaFields(reader, flat);
  FOOTHOLD_TRY(reader.Finish());
  flat.meta.counters = ToMap(std::move(flat.counters));
  return std::move(flat.meta);
}

std::string EncodePlaybook(const journey::Playbook& playbook) {
  v1::Playbook message;
  ToMessage(playbook, &message);
  FlatWriter writer('P');
  writer.Text(message.SerializeAsString());
  return writer.Take();
}

Result<journey::Playbook> DecodePlaybook(std::string_view bytes) {
  std::string message_bytes;
  FlatReader reader(bytes, 'P', "the playbook");
  reader.Text(message_bytes);
  FOOTHOLD_TRY(reader.Finish());
  v1::Playbook message;
  if (!message.ParseFromString(message_bytes)) {
    return Error(Code::kCorrupt, "state of the playbook is damaged or cut");
  }
  return FromMessage(message);
}

}  // namespace foothold::codec
