#include "src/stream/erased_fact.h"

#include <string>

#include "src/codec/erased_facts.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

const std::string& ErasedKey() {
  static const std::string kKey = state::FactKey("erased");
  return kKey;
}

}  // namespace

Result<journey::ErasedIds> ReadErased(PartitionState* state) {
  FOOTHOLD_ASSIGN(const std::optional<std::string> bytes, state->Read(ErasedKey()));
  return bytes.has_value() ? codec::DecodeErasedIds(*bytes) : journey::ErasedIds();
}

void WriteErased(const journey::Clock& clock, journey::ErasedIds* erased, PartitionState* state) {
  erased->Prune(TimeOfErasures(clock));
  state->Write(ErasedKey(), codec::EncodeErasedIds(*erased));
}

std::optional<Instant> TimeOfErasures(const journey::Clock& clock) {
  return clock.wall().has_value() ? clock.wall() : clock.now();
}

}  // namespace foothold::stream
