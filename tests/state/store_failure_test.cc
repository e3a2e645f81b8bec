// What the store does when the process dies, the disk is full, the files are damaged or not its
// own.

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/schema.h"
#include "state/store.h"
#include "tests/state/numbered_batch.h"
#include "tests/state/seed.h"

namespace foothold::state {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace fs = std::filesystem;

// A state_writer under way, killed at the latest by the destructor.
class Writer {
 public:
  explicit Writer(std::vector<std::string> arguments) {
    std::array<int, 2> pipe_fds{};
    EXPECT_EQ(::pipe2(pipe_fds.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
    arguments.insert(arguments.begin(), STATE_WRITER);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, STATE_WRITER, &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_fds[1]);
    lines_ = ::fdopen(pipe_fds[0], "r");
  }
  ~Writer() {
    Kill();
    std::fclose(lines_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // The next line it prints; "" when it has ended.
  std::string NextLine() {
    std::array<char, 2000> line{};
    if (std::fgets(line.data(), static_cast<int>(line.size()), lines_) == nullptr) return "";
    std::string text = line.data();
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  std::FILE* lines_ = nullptr;
};

class StoreFailureTest : public ::testing::Test {
 protected:
  StoreFailureTest() {
    std::string name = (fs::temp_directory_path() / "foothold-state-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    options_ = {.path = (root_ / "shop" / "3").string(),
                .identity = "shop/3",
                .memory = SharedMemory::Create(kNumberedMemoryBytes)};
  }
  ~StoreFailureTest() override { fs::remove_all(root_); }

  std::unique_ptr<Store> Opened() {
    Result<std::unique_ptr<Store>> store = Store::Open(options_);
    EXPECT_TRUE(store.has_value()) << store.error().ToString();
    return std::move(store.value());
  }

  Status OpenStatus() { return StatusOf(Store::Open(options_)); }

  // The code with which an open fails; nullopt if it succeeds.
  std::optional<Code> OpenCode() {
    const Status status = OpenStatus();
    return status.ok() ? std::nullopt : std::optional(status.code());
  }

  // A closed store of a few batches in one file.
  void WriteFlushed(std::int64_t batches) {
    const std::unique_ptr<Store> store = Opened();
    for (std::int64_t number = 0; number < batches; ++number) {
      ASSERT_TRUE(store->Write(NumberedBatch(number)).ok());
    }
    ASSERT_TRUE(store->Flush().ok());
  }

  // The only file of the folder whose name has that beginning or end.
  fs::path FileNamed(const std::string& begin, const std::string& end) {
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(options_.path)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(begin) && name.ends_with(end)) found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1U) << begin << "*" << end;
    return found.empty() ? fs::path() : found.front();
  }

  static void FlipBit(const fs::path& path, std::uintmax_t position) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(position));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(position));
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.good());
  }

  // Everything in the store, and every timer, is that of the batches up to the last one it holds.
  static void ExpectPrefix(const Store& store, std::int64_t* last) {
    const Result<std::int64_t> number = LastNumber(store);
    ASSERT_TRUE(number.has_value());
    *last = *number;
    std::map<std::string, std::string> expected;
    std::vector<DueTimer> expected_timers;
    for (std::int64_t i = std::max<std::int64_t>(0, *last - kNumberedKeys + 1); i <= *last; ++i) {
      expected[NumberedKey(i)] = NumberedValue(i);
      expected_timers.push_back({NumberedDue(i), NumberedKey(i)});
    }
    if (*last >= 0) expected[MetaKey()] = MakeValue(std::to_string(*last), std::nullopt);

    std::map<std::string, std::string> found;
    const Status scanned =
        store.Scan("", "", [&found](std::string_view key, std::string_view value) {
          found.emplace(key, value);
          return true;
        });
    ASSERT_TRUE(scanned.ok()) << scanned.ToString();
    EXPECT_TRUE(found == expected) << "up to batch " << *last;
    EXPECT_EQ(*store.TimersUntil(NumberedDue(*last + 1'000'000), std::nullopt, 1000),
              expected_timers);
  }

  fs::path root_;
  StoreOptions options_;
};

TEST_F(StoreFailureTest, AfterAKillTheStoreHoldsAPrefixOfTheBatchesEachWhole) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::int64_t last = -1;

  for (int kill = 0; kill < 6; ++kill) {
    Writer writer({options_.path, options_.identity});
    ASSERT_EQ(writer.NextLine(), "open");
    const std::int64_t stop_at = last + random.Between(2000, 4000);
    std::int64_t written = last;
    while (written < stop_at) written = std::stoll(writer.NextLine());
    writer.Kill();

    const std::unique_ptr<Store> store = Opened();
    const std::int64_t last_before = last;
    ExpectPrefix(*store, &last);
    EXPECT_GT(last, last_before) << "nothing of " << written - last_before << " batches was kept";
    EXPECT_TRUE(store->Verify().ok());
  }
}

TEST_F(StoreFailureTest, AFullDiskStopsWithThePathAndTheRemedyAndKeepsAPrefix) {
  Writer writer({options_.path, options_.identity, "300000"});
  ASSERT_EQ(writer.NextLine(), "open");

  std::string line = "0";
  while (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) {
    line = writer.NextLine();
  }

  EXPECT_THAT(line, StartsWith("fatal: state store " + options_.path + ": cannot write: "));
  EXPECT_THAT(line, HasSubstr("make room on that disk"));
  EXPECT_EQ(writer.NextLine(), line) << "it says so again";
  writer.Kill();
  std::int64_t last = -1;
  ExpectPrefix(*Opened(), &last);
}

TEST_F(StoreFailureTest, AStoreInUseByAnotherProcessIsRefused) {
  Writer writer({options_.path, options_.identity});
  ASSERT_EQ(writer.NextLine(), "open");

  const Status refused = OpenStatus();
  EXPECT_EQ(refused.code(), Code::kFatal);
  EXPECT_THAT(refused.message(), StartsWith("state store " + options_.path + ": "));
  EXPECT_THAT(refused.message(), HasSubstr("in use by another process"));

  writer.Kill();
  EXPECT_TRUE(OpenStatus().ok());
}

TEST_F(StoreFailureTest, ABitFlippedInTheDataIsFoundByVerifyAndByReading) {
  WriteFlushed(kNumberedKeys);
  FlipBit(FileNamed("", ".sst"), fs::file_size(FileNamed("", ".sst")) / 3);

  const std::unique_ptr<Store> store = Opened();

  EXPECT_EQ(store->Verify().code(), Code::kCorrupt);
  std::vector<std::string> keys;
  int corrupt_count = 0;
  for (std::int64_t number = 0; number < kNumberedKeys; ++number) {
    keys.push_back(NumberedKey(number));
    const Result<std::optional<std::string>> value = store->Get(keys.back());
    if (value.has_value()) {
      EXPECT_EQ(*value, NumberedValue(number)) << "a wrong value must never be read";
    } else {
      EXPECT_EQ(value.error().code(), Code::kCorrupt);
      EXPECT_THAT(value.error().message(), HasSubstr(options_.path));
      ++corrupt_count;
    }
  }
  EXPECT_GT(corrupt_count, 0);
  const auto many = store->MultiGet(keys);
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code(), Code::kCorrupt);
  const Status scanned =
      store->Scan("", "", [](std::string_view, std::string_view) { return true; });
  EXPECT_EQ(scanned.code(), Code::kCorrupt);
}

TEST_F(StoreFailureTest, DamagedFilesAreCorruptAndAFreshStartMendsIt) {
  const std::vector<std::function<void()>> damages = {
      [this] { fs::remove(FileNamed("", ".sst")); },
      [this] { fs::resize_file(FileNamed("", ".sst"), 1000); },
      [this] { fs::remove(FileNamed("MANIFEST-", "")); },
      [this] { FlipBit(FileNamed("MANIFEST-", ""), 20); },
      [this] { std::ofstream(options_.path + "/CURRENT") << "garbage"; },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    WriteFlushed(10);
    damages[i]();
    EXPECT_EQ(OpenCode(), Code::kCorrupt) << "damage " << i;

    ASSERT_TRUE(Store::Destroy(options_).ok());
    EXPECT_FALSE(fs::exists(options_.path));
  }

  std::int64_t last = 0;
  ExpectPrefix(*Opened(), &last);
  EXPECT_EQ(last, -1);
}

TEST_F(StoreFailureTest, ACutManifestIsAnOlderPrefixOrCorrupt) {
  int older_count = 0;
  for (const std::uintmax_t eighths : {1U, 2U, 4U, 5U, 6U, 7U}) {
    WriteFlushed(10);
    const fs::path manifest = FileNamed("MANIFEST-", "");
    fs::resize_file(manifest, fs::file_size(manifest) * eighths / 8);

    const std::optional<Code> code = OpenCode();
    if (code) {
      EXPECT_EQ(*code, Code::kCorrupt);
    } else {
      std::int64_t last = 0;
      ExpectPrefix(*Opened(), &last);
      if (last < 9) ++older_count;
    }
    ASSERT_TRUE(Store::Destroy(options_).ok());
  }
  EXPECT_GT(older_count, 0);
}

TEST_F(StoreFailureTest, TheStoreOfAnotherPartitionIsRefusedByName) {
  WriteFlushed(1);
  options_.identity = "shop/4";

  const Status refused = OpenStatus();

  EXPECT_EQ(refused.code(), Code::kFatal);
  EXPECT_THAT(refused.message(), HasSubstr("holds the state of 'shop/3', not of 'shop/4'"));
}

TEST_F(StoreFailureTest, AStoreOfANewerLayoutIsRefusedByName) {
  WriteFlushed(1);
  std::ofstream(options_.path + "/FOOTHOLD-STATE") << "foothold state, layout 2\nshop/3\n";

  const Status refused = OpenStatus();

  EXPECT_EQ(refused.code(), Code::kFatal);
  EXPECT_THAT(refused.message(), HasSubstr("written in layout 2, this build reads up to 1"));
}

TEST_F(StoreFailureTest, AnUnreadableClaimIsCorrupt) {
  for (const std::string claim : {"", "foothold state, layout 1", "foothold state, layout x\na\n",
                                  "foothold state, layout 1\n", "something else\n"}) {
    fs::create_directories(options_.path);
    std::ofstream(options_.path + "/FOOTHOLD-STATE") << claim;
    EXPECT_EQ(OpenCode(), Code::kCorrupt) << claim;
    ASSERT_TRUE(Store::Destroy(options_).ok());
  }
  EXPECT_TRUE(OpenStatus().ok());
}

TEST_F(StoreFailureTest, ADatabaseOfSomebodyElseIsNotTouched) {
  WriteFlushed(1);
  fs::remove(options_.path + "/FOOTHOLD-STATE");

  const Status refused = OpenStatus();

  EXPECT_EQ(refused.code(), Code::kFatal);
  EXPECT_THAT(refused.message(), HasSubstr("not Foothold's"));
}

TEST_F(StoreFailureTest, AFolderThatCannotBeMadeIsRefusedWithItsPath) {
  std::ofstream(root_ / "file") << "in the way";
  options_.path = (root_ / "file" / "3").string();

  const Status refused = OpenStatus();

  EXPECT_EQ(refused.code(), Code::kFatal);
  EXPECT_THAT(refused.message(), HasSubstr(options_.path + ": cannot make the folder"));
}

}  // namespace
}  // namespace foothold::state
