#include "src/app/api.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/app/api_questions.h"
#include "src/app/effect_gauges.h"
#include "src/app/page.h"
#include "src/app/version.h"
#include "src/base/json.h"
#include "src/config/text_file.h"
#include "src/http/query.h"
#include "src/intake/json_tree.h"
#include "src/metrics/registry.h"

namespace foothold::app {
namespace {

constexpr std::size_t kTokenBytesMin = 16;
constexpr std::size_t kReasonBytesMax = 500;
constexpr const char* kTokenVariable = "FOOTHOLD_SERVE_TOKEN";
constexpr const char* kJson = "application/json";

http::HttpResponse JsonResponse(int status, std::string body) {
  return {.status = status, .content_type = kJson, .body = std::move(body) + "\n"};
}

http::HttpResponse ErrorResponse(int status, std::string_view what) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject();
  json.Member("error", what);
  json.EndObject();
  return JsonResponse(status, std::move(body));
}

http::HttpResponse FailureResponse(const Status& failure) {
  switch (failure.code()) {
    case Code::kInvalid:
      return ErrorResponse(400, failure.message());
    case Code::kRetry:
    case Code::kAborted:
    case Code::kFenced:
      return ErrorResponse(503, failure.message());
    case Code::kCorrupt:
    case Code::kFatal:
      return ErrorResponse(500, failure.message());
  }
  return ErrorResponse(500, failure.message());
}

// "127.0.0.1:9465" -> "127.0.0.1"; a host without a port stays.
std::string_view HostOf(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::size_t bracket = address.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return has_port ? address.substr(0, colon) : address;
}

bool IsLoopback(std::string_view host) {
  const bool is_name_of_loopback = host == "localhost" || host == "[::1]";
  return is_name_of_loopback || (host.starts_with("127.") &&
                                 host.find_first_not_of("0123456789.") == std::string_view::npos);
}

// Takes as long for any token of the same length.
bool IsSame(std::string_view given, std::string_view wanted) {
  bool is_same = given.size() == wanted.size();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    is_same = (c == wanted[i]) & is_same;
  }
  return is_same;
}

// Why a request is not answered.
std::optional<http::HttpResponse> Refused(const ApiOptions& options,
                                          const http::HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!options.token.empty()) {
    const std::string_view given = request.authorization;
    if (given.starts_with(kBearer) && IsSame(given.substr(kBearer.size()), options.token)) {
      return std::nullopt;
    }
    http::HttpResponse response = ErrorResponse(401, "show the token: Authorization: Bearer ...");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  // A page of somebody else's may have a name of its own point at this machine.
  if (options.has_real_people && !IsLoopback(HostOf(request.host))) {
    return ErrorResponse(403, "without a token only localhost is answered");
  }
  return std::nullopt;
}

using Parameters = std::map<std::string, std::string>;
using Endpoint = std::function<http::HttpResponse(const ApiState&, const Parameters&)>;

http::HttpHandler Guarded(const ApiState& state, Endpoint endpoint) {
  return [&state, endpoint = std::move(endpoint)](const http::HttpRequest& request) {
    if (std::optional<http::HttpResponse> refused = Refused(state.options, request)) {
      return *std::move(refused);
    }
    const std::optional<Parameters> parameters = http::ParseQuery(request.query);
    return parameters.has_value() ? endpoint(state, *parameters)
                                  : ErrorResponse(400, "the query is not well-formed");
  };
}

// The answer to a question that `read` makes of the parameters.
template <class Question>
Endpoint Asked(Result<Question> (*read)(const Parameters&)) {
  return [read](const ApiState& state, const Parameters& parameters) {
    const Result<Question> question = read(parameters);
    if (!question.has_value()) {
      return FailureResponse(question.error());
    }
    Result<std::string> answer = state.model->Ask(*question);
    return answer.has_value() ? JsonResponse(200, *std::move(answer))
                              : FailureResponse(answer.error());
  };
}

http::HttpResponse AnswerAccount(const ApiState& state, const Parameters& parameters) {
  const Result<readmodel::AccountQuestion> question = ReadAccountQuestion(parameters);
  if (!question.has_value()) {
    return FailureResponse(question.error());
  }
  const Result<std::optional<std::string>> answer = state.model->Ask(*question);
  if (!answer.has_value()) {
    return FailureResponse(answer.error());
  }
  return answer->has_value() ? JsonResponse(200, **answer)
                             : ErrorResponse(404, "there is no such account");
}

http::HttpResponse AnswerAbout(const ApiState& state, const Parameters& parameters) {
  if (!parameters.empty()) {
    return ErrorResponse(400, "about takes no parameters");
  }
  std::string body;
  JsonWriter json(&body);
  json.BeginObject();
  json.Member("version", GetBuildInfo().version);
  json.Member("app", state.options.app);
  json.Member("source", state.options.source);
  json.Member("isCaughtUp", state.is_caught_up.load());
  json.Member("approvals", state.options.approve != nullptr);
  json.Member("unreadable", state.model->unreadable());
  json.EndObject();
  return JsonResponse(200, std::move(body));
}

http::HttpResponse AnswerMetrics(const ApiState& state, const Parameters& parameters) {
  if (!parameters.empty()) {
    return ErrorResponse(400, "metrics takes no parameters");
  }
  const Result<readmodel::Effects> effects = state.model->ReadEffects();
  if (!effects.has_value()) {
    return FailureResponse(effects.error());
  }
  return {.status = 200,
          .content_type = std::string(metrics::Registry::kContentType),
          .body = EffectGauges(*effects)};
}

Result<ApprovalSaid> ReadApproval(const http::HttpRequest& request) {
  if (!request.content_type.starts_with(kJson)) {
    return Error(Code::kInvalid, "Content-Type must be application/json");
  }
  FOOTHOLD_ASSIGN(const intake::JsonTree body, intake::JsonTree::Read(request.body));
  const auto text = [&](std::string_view name) {
    const intake::JsonTree& member = body[name];
    return member.kind == intake::JsonTree::Kind::kString ? member.text : std::string();
  };
  ApprovalSaid said{
      .rung = {.tenant = text("tenantId"), .user = text("userId"), .rule = text("rule")},
      .reason = text("reason")};
  const std::string& rung = body["rung"].text;
  const char* const end = rung.data() + rung.size();
  if (std::from_chars(rung.data(), end, said.rung.rung).ptr != end || said.rung.rung < 1) {
    return Error(Code::kInvalid, "rung is a number from 1");
  }
  const std::string decision = text("decision");
  said.is_granted = decision == "approve";
  if (!said.is_granted && decision != "reject") {
    return Error(Code::kInvalid, "decision is approve or reject");
  }
  const bool is_blank = said.reason.find_first_not_of(" \t\r\n") == std::string::npos;
  if (is_blank || said.reason.size() > kReasonBytesMax) {
    return Error(Code::kInvalid, fmt::format("reason: why, in {} bytes at most", kReasonBytesMax));
  }
  return said;
}

http::HttpResponse Approve(const ApiState& state, const http::HttpRequest& request) {
  if (std::optional<http::HttpResponse> refused = Refused(state.options, request)) {
    return *std::move(refused);
  }
  if (state.options.approve == nullptr) {
    return ErrorResponse(403,
                         "approving is off here: serve.approvals: true with a token "
                         "(serve.token_file or FOOTHOLD_SERVE_TOKEN) turns it on; or say it with "
                         "`foothold rules approve`");
  }
  const Result<ApprovalSaid> said = ReadApproval(request);
  if (!said.has_value()) {
    return FailureResponse(said.error());
  }
  const Result<bool> is_waiting = state.model->WaitsForApproval(said->rung);
  if (!is_waiting.has_value()) {
    return FailureResponse(is_waiting.error());
  }
  if (!*is_waiting) {
    return ErrorResponse(409, "that rung does not wait for approval, or no longer");
  }
  const Status done = state.options.approve(*said);
  return done.ok() ? JsonResponse(202, R"({"written":true})") : FailureResponse(done);
}

}  // namespace

Status AddApi(const ApiState& state, http::HttpOptions* options) {
  if (state.options.has_real_people && state.options.token.empty() &&
      !IsLoopback(HostOf(state.options.listen))) {
    return Error(Code::kInvalid,
                 fmt::format("{} is not loopback and the page shows people: give a token "
                             "(serve.token_file or FOOTHOLD_SERVE_TOKEN)",
                             state.options.listen));
  }
  if (state.options.approve != nullptr && state.options.token.empty()) {
    return Error(Code::kInvalid,
                 "approvals are for callers with a token: set serve.token_file or "
                 "FOOTHOLD_SERVE_TOKEN");
  }
  auto& gets = options->handlers;
  const auto add = [&](const char* path, Endpoint endpoint) {
    gets[std::string("/api/v1/") + path] = Guarded(state, std::move(endpoint));
  };
  add("about", AnswerAbout);
  add("overview", Asked(ReadOverviewQuestion));
  add("accounts", Asked(ReadAccountsQuestion));
  add("account", AnswerAccount);
  add("people", Asked(ReadPeopleQuestion));
  add("interventions", Asked(ReadInterventionsQuestion));
  add("waiting", Asked(ReadWaitingQuestion));
  add("upcoming", Asked(ReadUpcomingQuestion));
  add("funnel", Asked(ReadFunnelQuestion));
  add("cohorts", Asked(ReadCohortsQuestion));
  add("outcomes", Asked(ReadOutcomesQuestion));
  add("metrics", AnswerMetrics);
  options->posts["/api/v1/approvals"] = [&state](const http::HttpRequest& request) {
    return Approve(state, request);
  };
  AddPage(&gets);
  return {};
}

Result<std::string> TokenOf(const std::string& path) {
  std::string token;
  std::string from = path;
  if (path.empty()) {
    const char* const given = std::getenv(kTokenVariable);
    if (given == nullptr) {
      return token;
    }
    token = given;
    from = kTokenVariable;
  } else {
    FOOTHOLD_ASSIGN(token, config::ReadTextFile(path));
  }
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  token.resize(end == std::string::npos ? 0 : end + 1);
  if (token.size() < kTokenBytesMin) {
    return Error(Code::kInvalid,
                 fmt::format("{}: a token has at least {} characters", from, kTokenBytesMin));
  }
  return token;
}

}  // namespace foothold::app
