#pragma once

// What was read from bytes, as text, every field of it: what is compared with the stored samples.

#include <string>

#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/journey/erased_ids.h"
#include "src/journey/gate.h"
#include "src/journey/volumes.h"

namespace foothold::formats {

std::string Describe(const journey::User& value);
std::string Describe(const journey::Account& value);
std::string Describe(const journey::Person& value);
std::string Describe(const journey::Clock::Parts& value);
std::string Describe(const codec::Meta& value);
std::string Describe(const journey::Playbook& value);
std::string Describe(const journey::RuleControls& value);
std::string Describe(const journey::ReleaseCounts& value);
std::string Describe(const journey::ErasedIds& value);
std::string Describe(const journey::EventVolumes& value);
std::string Describe(const codec::JournalEntry& value);

}  // namespace foothold::formats
