#pragma once

#include <string>
#include <string_view>

#include "src/intake/source_progress.h"

namespace foothold::stream {

// How far a source partition was read, as it is committed with its position: whoever reads on there
// knows what all before have seen. Without it a process that begins anew would take the largest
// event time for that of what is left.
//
//   note := '1' ' ' time ' ' time ' ' time     largest and smallest event time, newest broker time
//   time := '-' | digits                       in ms; '-': none yet
//
// That the partition is read to its end is not part of it: it may have grown since.
std::string EncodeProgressNote(const intake::ReadProgress& read);
// Empty if the note is not of this form: the position was set by other means.
intake::ReadProgress DecodeProgressNote(std::string_view note);

}  // namespace foothold::stream
