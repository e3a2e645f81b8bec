#include "src/app/api_questions.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/text.h"

namespace foothold::app {
namespace {

constexpr std::size_t kTextBytesMax = 512;
constexpr std::int64_t kDaysMax = 60;

// Takes parameters one by one; what is left in the end is unknown.
class Reader {
 public:
  explicit Reader(const QueryParameters& parameters) : left_(parameters) {}

  void Text(const std::string& name, std::string* out) {
    const auto found = left_.find(name);
    if (found == left_.end()) {
      return;
    }
    if (FirstNotUtf8(found->second).has_value() || found->second.size() > kTextBytesMax) {
      Refuse(fmt::format("{}: UTF-8 of {} bytes at most", name, kTextBytesMax));
    }
    *out = found->second;
    left_.erase(found);
  }

  void Choice(const std::string& name, const std::vector<std::string>& choices, std::string* out) {
    Text(name, out);
    if (!out->empty() && std::ranges::find(choices, *out) == choices.end()) {
      Refuse(fmt::format("{}: one of {}", name, fmt::join(choices, ", ")));
    }
  }

  void Number(const std::string& name, std::int64_t low, std::int64_t high, std::int64_t* out) {
    std::string text;
    Text(name, &text);
    if (text.empty()) {
      return;
    }
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, *out);
    if (parsed.ec != std::errc() || parsed.ptr != end || *out < low || *out > high) {
      Refuse(fmt::format("{}: a number from {} to {}", name, low, high));
    }
  }

  void Part(readmodel::Page* page) {
    Number("limit", 1, readmodel::kPageMax, &page->limit);
    Number("offset", 0, readmodel::kOffsetMax, &page->offset);
  }

  void Refuse(std::string what) {
    if (problem_.empty()) {
      problem_ = std::move(what);
    }
  }

  template <class Question>
  Result<Question> Finish(Question question) {
    if (problem_.empty() && !left_.empty()) {
      problem_ = fmt::format("there is no parameter '{}'", left_.begin()->first);
    }
    if (!problem_.empty()) {
      return Error(Code::kInvalid, problem_);
    }
    return question;
  }

 private:
  QueryParameters left_;
  std::string problem_;
};

const std::vector<std::string> kRisks{"low", "medium", "high"};

}  // namespace

Result<readmodel::OverviewQuestion> ReadOverviewQuestion(const QueryParameters& parameters) {
  return Reader(parameters).Finish(readmodel::OverviewQuestion{});
}

Result<readmodel::OutcomesQuestion> ReadOutcomesQuestion(const QueryParameters& parameters) {
  return Reader(parameters).Finish(readmodel::OutcomesQuestion{});
}

Result<readmodel::AccountsQuestion> ReadAccountsQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::AccountsQuestion question;
  reader.Text("q", &question.search);
  reader.Text("stage", &question.stage);
  reader.Choice("state", {"none", "partial", "activated"}, &question.state);
  reader.Choice("risk", {"none", "low", "medium", "high"}, &question.risk);
  reader.Text("owner", &question.owner);
  reader.Text("plan", &question.plan);
  reader.Text("segment", &question.segment);
  reader.Text("channel", &question.channel);
  reader.Text("week", &question.week);
  reader.Text("blocker", &question.blocker);
  reader.Text("sort", &question.sort);
  reader.Part(&question.page);
  return reader.Finish(question);
}

Result<readmodel::AccountQuestion> ReadAccountQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::AccountQuestion question;
  reader.Text("id", &question.tenant);
  if (question.tenant.empty()) {
    reader.Refuse("id: of which account?");
  }
  return reader.Finish(question);
}

Result<readmodel::PeopleQuestion> ReadPeopleQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::PeopleQuestion question;
  reader.Text("account", &question.tenant);
  reader.Text("email", &question.email);
  reader.Text("role", &question.role);
  reader.Choice("state",
                {"not_started", "in_progress", "activated", "window_expired", "activated_late"},
                &question.state);
  reader.Choice("risk", kRisks, &question.risk);
  reader.Text("step", &question.step);
  reader.Part(&question.page);
  return reader.Finish(question);
}

Result<readmodel::InterventionsQuestion> ReadInterventionsQuestion(
    const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::InterventionsQuestion question;
  reader.Text("account", &question.tenant);
  reader.Choice("state", {"requested", "cancelled", "suppressed", "shadow"}, &question.state);
  reader.Part(&question.page);
  return reader.Finish(question);
}

Result<readmodel::WaitingQuestion> ReadWaitingQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::WaitingQuestion question;
  reader.Choice("state", {"approval", "held", "due"}, &question.state);
  reader.Text("account", &question.tenant);
  reader.Part(&question.page);
  return reader.Finish(question);
}

Result<readmodel::UpcomingQuestion> ReadUpcomingQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::UpcomingQuestion question;
  std::int64_t days = question.within / kDay;
  reader.Number("days", 1, kDaysMax, &days);
  question.within = days * kDay;
  reader.Choice("kind", {"rule", "signal", "blocker", "stage", "window", "trial"}, &question.kind);
  reader.Part(&question.page);
  return reader.Finish(question);
}

Result<readmodel::FunnelQuestion> ReadFunnelQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::FunnelQuestion question;
  reader.Text("plan", &question.plan);
  reader.Text("segment", &question.segment);
  reader.Text("channel", &question.channel);
  return reader.Finish(question);
}

Result<readmodel::CohortsQuestion> ReadCohortsQuestion(const QueryParameters& parameters) {
  Reader reader(parameters);
  readmodel::CohortsQuestion question;
  std::string by;
  reader.Choice("by", {"week", "channel"}, &by);
  question.by = by == "channel" ? readmodel::CohortsQuestion::By::kChannel
                                : readmodel::CohortsQuestion::By::kWeek;
  reader.Text("week", &question.week);
  reader.Text("channel", &question.channel);
  return reader.Finish(question);
}

}  // namespace foothold::app
