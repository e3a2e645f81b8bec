#pragma once

// The decoders against any bytes. A target decodes what it is given and holds the decoder to its
// promises; a crash, a failed check or a sanitizer's finding ends the process.

#include <span>
#include <string>
#include <string_view>

namespace foothold::fuzz {

struct Target {
  std::string_view name;  // Its folder in tests/fuzz/corpus.
  // What is wrong with what the decoder made of `bytes`, in a line; "" if nothing is. The same
  // bytes, the same answer: what was decoded before leaves no trace.
  std::string (*run)(std::string_view bytes);
};

// Each once, in order of name.
std::span<const Target> Targets();
// nullptr if there is none of that name.
const Target* FindTarget(std::string_view name);

// Records of a source: the outcome is one of the decoder's, keeps its promises, and is the same
// whatever the decoder has seen before.
std::string JsonSegment(std::string_view record);
std::string JsonRudderstack(std::string_view record);
std::string JsonPosthog(std::string_view record);
std::string JsonMixpanel(std::string_view record);
std::string ProtobufRaw(std::string_view record);
// The bytes behind Confluent's magic byte, and once more beside a schema header made of them.
std::string ProtobufFramed(std::string_view bytes);
// The first byte chooses the preset, the rest is the record: what is accepted goes into a journal
// batch, by way of the people topic where it names no account, and comes out as it was.
std::string Intake(std::string_view bytes);

// What stands in a journal batch behind its checksum, which is made to agree: refused as damaged or
// newer, or each entry can be written again and is the same then.
std::string Journal(std::string_view body);
// Likewise the body of one control entry.
std::string ControlEntry(std::string_view body);
// The first byte chooses the record, the rest is its value: refused, or readable twice alike.
std::string Outputs(std::string_view bytes);

// A payload of the store, of the kind that its first byte says; likewise who was erased.
std::string State(std::string_view payload);
std::string Erased(std::string_view payload);
// A key of the store, of its timer index, and a value's header: refused, or made again of its
// parts.
std::string Keys(std::string_view key);
// What is committed with a source's position.
std::string ProgressNote(std::string_view note);

// YAML: refused with a line for each problem, or what was read can be written and read again.
std::string PlaybookText(std::string_view text);
std::string ConfigText(std::string_view text);

}  // namespace foothold::fuzz
