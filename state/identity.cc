#include "state/identity.h"

#include <charconv>

#include <fmt/format.h>

#include "src/base/check.h"
#include "state/rocks.h"

namespace foothold::state {
namespace {

constexpr std::string_view kTitle = "foothold state, layout ";

std::string ClaimPath(const std::string& path) { return path + "/FOOTHOLD-STATE"; }

struct Claim {
  int layout = 0;
  std::string identity;
};

std::optional<Claim> ParseClaim(std::string_view text) {
  if (!text.starts_with(kTitle)) return std::nullopt;
  text.remove_prefix(kTitle.size());
  const std::size_t title_end = text.find('\n');
  if (title_end == std::string_view::npos || !text.ends_with('\n')) return std::nullopt;
  Claim claim;
  const char* const number_end = text.data() + title_end;
  const auto [rest, error] = std::from_chars(text.data(), number_end, claim.layout);
  if (error != std::errc() || rest != number_end || claim.layout < 1) return std::nullopt;
  text.remove_prefix(title_end + 1);
  if (text.empty()) return std::nullopt;
  claim.identity = text.substr(0, text.size() - 1);
  return claim;
}

Status CheckClaim(rocksdb::Env* env, const std::string& path, std::string_view identity) {
  std::string text;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, ClaimPath(path), &text);
  if (!read.ok()) return RocksFailure(read, path, "read whose state it is");
  const std::optional<Claim> claim = ParseClaim(text);
  if (!claim) {
    return Error(Code::kCorrupt, fmt::format("state store {}: cannot read whose state it is: {} is "
                                             "damaged",
                                             path, ClaimPath(path)));
  }
  if (claim->layout > kLayoutVersion) {
    return Error(Code::kFatal, fmt::format("state store {}: written in layout {}, this build reads "
                                           "up to {}; run the newer build, or remove the folder",
                                           path, claim->layout, kLayoutVersion));
  }
  if (claim->identity != identity) {
    return Error(Code::kFatal, fmt::format("state store {}: holds the state of '{}', not of '{}'; "
                                           "correct the app id or the state folder",
                                           path, claim->identity, identity));
  }
  return {};
}

}  // namespace

Status ClaimFolder(rocksdb::Env* env, const std::string& path, std::string_view identity) {
  FOOTHOLD_CHECK(identity.find('\n') == std::string_view::npos, "an identity is one line");
  if (env->FileExists(ClaimPath(path)).ok()) return CheckClaim(env, path, identity);
  if (env->FileExists(path + "/CURRENT").ok()) {
    return Error(Code::kFatal,
                 fmt::format("state store {}: holds a database that is not Foothold's; "
                             "correct the state folder, or remove that one",
                             path));
  }
  // Written aside, synced, then named: after a crash it is whole or not there.
  const std::string draft_path = ClaimPath(path) + ".new";
  const std::string text = fmt::format("{}{}\n{}\n", kTitle, kLayoutVersion, identity);
  rocksdb::Status status = rocksdb::WriteStringToFile(env, text, draft_path, /*should_sync=*/true);
  if (status.ok()) status = env->RenameFile(draft_path, ClaimPath(path));
  if (!status.ok()) return RocksFailure(status, path, "claim the folder");
  return {};
}

Status ReleaseFolder(rocksdb::Env* env, const std::string& path) {
  if (!env->FileExists(ClaimPath(path)).ok()) return {};
  const rocksdb::Status status = env->DeleteFile(ClaimPath(path));
  if (!status.ok()) return RocksFailure(status, path, "remove the folder's claim");
  return {};
}

}  // namespace foothold::state
