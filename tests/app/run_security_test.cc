// `foothold run` over TLS, logged in, under rights: what it needs is what deploy/operate.md lists,
// and what is missing or wrong is said in one line. No secret is ever printed.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/command.h"
#include "tests/app/running.h"
#include "tests/kafka/acls.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::app {
namespace {

using kafka::AclOperation;
using kafka::AclPattern;
using kafka::AclResource;
using kafka::Must;
using kafka::Right;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kUser = "service";  // It has all rights of the table below.

// What the rights of the table are on.
enum class Place { kSource, kInternal, kOutput, kGroup, kTransactionalId };

// One operation of the table in deploy/operate.md, and what a start says without it.
struct Row {
  Place place = Place::kSource;
  AclOperation operation = AclOperation::kRead;
  std::string user;                // Who lacks it, and nothing else.
  std::vector<std::string> words;  // "{source}", "{app}" stand for the names.
  // Asked for only where the topics are there already: from the second start on.
  bool is_for_what_exists = false;
};

const std::vector<Row>& Table() {
  static const std::vector<Row> rows = {
      {Place::kSource,
       AclOperation::kRead,
       "no-source-read",
       {"{source}", "grant Read on the topic if it is read"}},
      {Place::kSource,
       AclOperation::kDescribeConfigs,
       "no-source-configs",
       {"{source}", "grant DescribeConfigs on the topic"}},
      {Place::kInternal,
       AclOperation::kRead,
       "no-internal-read",
       {"{app}-", "grant Read on the topic"}},
      {Place::kInternal,
       AclOperation::kWrite,
       "no-internal-write",
       {"which writes {app}-", "grant Write on the topic"}},
      {Place::kInternal,
       AclOperation::kCreate,
       "no-internal-create",
       {"{app}-", "grant Create on the topic"}},
      {Place::kInternal,
       AclOperation::kDescribeConfigs,
       "no-internal-configs",
       {"{app}-", "grant DescribeConfigs on the topic"},
       true},
      {Place::kOutput,
       AclOperation::kWrite,
       "no-output-write",
       {"{app}.activation", "Write if it is written"}},
      {Place::kOutput,
       AclOperation::kCreate,
       "no-output-create",
       {"{app}.", "grant Create on the topic"}},
      {Place::kOutput,
       AclOperation::kDescribeConfigs,
       "no-output-configs",
       {"{app}.", "grant DescribeConfigs on the topic"},
       true},
      {Place::kGroup,
       AclOperation::kRead,
       "no-group",
       {"{app}-", "grant Read on the consumer group"}},
      {Place::kTransactionalId,
       AclOperation::kWrite,
       "no-transactions",
       {"{app}-", "grant Write and Describe on the transactional id"}},
  };
  return rows;
}

Right RightOf(const Row& row, const std::string& user, const std::string& source) {
  switch (row.place) {
    case Place::kSource:
      return {user, AclResource::kTopic, AclPattern::kLiteral, source, row.operation};
    case Place::kInternal:
      return {user, AclResource::kTopic, AclPattern::kPrefixed, user + "-", row.operation};
    case Place::kOutput:
      return {user, AclResource::kTopic, AclPattern::kPrefixed, user + ".", row.operation};
    case Place::kGroup:
      return {user, AclResource::kGroup, AclPattern::kPrefixed, user + "-", row.operation};
    case Place::kTransactionalId:
      return {user, AclResource::kTransactionalId, AclPattern::kPrefixed, user + "-",
              row.operation};
  }
  return {};
}

void RunTool(const std::string& command) {
  ASSERT_EQ(std::system((command + " 2>/dev/null").c_str()), 0) << command;
}

// A certificate authority of the tests, and the certificate of a broker that is called localhost.
void MakeCertificates(const Folder& folder) {
  const std::string to = "cd '" + folder.path().string() + "' && ";
  for (const char* const name : {"ca", "stranger"}) {
    RunTool(to + fmt::format("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={0} "
                             "-keyout {0}.key -out {0}.pem",
                             name));
  }
  folder.Write("name.cnf", "subjectAltName=DNS:localhost\n");
  RunTool(to +
          "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout broker.key "
          "-out broker.csr");
  RunTool(to +
          "openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
          "-extfile name.cnf -out broker.pem");
  RunTool(to + "cat broker.key broker.pem > keys.pem");
}

class RunSecurityTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<Folder>();
    MakeCertificates(*folder_);
    kafka::BrokerOptions options;
    options.tls_keys = folder_->PathOf("keys.pem");
    options.users = {kUser};
    for (const Row& row : Table()) {
      options.users.push_back(row.user);
    }
    broker_ = Must(kafka::TestBroker::Start(options));
    log_ = kafka::OpenLog(broker_->servers());
    source_ = kafka::MakeTopic(log_.get(), 1);
    Produce(log_.get(), source_,
            {{.key = "ada", .value = EventOf("ada", "Report Exported", 1), .headers = {}}});
    std::vector<Right> rights;
    for (const std::string& user : options.users) {
      for (const Row& row : Table()) {
        if (row.user != user) {
          rights.push_back(RightOf(row, user, source_));
        }
      }
      // Write would include it.
      rights.push_back({user, AclResource::kTransactionalId, AclPattern::kPrefixed, user + "-",
                        AclOperation::kDescribe});
    }
    Must(kafka::Grant(broker_->servers(), rights));
  }
  static void TearDownTestSuite() {
    log_.reset();
    broker_.reset();
    folder_.reset();
  }

  // An app by the user's name, all of whose topics begin with it.
  static RunSetup SetupOf(const std::string& user) {
    RunSetup setup = NewSetup(broker_->tls_servers(), *folder_);
    setup.app = user;
    setup.source = source_;
    setup.state_dir = folder_->PathOf("state-" + user);
    setup.kafka = KafkaOf(user, kafka::kPassword, "ca.pem");
    return setup;
  }
  static std::string KafkaOf(const std::string& user, const std::string& password,
                             const std::string& authority) {
    return fmt::format(
        ", security.protocol: sasl_ssl, sasl.mechanism: PLAIN, sasl.username: {}, "
        "sasl.password: \"{}\", ssl.ca.location: \"{}\", broker.address.family: v4",
        user, password, folder_->PathOf(authority));
  }
  // The outputs that WriteConfig() does not name are under the app's name, too.
  static Ending Drain(const RunSetup& setup) {
    std::string text = ConfigText(setup);
    return RunFoothold({"run", "-c", folder_->Write("foothold.yaml", text), "--drain"});
  }
  static std::string ConfigText(const RunSetup& setup) {
    const std::string path = WriteConfig(setup, *folder_);
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::string own = fmt::format(
        "outputs:\n"
        "  risk: {{topic: {0}.risk}}\n"
        "  interventions_email: {{topic: {0}.email}}\n"
        "  interventions_in_app: {{topic: {0}.in-app}}\n"
        "  interventions_cs: {{topic: {0}.cs}}\n"
        "  interventions_log: {{topic: {0}.log}}\n",
        setup.app);
    return text.replace(text.find("outputs:\n"), 9, own);
  }

  static inline std::unique_ptr<Folder> folder_;
  static inline std::unique_ptr<kafka::TestBroker> broker_;
  static inline std::unique_ptr<log::Log> log_;
  static inline std::string source_;
};

// One error, in one line, with these words and without the password.
void ExpectRefusal(const Ending& ending, const std::vector<std::string>& words) {
  EXPECT_EQ(ending.code, kExitFailure) << ending.error;
  EXPECT_EQ(ending.out, "");
  std::vector<std::string> errors;
  std::istringstream lines(ending.error);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("Z error ") != std::string::npos) {
      errors.push_back(line);
    }
  }
  ASSERT_EQ(errors.size(), 1U) << ending.error;
  for (const std::string& word : words) {
    EXPECT_THAT(errors[0], HasSubstr(word));
  }
  EXPECT_THAT(ending.error, Not(HasSubstr(kafka::kPassword)));
}

TEST_F(RunSecurityTest, TheListedRightsAreEnough) {
  const RunSetup setup = SetupOf(kUser);

  const Ending ending = Drain(setup);

  EXPECT_EQ(ending.code, kExitOk) << ending.error;
  EXPECT_THAT(ending.error, HasSubstr("drained"));
  EXPECT_THAT(ending.error, Not(HasSubstr(kafka::kPassword)));
  EXPECT_EQ(Consume(log_.get(), UserStatusTopic(setup), kOutputPartitions).size(), 1U);
}

TEST_F(RunSecurityTest, EachRightThatIsMissingIsNamed) {
  for (const Row& row : Table()) {
    SCOPED_TRACE(row.user);
    std::vector<std::string> words;
    for (std::string word : row.words) {
      if (const std::size_t at = word.find("{app}"); at != std::string::npos) {
        word.replace(at, 5, row.user);
      }
      words.push_back(word == "{source}" ? source_ : word);
    }
    const RunSetup setup = SetupOf(row.user);
    if (row.is_for_what_exists) {
      EXPECT_EQ(Drain(setup).code, kExitOk);
    }

    ExpectRefusal(Drain(setup), words);
  }
}

TEST_F(RunSecurityTest, AWrongPasswordIsSaidOnceAndNotPrinted) {
  RunSetup setup = SetupOf(kUser);
  setup.kafka = KafkaOf(kUser, "not-the-word", "ca.pem");

  const Ending ending = Drain(setup);

  ExpectRefusal(ending, {"sasl.username", "sasl.password"});
  EXPECT_THAT(ending.error, Not(HasSubstr("not-the-word")));
}

TEST_F(RunSecurityTest, ACertificateOfAStrangerIsRefusedWithTheRemedy) {
  RunSetup setup = SetupOf(kUser);
  setup.kafka = KafkaOf(kUser, kafka::kPassword, "stranger.pem");

  ExpectRefusal(Drain(setup), {"certificate verify failed", "ssl.ca.location"});
}

TEST_F(RunSecurityTest, ABrokerOfAnotherNameIsRefusedWithTheRemedy) {
  RunSetup setup = SetupOf(kUser);
  setup.servers.replace(0, std::string("localhost").size(), "127.0.0.1");

  ExpectRefusal(Drain(setup),
                {"certificate verify failed", "127.0.0.1", "certificate has the host name"});
}

// With the right password: it is librdkafka 2.0.2 that cannot.
TEST_F(RunSecurityTest, ScramIsRefusedWithTheVersionThatItNeeds) {
  RunSetup setup = SetupOf(kUser);
  const std::size_t at = setup.kafka.find("PLAIN");
  setup.kafka.replace(at, 5, "SCRAM-SHA-512");

  ExpectRefusal(Drain(setup), {"SCRAM-SHA-512", "2.6.1"});
}

TEST_F(RunSecurityTest, WhatIsShownOfTheConfigurationHasNoSecret) {
  const RunSetup setup = SetupOf(kUser);
  const std::string config =
      folder_->Write("shown.yaml", ConfigText(setup) + "email_salt: a-salt-of-tests\n");

  for (const char* const command : {"config", "validate"}) {
    const Ending ending = RunFoothold({command, "-c", config});

    EXPECT_EQ(ending.code, kExitOk) << ending.error;
    for (const char* const secret : {kafka::kPassword, "a-salt-of-tests"}) {
      EXPECT_THAT(ending.out + ending.error, Not(HasSubstr(secret))) << command;
    }
  }
}

}  // namespace
}  // namespace foothold::app
