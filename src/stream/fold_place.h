#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/ids.h"
#include "src/codec/state.h"

namespace foothold::stream {

// How far the fold of one partition has come. A step is what no commit cuts: an entry's visits, one
// timer, one member of a walk.
struct FoldPlace {
  NextOffset next;          // The record of the input that is not finished, ...
  std::uint32_t entry = 0;  // ... its entry that is not, ...
  // ... and the steps of that which were done since it began, or since the checkpoint within it.
  std::uint64_t steps = 0;
  friend auto operator<=>(const FoldPlace&, const FoldPlace&) = default;
};

// What stands beside each position that a keyed stage commits: the checkpoint that its state is
// built from, and how far it had come. Between the two the changelog has nothing; the input is
// folded again. As text, the note of the position (log::Position):
//
//   note := "1 " checkpoint_next ' ' checkpoint_number ' ' is_draining ' ' next ' ' entry ' ' steps
//
// all of them decimal.
struct CommitNote {
  NextOffset checkpoint;     // Where the input is to be read on, with that state.
  std::uint64_t number = 0;  // Of the checkpoint, from 1 on: CheckpointNumber().
  // What the fold rests on beside the input: see journey::Context.
  bool is_draining = false;
  FoldPlace reached;  // Up to there everything has been said.
  friend bool operator==(const CommitNote&, const CommitNote&) = default;
};

std::string EncodeCommitNote(const CommitNote& note);
// nullopt: not of this form, as of a position that was set by hand.
std::optional<CommitNote> DecodeCommitNote(std::string_view note);

// The number of the checkpoint that wrote `meta`, a counter in it; 0: there was none.
std::uint64_t CheckpointNumber(const codec::Meta& meta);
void NumberCheckpoint(codec::Meta* meta);

}  // namespace foothold::stream
