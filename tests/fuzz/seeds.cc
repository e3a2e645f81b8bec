// Writes the seeds of the corpus that are not text, the same at every run: `fuzz_seeds FOLDER`.
// Run it where a format has changed, and look at what the corpus test says of it.

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "proto/event.pb.h"
#include "src/base/bag.h"
#include "src/codec/erased_facts.h"
#include "src/codec/outputs.h"
#include "src/codec/state.h"
#include "src/journey/records.h"
#include "state/schema.h"
#include "state/timer_index.h"
#include "tests/codec/example_records.h"
#include "tests/codec/random_values.h"

namespace foothold::codec {
namespace {

constexpr std::uint32_t kSeed = 7;
constexpr std::size_t kChecksumBytes = 9;
constexpr Instant kSomeTime = InstantFromMs(1'790'000'000'123);

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void Write(std::string_view target, std::string_view name, std::string_view bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream file(folder_ / target / name, std::ios::binary);
    file << bytes;
  }

 private:
  std::filesystem::path folder_;
};

journey::Event SomeEvent(std::string_view properties) {
  return {
      .kind = journey::CallKind::kTrack,
      .tenant = "acme",
      .user = "ada",
      .id = "e-1",
      .fingerprint = 7,
      .name = "Dashboard Viewed",
      .occurred_at = kSomeTime,
      .is_product = true,
      .role = "analyst",
      .is_role_override = false,
      .previous_user = "anon",
      .properties = BagView(properties),
      .traits = BagView(),
      .position = {.source = "app", .topic = "events", .partition = PartitionId{3}, .offset = 9}};
}

std::string Body(JournalBatchWriter* writer) { return writer->Take().substr(kChecksumBytes); }

void WriteJournal(const Corpus& corpus) {
  RandomValues random(kSeed);
  std::string properties;
  BagWriter(&properties).Add("dashboardid", Scalar(std::string_view("d-9")));
  const journey::Event event = SomeEvent(properties);
  JournalBatchWriter writer;
  writer.Append(event);
  writer.Append(event);
  corpus.Write("journal", "events", Body(&writer));
  writer.Append(random.Roster());
  writer.Append(random.Progress());
  writer.Append(Release{.wall = kSomeTime});
  writer.Append(DeadLetterNote{.tenant = "acme", .at = kSomeTime});
  corpus.Write("journal", "clock", Body(&writer));
  writer.Append(
      Recollection{.tenant = "acme", .user = "ada", .trackers = {{.key = 7, .kept = {{}}}}});
  corpus.Write("journal", "recollection", Body(&writer));
  journey::Event nobodys = event;
  nobodys.tenant = {};
  PersonRecord record{.event = nobodys, .at = kSomeTime, .hops = 2};
  record.flaw = "bad_time";
  record.raw = RawRecord{.key = "k", .value = "{}", .headers = {{"trace", "1"}}, .timestamp = {}};
  writer.Append(record);
  writer.Append(PersonFact{.user = "ada", .other = "acme", .at = kSomeTime, .hops = 1});
  corpus.Write("journal", "people", Body(&writer));
}

void WriteControl(const Corpus& corpus) {
  // A batch of one entry: its tag, its size, the control's tag, its size, the body.
  const auto write = [&](std::string_view name, const ControlAction& action) {
    JournalBatchWriter writer;
    writer.Append(Control{.number = 2, .follows = 1, .action = action});
    const std::string body = Body(&writer);
    std::size_t begin = 2;  // Behind the format.
    for (int level = 0; level < 2; ++level) {
      ++begin;
      while ((static_cast<unsigned char>(body[begin++]) & 0x80U) != 0) {
      }
    }
    corpus.Write("control", name, std::string_view(body).substr(begin));
  };
  write("publish", PublishPlaybook{RandomValues(kSeed).Playbook()});
  write("prepare", PreparePlaybook{RandomValues(kSeed).Playbook()});
  write("rule", RuleWord{.rule = "stalled", .word = RuleWord::Word::kKill});
  write("approval",
        ApprovalWord{
            .tenant = "acme", .user = "ada", .rule = "risk_high", .rung = 1, .is_granted = true});
  write(
      "erase",
      EraseWord{
          .tenant = "acme", .at = kSomeTime, .users = {"ada"}, .hashes = {{.high = 7, .low = 8}}});
}

void WriteState(const Corpus& corpus) {
  RandomValues random(kSeed);
  for (const char* const name : {"1", "2", "3"}) {
    corpus.Write("state", std::string("user-") + name, EncodeUser(random.User()));
    corpus.Write("state", std::string("account-") + name, EncodeAccount(random.Account()));
  }
  corpus.Write("state", "clock", EncodeClock(random.Clock()));
  corpus.Write("state", "meta", EncodeMeta(random.MetaValue()));
  corpus.Write("state", "person", EncodePerson(random.Person()));
  corpus.Write("state", "playbook", EncodePlaybook(random.Playbook()));
  journey::ErasedIds ids;
  corpus.Write("erased", "none", EncodeErasedIds(ids));
  ids.Add({.high = 7, .low = 8}, "acme", kSomeTime);
  corpus.Write("erased", "one", EncodeErasedIds(ids));
  ids.Add({.high = ~std::uint64_t{0}, .low = 0}, "globex", kEpoch);
  ids.Add({.high = 7, .low = 8}, "globex", kSomeTime);
  corpus.Write("erased", "several", EncodeErasedIds(ids));

  const std::string odd("a\0b", 3);
  corpus.Write("keys", "user", state::UserKey("acme", odd));
  corpus.Write("keys", "account", state::AccountKey(odd));
  corpus.Write("keys", "email", state::EmailKey("acme", "0123456789abcdef"));
  corpus.Write("keys", "waiting", state::WaitingKey("ada", 258));
  corpus.Write("keys", "gate", state::GateKey(state::AccountKey("acme")));
  corpus.Write("keys", "timer", state::TimerKey(kSomeTime, state::AccountKey("acme")));
  corpus.Write("keys", "value", state::MakeValue("payload", kSomeTime));
}

void WriteOutputs(const Corpus& corpus) {
  OutputOptions options{.app = "foothold", .encodings = {}};
  for (TopicEncoding& encoding : options.encodings) {
    encoding.format = OutputFormat::kProtobufRaw;
  }
  OutputEncoder encoder(options);
  const auto write = [&](char choice, std::string_view name, const journey::OutputRecord& record) {
    const EncodedOutput& output = encoder.Encode(record);
    corpus.Write("outputs", name, choice + output.value.value_or(""));
  };
  write(0, "activation", ExampleUserActivation());
  write(1, "risk", ExampleUserRisk());
  write(2, "progress", ExampleProgress());
  write(3, "user-status", ExampleUserStatus());
  write(4, "account-status", ExampleAccountStatus());
  write(5, "requested", ExampleEmail());
  write(7, "suppressed", ExampleSuppressed());
}

void WriteMessages(const Corpus& corpus) {
  v1::Event message;
  message.set_kind(v1::Event::KIND_TRACK);
  message.set_event("Dashboard Viewed");
  message.set_tenant_id("acme");
  message.set_user_id("ada");
  message.mutable_occurred_at()->set_seconds(1'767'000'000);
  (*message.mutable_properties())["dashboardId"].set_text("d-9");
  (*message.mutable_properties())["list"].set_json("[1,{\"a\":null}]");
  (*message.mutable_properties())["share"].set_number(1.5);
  std::string track = message.SerializeAsString();
  corpus.Write("protobuf_raw", "track", track);
  corpus.Write("intake", "protobuf_track", '\4' + track);
  corpus.Write("protobuf_framed", "first", std::string("\0\0\0\7\0", 5) + track);
  corpus.Write("protobuf_framed", "indexes", std::string("\0\0\0\7\2\0", 6) + track);
  corpus.Write("protobuf_framed", "short", "\1\2\3");
  message.set_kind(v1::Event::KIND_ALIAS);
  message.clear_tenant_id();
  message.clear_event();
  message.set_previous_user_id("anon");
  corpus.Write("protobuf_raw", "alias", message.SerializeAsString());
  corpus.Write("intake", "protobuf_alias", '\4' + message.SerializeAsString());
  message.set_kind(v1::Event::KIND_GROUP);
  message.set_tenant_id("acme");
  (*message.mutable_traits())["seats"].set_integer(-5);
  (*message.mutable_traits())["active"].set_truth(true);
  corpus.Write("protobuf_raw", "group", message.SerializeAsString());
}

}  // namespace
}  // namespace foothold::codec

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "fuzz_seeds FOLDER\n";
    return EXIT_FAILURE;
  }
  const foothold::codec::Corpus corpus(words[1]);
  foothold::codec::WriteJournal(corpus);
  foothold::codec::WriteControl(corpus);
  foothold::codec::WriteState(corpus);
  foothold::codec::WriteOutputs(corpus);
  foothold::codec::WriteMessages(corpus);
  return EXIT_SUCCESS;
}
