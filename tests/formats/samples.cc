#include "tests/formats/samples.h"

#include <array>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/bag.h"
#include "src/codec/erased_facts.h"
#include "src/codec/gate_facts.h"
#include "src/codec/journal.h"
#include "src/codec/output_reader.h"
#include "src/codec/outputs.h"
#include "src/codec/state.h"
#include "src/codec/volume_facts.h"
#include "src/stream/progress_note.h"
#include "src/stream/store_place.h"
#include "state/schema.h"
#include "state/timer_index.h"
#include "tests/codec/example_records.h"
#include "tests/codec/published.h"
#include "tests/codec/random_values.h"
#include "tests/formats/describe.h"

namespace foothold::formats {
namespace {

constexpr std::uint32_t kSeed = 58;
constexpr Instant kSomeTime = InstantFromMs(1'790'000'000'123);
// What `foothold.v1`, the keys of the store and the notes have instead of a number of their own.
constexpr int kFirstVersion = 1;

constexpr std::string_view kJournal = "journal";
constexpr std::string_view kTimerKey = "timer-key";
constexpr std::string_view kProgressNote = "progress-note";
constexpr std::string_view kOutputJson = "output-json";
constexpr std::string_view kOutputProtobuf = "output-protobuf";

// Facts whose payload is text as it is.
constexpr std::string_view kSaltFact = "salt";
constexpr std::string_view kPlaceFact = "changelog";

class Collector {
 public:
  void Add(std::string_view format, std::string_view name, std::string bytes) {
    samples_.push_back({std::string(format), std::string(name), std::move(bytes)});
  }
  // Its format is the kind of its value.
  void AddState(std::string_view format, std::string_view name, const std::string& key,
                std::string_view payload, std::optional<Instant> due = std::nullopt) {
    Add(fmt::format("state-{}", format), name,
        std::string(1, static_cast<char>(key.size())) + key + state::MakeValue(payload, due));
  }
  std::vector<Sample> Take() { return std::move(samples_); }

 private:
  std::vector<Sample> samples_;
};

journey::Event SomeEvent(std::string_view properties, std::string_view traits) {
  return {
      .kind = journey::CallKind::kTrack,
      .tenant = "acme",
      .user = "ada",
      .id = "0f8b2c3d-1a2b-4c3d-8e4f-001234567890",
      .fingerprint = 7,
      .name = "Dashboard Viewed",
      .occurred_at = kSomeTime,
      .is_product = true,
      .role = "analyst",
      .is_role_override = true,
      .previous_user = "anon",
      .properties = BagView(properties),
      .traits = BagView(traits),
      .position = {.source = "app", .topic = "events", .partition = PartitionId{3}, .offset = 9}};
}

void AddJournal(Collector* all) {
  codec::RandomValues random(kSeed);
  std::string properties;
  BagWriter bag(&properties);
  bag.Add("dashboardid", Scalar(std::string_view("d-\xc3\xa9")));
  bag.Add("nothing", Scalar(std::monostate()));
  bag.Add("is", Scalar(true));
  bag.Add("seats", Scalar(std::int64_t{-5}));
  bag.Add("share", Scalar(0.25));
  bag.Add("list", Scalar(JsonText{R"([1,{"a":null}])"}));
  std::string traits;
  BagWriter(&traits).Add("email", Scalar(std::string_view("ada@acme.example")));

  codec::JournalBatchWriter writer;
  journey::Event event = SomeEvent(properties, traits);
  for (std::uint8_t kind = 1; kind <= static_cast<std::uint8_t>(journey::CallKind::kAlias);
       ++kind) {
    event.kind = static_cast<journey::CallKind>(kind);
    writer.Append(event);
  }
  event = {};
  event.tenant = "globex";
  event.id = "e";
  event.is_product = false;
  writer.Append(event);
  all->Add(kJournal, "events", writer.Take());

  writer.Append(random.Roster());
  writer.Append(random.Progress());
  journey::Progress of_people;
  of_people.wall = kSomeTime;
  of_people.final_clock = kSomeTime + kDay;
  of_people.people = journey::PeopleProgress{2, kSomeTime - kDay};
  writer.Append(of_people);
  writer.Append(codec::Release{.wall = kSomeTime});
  writer.Append(codec::DeadLetterNote{.tenant = "acme", .at = kSomeTime});
  all->Add(kJournal, "clock", writer.Take());

  codec::PersonRecord record{.event = SomeEvent(properties, traits), .at = kSomeTime, .hops = 2};
  record.event.tenant = {};
  writer.Append(record);
  record.is_for_previous = true;
  record.flaw = "bad_time";
  record.flaw_detail = "no time";
  record.raw = codec::RawRecord{.key = "k",
                                .value = "{}",
                                .headers = {{"trace", "1"}, {"empty", std::nullopt}},
                                .timestamp = kSomeTime};
  writer.Append(record);
  writer.Append(codec::PersonFact{.user = "ada", .other = "acme", .at = kSomeTime, .hops = 1});
  writer.Append(codec::PersonFact{
      .kind = codec::PersonFactKind::kSuccessor, .user = "anon", .other = "ada", .at = kSomeTime});
  all->Add(kJournal, "people", writer.Take());

  std::uint64_t number = 0;
  const auto say = [&](const codec::ControlAction& action) {
    writer.Append(codec::Control{.number = number + 1, .follows = number, .action = action});
    ++number;
  };
  say(codec::PublishPlaybook{random.Playbook()});
  all->Add(kJournal, "ledger-publish", writer.Take());
  for (std::uint8_t word = 1; word <= static_cast<std::uint8_t>(codec::RuleWord::Word::kOff);
       ++word) {
    say(codec::RuleWord{.rule = "stalled", .word = static_cast<codec::RuleWord::Word>(word)});
  }
  say(codec::ApprovalWord{
      .tenant = "acme", .user = "ada", .rule = "risk_high", .rung = 1, .is_granted = true});
  say(codec::ApprovalWord{.tenant = "acme", .user = "", .rule = "risk_high"});
  say(codec::EraseWord{.tenant = "acme", .at = kSomeTime, .users = {"ada", "anon"}, .hashes = {}});
  say(codec::EraseWord{
      .tenant = "acme", .at = kSomeTime, .users = {}, .hashes = {{.high = 7, .low = 8}}});
  all->Add(kJournal, "ledger-words", writer.Take());
  say(codec::PreparePlaybook{random.Playbook()});
  journey::TrackerState kept{.key = 7, .kept = {{}}};
  kept.kept.front().at = kSomeTime;
  kept.kept.front().event_id = "e-1";
  kept.kept.front().event = "insight.pinned";
  writer.Append(codec::Recollection{.tenant = "acme", .user = "ada", .trackers = {kept}});
  writer.Append(codec::Recollection{.tenant = "acme", .user = "", .trackers = {kept}});
  all->Add(kJournal, "preparation", writer.Take());
}

void AddSubjects(Collector* all) {
  codec::RandomValues random(kSeed);
  const std::string odd("a\0b", 3);  // A byte that keys escape.
  journey::User user;
  user.tenant = "acme";
  user.id = "ada";
  all->AddState("user", "fresh", state::UserKey("acme", "ada"), codec::EncodeUser(user));
  journey::Account account;
  account.tenant = "acme";
  all->AddState("account", "fresh", state::AccountKey("acme"), codec::EncodeAccount(account));
  for (int i = 1; i <= 3; ++i) {
    const std::string name = fmt::format("full-{}", i);
    all->AddState("user", name, state::UserKey("acme", odd), codec::EncodeUser(random.User()),
                  kSomeTime);
    all->AddState("account", name, state::AccountKey(odd), codec::EncodeAccount(random.Account()),
                  kEpoch);
    all->AddState("person", name, state::PersonKey(odd), codec::EncodePerson(random.Person()));
  }
  codec::JournalBatchWriter writer;
  codec::PersonRecord waiting{.event = SomeEvent("", ""), .at = kSomeTime};
  waiting.event.tenant = {};
  writer.Append(waiting);
  all->AddState("waiting", "record", state::WaitingKey("ada", 258), writer.Take());
  all->AddState("email", "owner", state::EmailKey("acme", "0123456789abcdef"), "ada");
  all->AddState("gate", "user", state::GateKey(state::UserKey("acme", "ada")),
                fmt::format("{}", ToMs(kSomeTime)));
  all->Add(kTimerKey, "account", state::TimerKey(kSomeTime, state::AccountKey("acme")));
}

void AddFacts(Collector* all) {
  codec::RandomValues random(kSeed);
  all->AddState("meta", "partition", state::MetaKey(), codec::EncodeMeta(random.MetaValue()));
  all->AddState("clock", "partition", state::FactKey("clock"), codec::EncodeClock(random.Clock()));
  all->AddState("playbook", "published", state::FactKey("playbook"),
                codec::EncodePlaybook(random.Playbook()));
  all->AddState("rules", "said", state::FactKey("rule_controls"),
                codec::EncodeRuleControls(
                    {{"killed", {.is_killed = true}},
                     {"shadowed", {.is_paused = true, .mode = journey::RuleMode::kShadow}}}));
  all->AddState("releases", "counted", state::FactKey("release_counts"),
                codec::EncodeReleaseCounts(
                    journey::ReleaseCounts::FromParts({{7, {{2'983'333, 4}, {2'983'334, 1}}}})));
  journey::ErasedIds ids;
  ids.Add({.high = 7, .low = 8}, "acme", kSomeTime);
  ids.Add({.high = 7, .low = 8}, "globex", kSomeTime + kDay);
  all->AddState("erased", "two", state::FactKey("erased"), codec::EncodeErasedIds(ids));
  all->AddState("volumes", "one_is_quiet", state::FactKey("volumes"),
                codec::EncodeVolumes(
                    journey::EventVolumes::FromParts({.events = {{"report.exported",
                                                                  {.first = 81'000,
                                                                   .last = 81'002,
                                                                   .counts = {3, 0, 700},
                                                                   .norm = 0,
                                                                   .quiet_since = std::nullopt}},
                                                                 {"transaction.created",
                                                                  {.first = 80'900,
                                                                   .last = 81'002,
                                                                   .counts = {0},
                                                                   .norm = 44,
                                                                   .quiet_since = kSomeTime}}},
                                                      .revision = 77,
                                                      .judged_until = 81'002})));
  all->AddState("salt", "random", state::FactKey(kSaltFact), "0123456789abcdef");
  all->AddState("place", "saved", stream::StorePlaceKey(),
                stream::EncodeStorePlace({NextOffset{12'345}, kSomeTime}));
  all->Add(kProgressNote, "read",
           stream::EncodeProgressNote({.event_time_max = kSomeTime,
                                       .event_time_min = kEpoch,
                                       .broker_time_max = kSomeTime + kDay}));
  all->Add(kProgressNote, "nothing", stream::EncodeProgressNote({}));
}

void AddOutputs(std::string_view format, codec::OutputFormat how, Collector* all) {
  codec::OutputOptions options{.app = "foothold", .encodings = {}};
  options.encodings.fill({.format = how});
  codec::OutputEncoder encoder(options);
  const auto add = [&](std::string_view variant, const journey::OutputRecord& record) {
    const codec::EncodedOutput& output = encoder.Encode(record);
    all->Add(format, fmt::format("{}@{}", output.record, variant), output.value.value_or(""));
  };
  add("user", codec::ExampleUserActivation());
  add("account", codec::ExampleAccountActivation());
  add("user", codec::ExampleProgress());
  add("user", codec::ExampleUserStatus());
  add("account", codec::ExampleAccountStatus());
  add("user", codec::ExampleUserRisk());
  add("account", codec::ExampleAccountRisk());
  add("email", codec::ExampleEmail());
  add("cs", codec::ExampleCsTask());
  add("one", codec::ExampleCancelled());
  add("one", codec::ExampleSuppressed());
  add("one", codec::ExampleOutcome());
  add("one", codec::ExampleShadow());
}

// What is the value's, with the version given.
template <class Value>
Result<Opened> Told(int version, const Result<Value>& read, std::string (*encode)(const Value&)) {
  if (!read.has_value()) {
    return tl::unexpected(read.error());
  }
  return Opened{.version = version, .text = Describe(*read), .again = encode(*read)};
}

Result<Opened> OpenJournal(std::string_view bytes) {
  constexpr std::size_t kFormatAt = 10;  // Behind the checksum and its own tag.
  FOOTHOLD_ASSIGN(const codec::JournalBatchReader batch, codec::JournalBatchReader::Open(bytes));
  Opened opened{.version = static_cast<unsigned char>(bytes[kFormatAt]), .text = {}, .again = {}};
  codec::JournalBatchWriter writer;
  for (std::size_t i = 0; i < batch.count(); ++i) {
    FOOTHOLD_ASSIGN(const codec::JournalEntry entry, batch.entry(i));
    opened.text += (i == 0 ? "" : "\n") + Describe(entry);
    std::visit([&](const auto& known) { writer.Append(known); }, entry);
  }
  opened.again = writer.Take();
  return opened;
}

// A payload without a version of its own.
Opened Plain(const state::ParsedValue& value) {
  return {.version = value.version,
          .text = std::string(value.payload),
          .again = std::string(value.payload)};
}

Result<Opened> OpenPlace(const state::ParsedValue& value) {
  const std::optional<stream::StorePlace> place = stream::DecodeStorePlace(value.payload);
  if (!place.has_value()) {
    return Error(Code::kCorrupt, "the store's place cannot be read");
  }
  return Opened{
      .version = value.version,
      .text = fmt::format("next: {}\nsaved_at: {}ms", place->next.value, ToMs(place->saved_at)),
      .again = stream::EncodeStorePlace(*place)};
}

Result<Opened> OpenPayload(std::string_view format, const state::ParsedValue& value) {
  const std::string_view bytes = value.payload;
  if (format == "state-waiting") {
    return OpenJournal(bytes);
  }
  if (format == "state-email" || format == "state-gate" || format == "state-salt") {
    return Plain(value);
  }
  if (format == "state-place") {
    return OpenPlace(value);
  }
  const int version = bytes.size() < 2 ? 0 : static_cast<unsigned char>(bytes[1]);
  if (format == "state-user") {
    return Told(version, codec::DecodeUser(bytes), codec::EncodeUser);
  }
  if (format == "state-account") {
    return Told(version, codec::DecodeAccount(bytes), codec::EncodeAccount);
  }
  if (format == "state-person") {
    return Told(version, codec::DecodePerson(bytes), codec::EncodePerson);
  }
  if (format == "state-meta") {
    return Told(version, codec::DecodeMeta(bytes), codec::EncodeMeta);
  }
  if (format == "state-clock") {
    return Told(version, codec::DecodeClock(bytes), codec::EncodeClock);
  }
  if (format == "state-playbook") {
    return Told(version, codec::DecodePlaybook(bytes), codec::EncodePlaybook);
  }
  if (format == "state-rules") {
    return Told(version, codec::DecodeRuleControls(bytes), codec::EncodeRuleControls);
  }
  if (format == "state-releases") {
    return Told(version, codec::DecodeReleaseCounts(bytes), codec::EncodeReleaseCounts);
  }
  if (format == "state-erased") {
    return Told(version, codec::DecodeErasedIds(bytes), codec::EncodeErasedIds);
  }
  if (format == "state-volumes") {
    return Told(version, codec::DecodeVolumes(bytes), codec::EncodeVolumes);
  }
  return Error(Code::kInvalid, fmt::format("no format '{}'", format));
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return hex;
}

Result<Opened> OpenState(std::string_view format, std::string_view bytes) {
  const std::size_t key_size = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
  if (bytes.size() < 1 + key_size) {
    return Error(Code::kCorrupt, "a record is cut in its key");
  }
  const std::string_view key = bytes.substr(1, key_size);
  FOOTHOLD_ASSIGN(const state::ParsedKey parsed, state::ParseKey(key));
  FOOTHOLD_ASSIGN(const state::ParsedValue value, state::ParseValue(bytes.substr(1 + key_size)));
  FOOTHOLD_ASSIGN(Opened opened, OpenPayload(format, value));
  const std::string due = value.due.has_value() ? fmt::format("{}ms", ToMs(*value.due)) : "-";
  opened.text = fmt::format("key: {} tenant {} id {}\ndue: {}\n{}", static_cast<char>(parsed.kind),
                            Hex(parsed.tenant), Hex(parsed.id), due, opened.text);
  opened.again = std::string(bytes.substr(0, 1 + key_size)) +
                 state::MakeValue(opened.again.value_or(""), value.due);
  return opened;
}

Result<Opened> OpenTimerKey(std::string_view bytes) {
  FOOTHOLD_ASSIGN(const state::DueTimer timer, state::ParseTimerKey(bytes));
  return Opened{.version = kFirstVersion,
                .text = fmt::format("due: {}ms\nkey: {}", ToMs(timer.due), Hex(timer.key)),
                .again = state::TimerKey(timer.due, timer.key)};
}

Opened OpenProgressNote(std::string_view bytes) {
  const intake::ReadProgress read = stream::DecodeProgressNote(bytes);
  const auto text = [](std::optional<Instant> at) {
    return at.has_value() ? fmt::format("{}ms", ToMs(*at)) : "-";
  };
  return {.version = bytes.empty() ? 0 : bytes.front() - '0',
          .text = fmt::format("event_time_max: {}\nevent_time_min: {}\nbroker_time_max: {}",
                              text(read.event_time_max), text(read.event_time_min),
                              text(read.broker_time_max)),
          .again = stream::EncodeProgressNote(read)};
}

Result<Opened> OpenOutput(std::string_view format, std::string_view name, std::string_view bytes) {
  codec::OutputReader reader;
  FOOTHOLD_ASSIGN(
      const std::string json,
      reader.ToJson(name.substr(0, name.find('@')),
                    format == kOutputJson ? "application/json" : "application/protobuf", bytes));
  std::string text = codec::PrettyJson(json);
  text.pop_back();
  return Opened{.version = kFirstVersion, .text = text, .again = std::nullopt};
}

}  // namespace

std::vector<Sample> SamplesOfToday() {
  Collector all;
  AddJournal(&all);
  AddSubjects(&all);
  AddFacts(&all);
  AddOutputs(kOutputJson, codec::OutputFormat::kJson, &all);
  AddOutputs(kOutputProtobuf, codec::OutputFormat::kProtobufRaw, &all);
  return all.Take();
}

Result<Opened> Open(std::string_view format, std::string_view name, std::string_view bytes) {
  if (format == kJournal) {
    return OpenJournal(bytes);
  }
  if (format == kTimerKey) {
    return OpenTimerKey(bytes);
  }
  if (format == kProgressNote) {
    return OpenProgressNote(bytes);
  }
  if (format == kOutputJson || format == kOutputProtobuf) {
    return OpenOutput(format, name, bytes);
  }
  return OpenState(format, bytes);
}

}  // namespace foothold::formats
