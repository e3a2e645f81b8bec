// The API as it is: every answer against deploy/api/openapi.yaml, and who is answered at all.

#include "src/app/api.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/show.h"
#include "src/config/text_file.h"
#include "src/config/yaml_tree.h"
#include "src/intake/json_tree.h"
#include "tests/app/child.h"
#include "tests/app/http_client.h"
#include "tests/readmodel/records.h"

namespace foothold::app {
namespace {

using config::YamlNode;
using intake::JsonTree;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kToken = "a-token-of-the-test";
constexpr const char* kHostile = "<img src=x onerror=alert(1)>\"'&</script>\xE2\x80\xAE";

std::vector<journey::OutputRecord> SomeRecords() {
  journey::AccountStatus account = readmodel::AccountOf("a/b c");
  account.account.name = kHostile;
  account.account.mrr = 12.5;
  account.blockers = {{.name = "owner_missing", .since = readmodel::Day(3), .detail = "x"}};
  account.funnel = {{.transition = "analyst/first", .entered = 3, .completed = 1, .median_s = 9}};
  account.next_timers = {{.kind = "rule:stalled", .due = readmodel::Day(12)}};
  account.open_interventions = {"risk_high#1 waits for approval", "stalled#1 waits: breaker"};
  journey::UserStatus person = readmodel::PersonOf("a/b c", "u");
  person.email = "ann@acme.example";
  person.steps = {{.name = "first", .step_class = "setup", .met_at = readmodel::Day(2)}};
  person.signup_week = IsoWeekOf(readmodel::Day(1));
  journey::InterventionOutcome outcome;
  outcome.common.tenant = "a/b c";
  outcome.common.rule = "stalled@1";
  outcome.common.decided_at = outcome.at = readmodel::Day(9);
  outcome.intervention_id = "i1";
  journey::ActivationChanged change;
  change.common.tenant = "a/b c";
  change.common.ce_id = "c1";
  change.common.decided_at = readmodel::Day(6);
  change.from = "none";
  change.to = "partial";
  return {account, readmodel::AccountOf("plain"),      person, change,
          outcome, readmodel::RequestOf("a/b c", "i1")};
}

struct Served {
  std::unique_ptr<Show> show;
  int port = 0;
};

ApiOptions OptionsOf(const std::string& listen, const std::string& token = {}) {
  ApiOptions options;
  options.listen = listen;
  options.token = token;
  return options;
}

Served Serve(ApiOptions options = {}) {
  options.listen = "127.0.0.1:0";
  Served served;
  served.show = std::move(Show::Open({}, std::move(options), {}).value());
  readmodel::Take(served.show->model(), SomeRecords());
  EXPECT_TRUE(served.show->Serve().ok());
  const std::string url = served.show->url();
  served.port = std::stoi(url.substr(url.rfind(':') + 1));
  return served;
}

// Where a value is not as its schema has it; "" if it is.
class Schemas {
 public:
  explicit Schemas(const YamlNode* root) : root_(root) {}

  std::string Fault(const JsonTree& value, const YamlNode& given, const std::string& at) const {
    const YamlNode& schema = Resolve(given);
    const YamlNode* type = schema.Find("type");
    if (type == nullptr) {
      return "";
    }
    if (value.is_null()) {
      const YamlNode* nullable = schema.Find("nullable");
      return nullable != nullptr && nullable->text == "true" ? "" : at + " is null";
    }
    const bool is_integer = value.text.find_first_of(".eE") == std::string::npos;
    using Kind = JsonTree::Kind;
    const bool fits = (type->text == "string" && value.kind == Kind::kString) ||
                      (type->text == "boolean" && value.kind == Kind::kBool) ||
                      (type->text == "number" && value.kind == Kind::kNumber) ||
                      (type->text == "integer" && value.kind == Kind::kNumber && is_integer) ||
                      (type->text == "array" && value.kind == Kind::kArray) ||
                      (type->text == "object" && value.kind == Kind::kObject);
    if (!fits) {
      return fmt::format("{} is {} and should be {}", at, value.text, type->text);
    }
    std::string fault = value.kind == Kind::kObject ? FaultOfObject(value, schema, at) : "";
    for (std::size_t i = 0; value.kind == Kind::kArray && i < value.items.size(); ++i) {
      fault += Fault(value.items[i], *schema.Find("items"), fmt::format("{}[{}]", at, i));
    }
    return fault;
  }

 private:
  std::string FaultOfObject(const JsonTree& value, const YamlNode& schema,
                            const std::string& at) const {
    const YamlNode* properties = schema.Find("properties");
    if (properties == nullptr) {
      return "";
    }
    std::string fault;
    for (const YamlNode& required : schema.Find("required")->children) {
      fault += value.Has(required.text) ? "" : fmt::format("{} lacks {}\n", at, required.text);
    }
    for (std::size_t i = 0; i < value.names.size(); ++i) {
      const YamlNode* property = properties->Find(value.names[i]);
      const std::string below = at + "/" + value.names[i];
      fault += property == nullptr ? below + " is not described\n"
                                   : Fault(value.items[i], *property, below);
    }
    return fault;
  }

  const YamlNode& Resolve(const YamlNode& schema) const {
    const YamlNode* reference = schema.Find("$ref");
    if (reference == nullptr) {
      return schema;
    }
    const std::string name = reference->text.substr(reference->text.rfind('/') + 1);
    return *root_->Find("components")->Find("schemas")->Find(name);
  }

  const YamlNode* root_;
};

YamlNode ReadOpenApi() {
  config::Problems problems;
  const std::string path = FOOTHOLD_SOURCE_DIR "/deploy/api/openapi.yaml";
  std::optional<YamlNode> root =
      config::ParseYaml(config::ReadTextFile(path).value(), problems.AddFile(path), &problems);
  EXPECT_TRUE(root.has_value());
  return *root;
}

TEST(ApiTest, EveryAnswerIsAsTheDescriptionHasIt) {
  const YamlNode description = ReadOpenApi();
  const Schemas schemas(&description);
  const Served served = Serve();
  const auto query_of = [](const std::string& path) {
    return path == "/api/v1/account"  ? "?id=a%2Fb%20c"
           : path == "/api/v1/people" ? "?account=a%2Fb%20c"
                                      : "";
  };
  int checked = 0;

  for (const YamlNode& path : description.Find("paths")->children) {
    const YamlNode* get = path.Find("get");
    if (get == nullptr) {
      continue;
    }
    const HttpReply reply = HttpAsk(served.port, {.target = path.key + query_of(path.key)});

    ASSERT_EQ(reply.status, 200) << path.key << reply.body;
    const YamlNode& content = *get->Find("responses")->Find("200")->Find("content");
    if (const YamlNode* json = content.Find("application/json"); json != nullptr) {
      EXPECT_EQ(schemas.Fault(JsonTree::Read(reply.body).value(), *json->Find("schema"), path.key),
                "");
    } else {
      EXPECT_NE(content.Find("text/plain"), nullptr) << path.key;
      EXPECT_THAT(reply.body, HasSubstr("# TYPE foothold_")) << path.key;
    }
    ++checked;
  }

  EXPECT_EQ(checked, 12);
}

TEST(ApiTest, EveryParameterThatIsDescribedIsTakenAndNoOther) {
  const YamlNode description = ReadOpenApi();
  const Served served = Serve();

  for (const YamlNode& path : description.Find("paths")->children) {
    const YamlNode* get = path.Find("get");
    if (get == nullptr) {
      continue;
    }
    const std::string base = path.key == "/api/v1/account" ? "?id=plain" : "?";
    const std::string of = path.key == "/api/v1/people" ? "account=plain&" : "";
    EXPECT_EQ(HttpAsk(served.port, {.target = path.key + base + of + "&nonsense=1"}).status, 400);
    const YamlNode* parameters = get->Find("parameters");
    for (const YamlNode& given :
         parameters == nullptr ? std::vector<YamlNode>{} : parameters->children) {
      const YamlNode* name = given.Find("name");
      const YamlNode* schema = name == nullptr ? nullptr : given.Find("schema");
      if (schema == nullptr || name->text == "id" || name->text == "account") {
        continue;
      }
      const YamlNode* choices = schema->Find("enum");
      for (const YamlNode& choice :
           choices == nullptr ? std::vector<YamlNode>{} : choices->children) {
        const std::string target = path.key + base + of + name->text + "=" + choice.text;
        EXPECT_EQ(HttpAsk(served.port, {.target = target}).status, 200) << target;
      }
      const std::string target = path.key + base + of + name->text + "=7";
      EXPECT_EQ(HttpAsk(served.port, {.target = target}).status, choices == nullptr ? 200 : 400)
          << target;
    }
  }
}

TEST(ApiTest, SizesAreBounded) {
  const Served served = Serve();

  for (const std::string query : {"limit=201", "limit=0", "limit=x", "offset=-1", "offset=10000001",
                                  "q=%ff", "q=%zz", "sort=1"}) {
    const HttpReply reply = HttpAsk(served.port, {.target = "/api/v1/accounts?" + query});
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_THAT(reply.body, HasSubstr("\"error\":"));
  }
  const std::string long_text = "/api/v1/accounts?q=" + std::string(513, 'x');
  EXPECT_EQ(HttpAsk(served.port, {.target = long_text}).status, 400);
  EXPECT_EQ(HttpAsk(served.port, {.target = "/api/v1/account?id=nobody"}).status, 404);
}

TEST(ApiTest, WithATokenNobodyIsAnsweredWithoutIt) {
  const Served served = Serve(OptionsOf("", kToken));

  for (const std::string wrong : {"", "Bearer ", "Bearer wrong", "Basic a-token-of-the-test",
                                  "Bearer a-token-of-the-tesT", "bearer a-token-of-the-test"}) {
    const HttpReply reply =
        HttpAsk(served.port, {.target = "/api/v1/accounts", .authorization = wrong});
    EXPECT_EQ(reply.status, 401) << wrong;
    EXPECT_THAT(reply.body, Not(HasSubstr("plain")));
  }
  const std::string right = std::string("Bearer ") + kToken;
  EXPECT_EQ(HttpAsk(served.port, {.target = "/api/v1/accounts", .authorization = right}).status,
            200);
  EXPECT_EQ(HttpAsk(served.port, {.target = "/"}).status, 200);  // The page asks for the token.
}

TEST(ApiTest, WithoutATokenOnlyLocalhostIsAnswered) {
  const Served served = Serve();

  for (const std::string host :
       {"evil.example", "127.evil.example", "evil.example:80", "10.0.0.1"}) {
    EXPECT_EQ(HttpAsk(served.port, {.target = "/api/v1/accounts", .host = host}).status, 403)
        << host;
  }
  for (const std::string host : {"localhost", "localhost:9465", "127.0.0.1", "[::1]:9465"}) {
    EXPECT_EQ(HttpAsk(served.port, {.target = "/api/v1/accounts", .host = host}).status, 200)
        << host;
  }
}

TEST(ApiTest, BeyondLoopbackThereIsATokenOrNoServer) {
  for (const std::string listen : {"0.0.0.0:0", "[::]:0", "192.168.1.5:0", "127.evil.example:0"}) {
    const auto show = Show::Open({}, OptionsOf(listen), {});
    const Status served = (*show)->Serve();
    EXPECT_EQ(served.ok() ? Code::kFatal : served.code(), Code::kInvalid) << listen;
    EXPECT_THAT(served.ok() ? "" : served.message(), HasSubstr("serve.token_file"));
  }
}

TEST(ApiTest, ThePageIsSentWithAPolicyThatLetsItFetchNothingFromElsewhere) {
  const Served served = Serve();

  for (const std::string path : {"/", "/page.js", "/parts.js", "/views.js", "/page.css"}) {
    const HttpReply reply = HttpAsk(served.port, {.target = path});
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.head, HasSubstr("Content-Security-Policy: default-src 'none'; "));
    EXPECT_THAT(reply.head, HasSubstr("X-Content-Type-Options: nosniff"));
    for (const char* const elsewhere : {"http:", "https:", "@import", "innerHTML", "eval("}) {
      EXPECT_THAT(reply.body, Not(HasSubstr(elsewhere))) << path;
    }
  }
}

std::string Word(const std::string& tenant, int rung, const std::string& decision,
                 const std::string& reason) {
  return fmt::format(R"({{"tenantId":"{}","userId":null,"rule":"risk_high","rung":{},)"
                     R"("decision":"{}","reason":"{}"}})",
                     tenant, rung, decision, reason);
}

TEST(ApiTest, AnApprovalIsSaidOnceItIsWholeAndWaitedFor) {
  std::vector<std::string> said;
  ApiOptions options = OptionsOf("", kToken);
  options.approve = [&](const ApprovalSaid& approval) {
    said.push_back(fmt::format("{} {} {} {}", approval.rung.tenant, approval.rung.rung,
                               approval.is_granted, approval.reason));
    return Status();
  };
  const Served served = Serve(std::move(options));
  const auto post = [&](const std::string& body, const std::string& type = "application/json",
                        const std::string& token = kToken) {
    return HttpAsk(served.port, {.method = "POST",
                                 .target = "/api/v1/approvals",
                                 .authorization = "Bearer " + token,
                                 .content_type = type,
                                 .body = body})
        .status;
  };

  EXPECT_EQ(post(Word("a/b c", 1, "approve", "ok"), "application/json", "wrong"), 401);
  EXPECT_EQ(post(Word("a/b c", 1, "approve", "ok"), "text/plain"), 400);
  EXPECT_EQ(post(Word("a/b c", 1, "approve", " ")), 400);
  EXPECT_EQ(post(Word("a/b c", 1, "perhaps", "ok")), 400);
  EXPECT_EQ(post(Word("a/b c", 0, "approve", "ok")), 400);
  EXPECT_EQ(post("{"), 400);
  EXPECT_EQ(post(Word("a/b c", 2, "approve", "ok")), 409);
  EXPECT_EQ(post(Word("plain", 1, "approve", "ok")), 409);
  EXPECT_THAT(said, IsEmpty());

  EXPECT_EQ(post(Word("a/b c", 1, "approve", "they asked")), 202);
  EXPECT_EQ(post(Word("a/b c", 1, "reject", "not now")), 202);
  EXPECT_THAT(said, testing::ElementsAre("a/b c 1 true they asked", "a/b c 1 false not now"));
}

TEST(ApiTest, ApprovalsAreOffUnlessTurnedOnAndNeedAToken) {
  for (const std::string token : {"", kToken}) {
    const Served served = Serve(OptionsOf("", token));
    const HttpReply refused = HttpAsk(served.port, {.method = "POST",
                                                    .target = "/api/v1/approvals",
                                                    .authorization = "Bearer " + token,
                                                    .content_type = "application/json",
                                                    .body = Word("a/b c", 1, "approve", "ok")});
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("serve.approvals: true with a token (serve.token_file"));
    EXPECT_THAT(refused.body, HasSubstr("foothold rules approve"));
  }
  ApiOptions options = OptionsOf("127.0.0.1:0");
  options.approve = [](const ApprovalSaid&) { return Status(); };
  const auto show = Show::Open({}, std::move(options), {});
  EXPECT_THAT((*show)->Serve().message(), HasSubstr("approvals are for callers with a token"));
}

TEST(ApiTest, ATokenIsWhatTheFileHoldsAndLongEnoughAndNeverPrinted) {
  const Folder folder;

  EXPECT_EQ(TokenOf(folder.Write("good", std::string(kToken) + "\n")).value(), kToken);
  EXPECT_EQ(TokenOf("").value(), "");
  for (const std::string wrong : {"", "tooshort", "               \n"}) {
    const Result<std::string> token = TokenOf(folder.Write("wrong", wrong));
    ASSERT_FALSE(token.has_value()) << wrong;
    EXPECT_EQ(token.error().code(), Code::kInvalid);
    EXPECT_THAT(token.error().message(), HasSubstr("at least 16 characters"));
    EXPECT_THAT(token.error().message(), Not(HasSubstr("tooshort")));
  }
  EXPECT_EQ(TokenOf(folder.PathOf("gone")).error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace foothold::app
