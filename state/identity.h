#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace rocksdb {
class Env;
}

namespace foothold::state {

// The file FOOTHOLD-STATE in a store's folder says in plain text whose state it is:
//
//   foothold state, layout 1
//   shop/3
//
// The folder is claimed before the database is made in it, so files without a claim are not ours.
inline constexpr int kLayoutVersion = 1;

// Claims the folder for `identity`, or checks that it is claimed for it. kFatal, naming both, if it
// belongs to another, was written in a newer layout, or holds a database that nobody claimed.
// kCorrupt if the claim cannot be read.
Status ClaimFolder(rocksdb::Env* env, const std::string& path, std::string_view identity);
// Gives the folder up: the last step of its removal. Nothing to give up is a success.
Status ReleaseFolder(rocksdb::Env* env, const std::string& path);

}  // namespace foothold::state
