#pragma once

// The messages of proto/ as lines, so that a stored copy can be held against them.
//
//   line := message ' ' number ' ' type ' ' name      type: "optional int64", "repeated
//   foothold.v1.Ask",
//                                                     in a oneof "oneof(action) ..."
//         | enum ' ' number ' ' "value" ' ' name
// In order of message or enum, then of number.

#include <string>
#include <string_view>
#include <vector>

namespace foothold::formats {

// Of every file of proto/, as it was compiled into this program.
std::vector<std::string> DescriptorLines();

// What keeps readers of `stored` from reading what `today` writes: a field or value that is there
// no more and whose number and name are not both reserved, or that has become another one. A line
// each, empty if there is nothing.
std::vector<std::string> Breaks(const std::vector<std::string>& stored,
                                const std::vector<std::string>& today);

// `stored` and what is new in `today`, in order. What is reserved stays: it never comes back.
std::vector<std::string> Merged(const std::vector<std::string>& stored,
                                const std::vector<std::string>& today);

}  // namespace foothold::formats
