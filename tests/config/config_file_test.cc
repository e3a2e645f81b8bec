#include "src/config/config_file.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/text_file.h"

namespace foothold::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

Config Read(std::string_view text) {
  const Checked<Config> config = ReadConfig(text, "foothold.yaml");
  EXPECT_TRUE(config.has_value()) << ToString(config.error());
  return config.value_or(Config{});
}

std::string ErrorsOf(std::string_view text) {
  const Checked<Config> config = ReadConfig(text, "foothold.yaml");
  return config.has_value() ? "" : ToString(config.error());
}

constexpr std::string_view kEverything = R"(app: acme.onboarding
instance: acme-3
kafka: {bootstrap.servers: "b1:9092,b2:9092", linger.ms: 5, sasl.password: "p: #w'd"}
sources:
  - name: product
    topics: [events.web, events.app]
    preset: posthog
    group_type: workspace
    mapping: {tenant: properties.workspace_id, role: "const:member"}
    start: 2026-01-31T00:00:00Z
    silence_after: 2h
  - {name: billing, topics: billing, preset: segment, required: false, product: false, start: latest}
playbook: books/mine.yaml
outputs:
  activation: {topic: acme.activation, format: protobuf, framing: framed, schema_id: 12, person: false}
  user_status: {format: protobuf}
  progress: {topic: acme.progress}
  risk: {topic: acme.risk, person: false}
  interventions_log: {topic: acme.log, format: protobuf}
  dead_letter: {topic: acme.dead}
  partitions: 12
  replication: 3
journal: {partitions: 16, retention: 400d}
state: {dir: "/data/with space", memory: 1GiB, cache: 96MiB, checkpoint_interval: 3s}
intake: {workers: 2}
people: {workers: 3, partitions: 6, waiting: 1GiB}
journey: {workers: 4}
commit_interval: 250ms
record_bytes_max: 512KiB
clock: {idle: event}
http: {listen: "[::1]:0", ready_lag_max: 90s}
serve: {listen: "0.0.0.0:80", token_file: secrets/page, approvals: true}
log: {level: warning, format: json}
watchdog: 2m
session_timeout: 10s
email_salt: pepper
)";

TEST(ConfigFileTest, AnEmptyFileHasTheDocumentedDefaults) {
  const Config config = Read("");

  EXPECT_EQ(config, Config{});
  EXPECT_EQ(config.app, "foothold");
  EXPECT_EQ(config.journal.partitions, 8);
  EXPECT_EQ(config.outputs.partitions, 4);
  EXPECT_EQ(config.commit_interval, milliseconds(100));
  EXPECT_EQ(config.record_bytes_max, 1024 * 1024);
  EXPECT_EQ(config.http_listen, "127.0.0.1:9464");
  EXPECT_EQ(config.watchdog, milliseconds(90'000));
  EXPECT_EQ(config.clock, journey::ClockMode::kWall);
}

TEST(ConfigFileTest, ReadsEveryKey) {
  const Config config = Read(kEverything);

  EXPECT_EQ(config.app, "acme.onboarding");
  EXPECT_EQ(config.instance, "acme-3");
  EXPECT_THAT(config.kafka, ElementsAre(Pair("bootstrap.servers", "b1:9092,b2:9092"),
                                        Pair("linger.ms", "5"), Pair("sasl.password", "p: #w'd")));
  ASSERT_THAT(config.sources, SizeIs(2));
  const Source& product = config.sources[0];
  EXPECT_THAT(product.topics, ElementsAre("events.web", "events.app"));
  EXPECT_EQ(product.preset, "posthog");
  EXPECT_THAT(product.mapping,
              ElementsAre(Pair("group_type", "workspace"), Pair("role", "const:member"),
                          Pair("tenant", "properties.workspace_id")));
  EXPECT_EQ(product.start.kind, Start::Kind::kTime);
  EXPECT_EQ(FormatRfc3339(product.start.time), "2026-01-31T00:00:00.000Z");
  EXPECT_EQ(product.silence_after, 2 * kHour);
  EXPECT_TRUE(product.is_required && product.is_product);
  const Source& billing = config.sources[1];
  EXPECT_THAT(billing.topics, ElementsAre("billing"));
  EXPECT_FALSE(billing.is_required || billing.is_product);
  EXPECT_EQ(billing.start.kind, Start::Kind::kLatest);
  EXPECT_EQ(billing.silence_after, std::nullopt);
  EXPECT_EQ(config.playbook, "books/mine.yaml");
  EXPECT_EQ(config.outputs.activation.topic, "acme.activation");
  EXPECT_EQ(config.state.checkpoint_interval, milliseconds(3'000));
  EXPECT_EQ(config.outputs.activation.format, OutputFormat::kProtobufFramed);
  EXPECT_EQ(config.outputs.activation.schema_id, 12);
  EXPECT_FALSE(config.outputs.activation.has_person);
  EXPECT_EQ(config.outputs.user_status.format, OutputFormat::kProtobufRaw);
  EXPECT_EQ(config.outputs.user_status.topic, "onboarding.user-status");
  EXPECT_TRUE(config.outputs.user_status.has_person);
  EXPECT_EQ(config.outputs.progress.topic, "acme.progress");
  EXPECT_EQ(config.outputs.risk, (OutputTopic{.topic = "acme.risk",
                                              .format = OutputFormat::kJson,
                                              .schema_id = 0,
                                              .has_person = false}));
  EXPECT_EQ(config.outputs.interventions_log.format, OutputFormat::kProtobufRaw);
  EXPECT_EQ(config.outputs.interventions_cs, OutputTopic{.topic = "interventions.cs"});
  EXPECT_EQ(config.outputs.account_status, OutputTopic{.topic = "onboarding.account-status"});
  EXPECT_EQ(config.outputs.dead_letter, "acme.dead");
  EXPECT_EQ(config.outputs.partitions, 12);
  EXPECT_EQ(config.outputs.replication, 3);
  EXPECT_EQ(config.journal, (Journal{.partitions = 16, .retention = 400 * kDay}));
  EXPECT_EQ(config.state.dir, "/data/with space");
  EXPECT_EQ(config.state.memory_bytes, 1LL << 30U);
  EXPECT_EQ(config.state.cache_bytes, 96LL << 20U);
  EXPECT_EQ(config.intake_workers, 2);
  EXPECT_EQ(config.people, (People{.workers = 3, .partitions = 6, .waiting_bytes = 1LL << 30U}));
  EXPECT_EQ(config.journey_workers, 4);
  EXPECT_EQ(config.commit_interval, milliseconds(250));
  EXPECT_EQ(config.record_bytes_max, 512 * 1024);
  EXPECT_EQ(config.clock, journey::ClockMode::kEvent);
  EXPECT_EQ(config.http_listen, "[::1]:0");
  EXPECT_EQ(config.ready_lag_max, milliseconds(90'000));
  EXPECT_EQ(config.serve, (Serve{.listen = "0.0.0.0:80",
                                 .token_file = "secrets/page",
                                 .has_approvals = true}));
  EXPECT_EQ(config.log.level, LogLevel::kWarning);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
  EXPECT_EQ(config.watchdog, 2 * kMinute);
  EXPECT_EQ(config.session_timeout, milliseconds(10'000));
  EXPECT_EQ(config.email_salt, "pepper");
}

TEST(ConfigFileTest, TheExampleOfDeployIsTheDefaultsAndRuns) {
  const std::string path = std::string(FOOTHOLD_SOURCE_DIR) + "/deploy/foothold.yaml";
  const Checked<Config> config = LoadConfig(path);

  ASSERT_TRUE(config.has_value()) << ToString(config.error());
  EXPECT_TRUE(CheckRunnable(*config).ok());
  EXPECT_EQ(config->playbook, std::string(FOOTHOLD_SOURCE_DIR) + "/deploy/playbooks/default.yaml");
  Config plain = *config;
  plain.kafka.clear();
  plain.sources.clear();
  plain.playbook.clear();
  EXPECT_EQ(plain, Config{});
}

TEST(ConfigFileTest, ARelativePlaybookStartsWhereTheFileStands) {
  EXPECT_EQ(ReadConfig("playbook: p.yaml", "/etc/foothold/foothold.yaml")->playbook,
            "/etc/foothold/p.yaml");
  EXPECT_EQ(ReadConfig("playbook: /srv/p.yaml", "/etc/foothold/foothold.yaml")->playbook,
            "/srv/p.yaml");
}

TEST(ConfigFileTest, TheServiceNeedsBrokersAndASource) {
  const std::string source = "sources: [{name: a, topics: [t], preset: segment}]\n";
  const std::string brokers = "kafka: {bootstrap.servers: localhost}\n";

  EXPECT_EQ(CheckRunnable(Read(source)).message(),
            "kafka.bootstrap.servers is missing: name at least one broker");
  EXPECT_EQ(CheckRunnable(Read(brokers)).message(),
            "sources is missing: name at least one topic to read");
  EXPECT_TRUE(CheckRunnable(Read(source + brokers)).ok());
}

TEST(ConfigFileTest, WhatIsWrittenIsNeverRead) {
  EXPECT_EQ(
      ErrorsOf("sources:\n  - {name: a, topics: [foothold-journal], preset: segment}\n"),
      "foothold.yaml:1: sources: the topic 'foothold-journal' is an internal topic and cannot "
      "be read by the source 'a' as well");
  EXPECT_EQ(ErrorsOf("outputs:\n  progress: {topic: activation.changed}\n"),
            "foothold.yaml:1: outputs: the topic 'activation.changed' is outputs.activation and "
            "cannot be outputs.progress as well");
}

TEST(DescribeTest, IsReadBackAsTheSameConfiguration) {
  Config config = Read(kEverything);
  config.kafka.erase("sasl.password");
  config.email_salt.clear();

  EXPECT_EQ(Describe(Read(Describe(config))), Describe(config));
  EXPECT_EQ(Read(Describe(config)), config);
  EXPECT_EQ(Read(Describe(Config{})), Config{});
}

TEST(DescribeTest, TextsWithQuotesAndControlCharactersComeBack) {
  Config config;
  config.kafka["client.id"] = "a \"b\" \\ c\n\t#: {}[]\x01 \xC3\xA9";

  EXPECT_EQ(Read(Describe(config)), config);
}

TEST(DescribeTest, SecretsAreNeverPrinted) {
  Config config;
  config.email_salt = "hunter2";
  for (const char* name : {"sasl.password", "ssl.key.password", "ssl.keystore.password",
                           "ssl.key.pem", "sasl.oauthbearer.client.secret",
                           "sasl.oauthbearer.config", "sasl.jaas.config", "ssl_key_password"}) {
    config.kafka[name] = "hunter2";
  }
  const std::string text = Describe(config);

  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("\"sasl.password\": \"***\""));
  EXPECT_THAT(text, HasSubstr("email_salt: \"***\""));
  EXPECT_FALSE(IsSecretProperty("sasl.username"));
  EXPECT_FALSE(IsSecretProperty("ssl.key.location"));
}

TEST(ConfigFileTest, MessagesNeverRepeatASecret) {
  const std::string errors =
      ErrorsOf("kafka:\n  sasl.password: [hunter2]\nemail_salt: {a: hunter2}\n");

  EXPECT_THAT(errors, HasSubstr("kafka.sasl.password"));
  EXPECT_THAT(errors, Not(HasSubstr("hunter2")));
}

TEST(ConfigFileTest, AFileThatCannotBeReadIsAProblemOfTheFile) {
  const Checked<Config> config = LoadConfig("/no/such/foothold.yaml");

  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(ToString(config.error()),
            "/no/such/foothold.yaml: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace foothold::config
