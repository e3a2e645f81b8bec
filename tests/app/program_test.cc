#include <array>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "src/app/flags.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string out;
  std::string error;
};

template <class Run>
Outcome Capture(const Run& run) {
  std::ostringstream out;
  std::ostringstream error;
  const Surroundings surroundings{.out = out, .error = error};
  const int code = run(surroundings);
  return {.code = code, .out = out.str(), .error = error.str()};
}

int Greet(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string name = "world";
  std::int64_t times = 1;
  bool is_loud = false;
  std::vector<std::string> files;
  Flags flags("greet", "Greets.");
  flags.AddText("-n,--user-name", &name, "Whom");
  flags.AddNumber("--times", &times, 1, 3, "How often");
  flags.AddSwitch("--loud", &is_loud, "With a mark");
  flags.AddPositionals("FILE", &files, 0, "Read by nobody");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings)) {
    return *code;
  }
  for (std::int64_t i = 0; i < times; ++i) {
    surroundings.out << "hello " << name << (is_loud ? "!" : "");
  }
  for (const std::string& file : files) {
    surroundings.out << " " << file;
  }
  return kExitOk;
}

Outcome RunGreeter(const std::vector<std::string>& arguments) {
  const std::vector<Command> commands{{.name = "greet", .summary = "Greets", .run = &Greet}};
  return Capture([&](const Surroundings& surroundings) {
    return RunProgram(commands, arguments, surroundings);
  });
}

// Sets a variable of the environment for the life of a test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

TEST(ProgramTest, TheArgumentsAfterTheNameAreTheCommands) {
  const Outcome outcome = RunGreeter({"greet", "-n", "Ada", "--times=2", "--loud", "a", "b"});

  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_EQ(outcome.out, "hello Ada!hello Ada! a b");
  EXPECT_EQ(outcome.error, "");
}

TEST(ProgramTest, AWrongNameIsRefusedWithTheNearestOne) {
  const Outcome outcome = RunGreeter({"gret"});

  EXPECT_EQ(outcome.code, kExitConfig);
  EXPECT_THAT(outcome.error, HasSubstr("no command 'gret'; did you mean 'greet'?"));
  EXPECT_EQ(outcome.out, "");
}

TEST(ProgramTest, HelpIsDataAndItsAbsenceAMistake) {
  EXPECT_THAT(RunGreeter({"--help"}).out, HasSubstr("  greet  Greets\n"));
  EXPECT_EQ(RunGreeter({"--help"}).code, kExitOk);
  EXPECT_EQ(RunGreeter({}).code, kExitConfig);
  EXPECT_EQ(RunGreeter({}).out, "");
}

TEST(ProgramTest, HelpOfACommandShowsDefaultsAndTwins) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"greet", "--help"}, {"help", "greet"}}) {
    const Outcome outcome = RunGreeter(arguments);

    EXPECT_EQ(outcome.code, kExitOk);
    EXPECT_THAT(outcome.out, HasSubstr("foothold greet"));
    EXPECT_THAT(outcome.out, HasSubstr("--user-name"));
    EXPECT_THAT(outcome.out, HasSubstr("=world"));
    EXPECT_THAT(outcome.out, HasSubstr("FOOTHOLD_USER_NAME"));
  }
}

TEST(ProgramTest, AnUnwritableOutputIsAFailure) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  std::ostringstream error;
  const std::vector<Command> commands{{.name = "greet", .summary = "Greets", .run = &Greet}};
  const std::vector<std::string> arguments{"greet"};

  EXPECT_EQ(RunProgram(commands, arguments, {.out = out, .error = error}), kExitFailure);
  EXPECT_THAT(error.str(), HasSubstr("could not be written"));
}

TEST(FlagsTest, AMistakeIsOneLineThatNamesIt) {
  const Outcome outcome = RunGreeter({"greet", "--user-nam", "Ada"});

  EXPECT_EQ(outcome.code, kExitConfig);
  EXPECT_THAT(outcome.error, StartsWith("foothold greet: "));
  EXPECT_THAT(outcome.error, HasSubstr("did you mean --user-name?"));
  EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1);
  EXPECT_EQ(outcome.out, "");
}

TEST(FlagsTest, NumbersOutsideTheirRangeAreRefused) {
  EXPECT_EQ(RunGreeter({"greet", "--times", "0"}).code, kExitConfig);
  EXPECT_EQ(RunGreeter({"greet", "--times", "4"}).code, kExitConfig);
  EXPECT_EQ(RunGreeter({"greet", "--times", "two"}).code, kExitConfig);
  EXPECT_THAT(RunGreeter({"greet", "--times", "4"}).error, HasSubstr("--times"));
}

TEST(FlagsTest, TheEnvironmentStandsInAndTheCommandLineWins) {
  const ScopedVariable name("FOOTHOLD_USER_NAME", "Grace");
  const ScopedVariable loud("FOOTHOLD_LOUD", "true");

  EXPECT_EQ(RunGreeter({"greet"}).out, "hello Grace!");
  EXPECT_EQ(RunGreeter({"greet", "--user-name", "Ada"}).out, "hello Ada!");
}

TEST(FlagsTest, ABadValueInTheEnvironmentIsRefusedToo) {
  const ScopedVariable times("FOOTHOLD_TIMES", "many");

  EXPECT_EQ(RunGreeter({"greet"}).code, kExitConfig);
}

TEST(FlagsTest, LoggingIsChosenByName) {
  LogOptions options;
  Flags flags("run", "Runs.");
  flags.AddLogging(&options);
  const std::vector<std::string> arguments{"--log-level", "warning", "--log-format=json"};

  const Outcome outcome = Capture([&](const Surroundings& surroundings) {
    return flags.Parse(arguments, surroundings).value_or(-1);
  });

  EXPECT_EQ(outcome.code, -1);
  EXPECT_EQ(options.level, LogLevel::kWarning);
  EXPECT_EQ(options.format, LogFormat::kJson);
}

TEST(FlagsTest, ATextThatMayComeOftenDoesNotSwallowWhatFollows) {
  std::vector<std::string> settings;
  std::vector<std::string> files;
  Flags flags("replay", "Replays.");
  flags.AddTexts("--set", &settings, "A setting");
  flags.AddPositionals("FILE", &files, 1, "What is read");
  const std::vector<std::string> arguments{"--set", "a=1", "--set", "b=2", "x.ndjson"};

  const Outcome outcome = Capture([&](const Surroundings& surroundings) {
    return flags.Parse(arguments, surroundings).value_or(-1);
  });

  EXPECT_EQ(outcome.code, -1) << outcome.error;
  EXPECT_THAT(settings, testing::ElementsAre("a=1", "b=2"));
  EXPECT_THAT(files, testing::ElementsAre("x.ndjson"));
}

TEST(FlagsDeathTest, ATwinThatKubernetesSetsIsRefused) {
  std::string target;
  Flags flags("run", "Runs.");

  EXPECT_DEATH(flags.AddText("--port", &target, "A port"), "Kubernetes");
}

TEST(VersionTest, SaysWhatTheBinaryIs) {
  const auto run = [](const std::vector<std::string>& arguments) {
    const std::vector<Command> commands = Commands();
    return Capture([&](const Surroundings& surroundings) {
      return RunProgram(commands, arguments, surroundings);
    });
  };

  EXPECT_THAT(run({"version"}).out, StartsWith("foothold "));
  EXPECT_THAT(run({"--version"}).out, HasSubstr("rdkafka"));
  EXPECT_THAT(run({"version", "-o", "json"}).out, StartsWith("{\"version\":\""));
}

}  // namespace
}  // namespace foothold::app
