#include "src/app/demo_view.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "src/app/demo_words.h"

namespace foothold::app {
namespace {

constexpr std::size_t kPlainColumns = 80;

enum class Paint { kPlain, kBold, kDim, kGood, kLate, kBad, kAccent };

std::string_view CodeOf(Paint paint) {
  switch (paint) {
    case Paint::kPlain:
      return "";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kGood:
      return "\x1b[32m";
    case Paint::kLate:
      return "\x1b[33m";
    case Paint::kBad:
      return "\x1b[31m";
    case Paint::kAccent:
      return "\x1b[36m";
  }
  return "";
}

// One line of the screen: what does not fit is cut, whatever is added.
class Line {
 public:
  explicit Line(const ScreenStyle& style) : style_(style) {}

  Line& Add(std::string_view text, Paint paint = Paint::kPlain) {
    const std::string fitting = Cut(text, style_.columns - width_);
    width_ += WidthOf(fitting);
    const std::string_view code = style_.has_colour ? CodeOf(paint) : "";
    text_.append(code).append(fitting).append(code.empty() ? "" : "\x1b[0m");
    return *this;
  }
  // What is added next ends at the right edge if it has this width.
  Line& PadFor(std::size_t width) {
    const std::size_t taken = width_ + width;
    return taken < style_.columns ? Add(std::string(style_.columns - taken, ' ')) : Add(" ");
  }
  const std::string& text() const { return text_; }

 private:
  const ScreenStyle& style_;
  std::string text_;
  std::size_t width_ = 0;
};

// `part` of `whole` as a bar that fills `width` columns when they are equal.
std::string Bar(std::int64_t part, std::int64_t whole, std::size_t width,
                const ScreenStyle& style) {
  constexpr std::array<std::string_view, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (whole <= 0) {
    return std::string(width, ' ');
  }
  const auto eighths = static_cast<std::size_t>(8 * std::clamp<std::int64_t>(part, 0, whole)) *
                       width / static_cast<std::size_t>(whole);
  std::string bar;
  if (!style.has_blocks) {
    bar.assign(eighths / 8, '#');
    return bar.append(width - bar.size(), '.');
  }
  for (std::size_t i = 0; i < eighths / 8; ++i) {
    bar += "█";
  }
  bar += kEighths.at(eighths % 8);
  return bar.append(width - WidthOf(bar), ' ');
}

// The same as one character's height.
std::string_view Block(std::int64_t part, std::int64_t whole) {
  constexpr std::array<std::string_view, 9> kHeights{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::int64_t bounded = std::clamp<std::int64_t>(part, 0, whole);
  return whole <= 0 ? " "
                    : kHeights.at(static_cast<std::size_t>((8 * bounded + whole - 1) / whole));
}

std::string SpanOrDash(const std::optional<milliseconds>& span) {
  return span.has_value() ? SpanText(*span) : "-";
}

std::string RoleName(const RoleRow& row) { return row.role.empty() ? "(no role)" : row.role; }

int WeekOf(const RunFacts& facts) {
  const auto begun = static_cast<int>((facts.now - facts.start) / (7 * kDay)) + 1;
  return std::clamp(begun, 1, std::max(1, facts.weeks));
}

// The reasons, most frequent first; those that do not fit into `width` are counted.
std::string RejectedText(const Picture& picture, std::size_t width) {
  std::vector<std::pair<std::string, std::int64_t>> reasons(picture.rejected.begin(),
                                                            picture.rejected.end());
  std::ranges::stable_sort(reasons, std::ranges::greater{},
                           &std::pair<std::string, std::int64_t>::second);
  std::string text;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const std::string more =
        fmt::format("{}{} {}", i == 0 ? "" : ", ", reasons[i].first, CountText(reasons[i].second));
    const std::string rest = fmt::format(", {} more", reasons.size() - i);
    const bool is_last = i + 1 == reasons.size();
    if (text.size() + more.size() + (is_last ? 0 : rest.size()) > width) {
      return text + rest;
    }
    text += more;
  }
  return text.empty() ? "none" : text;
}

// Puts the screen together, section by section, in as many lines as there are.
class Screen {
 public:
  Screen(const Picture& picture, const RunFacts& facts, const ScreenStyle& style)
      : picture_(picture), facts_(facts), style_(style) {}

  std::vector<std::string> Draw();

 private:
  void AddTop();
  void AddRoles(std::size_t count);
  void AddLadder(const RoleRow& row);
  std::size_t BarWidth() const;
  void AddAccounts();
  void AddCare(std::size_t count);
  void AddStuckSteps(std::size_t count);
  void AddStuckAccounts(std::size_t count);
  void AddNews(std::size_t count);
  void AddBottom();
  void Put(const Line& line) { lines_.push_back(line.text()); }
  void Skip() { lines_.emplace_back(); }
  bool is_wide() const { return style_.columns >= 100; }

  const Picture& picture_;
  const RunFacts& facts_;
  const ScreenStyle& style_;
  std::vector<std::string> lines_;
};

std::vector<std::string> Screen::Draw() {
  // What is always there: top 3, roles' head, accounts, stuck's head, bottom 2, and 4 empty lines.
  constexpr std::size_t kFixed = 12;
  const std::size_t roles =
      std::min(picture_.roles.size(), style_.lines > kFixed ? (style_.lines - kFixed) / 2 : 0);
  const std::size_t taken = kFixed + 2 * roles;
  std::size_t spare = style_.lines > taken ? style_.lines - taken : 0;
  const auto take = [&spare](std::size_t wanted, std::size_t head) -> std::size_t {
    const std::size_t rows = spare > head ? std::min(wanted, spare - head) : 0;
    spare -= rows == 0 ? 0 : rows + head;
    return rows;
  };
  // The last news and three places where people are stuck first; then more of everything.
  const std::size_t news_first = take(1, 0);
  const std::size_t steps_first = take(3, 0);
  const std::size_t care = take(2, 0);
  const std::size_t accounts = spare > 8 ? take(std::min<std::size_t>(5, spare / 3), 2) : 0;
  const std::size_t news = spare > 4 ? take(std::min<std::size_t>(10, spare / 2), 2) : 0;
  const std::size_t steps = steps_first + take(6, 0);
  AddTop();
  AddRoles(roles);
  AddAccounts();
  AddCare(care);
  AddStuckSteps(steps);
  if (accounts > 0) {
    AddStuckAccounts(accounts);
  }
  Skip();
  if (news > 0) {
    Put(Line(style_).Add(" LATEST DECISIONS", Paint::kBold));
  }
  AddNews(news_first + news);
  if (news > 0) {
    Skip();
  }
  AddBottom();
  lines_.resize(std::min(lines_.size(), style_.lines));
  return std::move(lines_);
}

void Screen::AddTop() {
  const std::string playbook = "playbook " + facts_.playbook + " ";
  Put(Line(style_)
          .Add(" FOOTHOLD ", Paint::kBold)
          .Add("a simulated SaaS company on an in-memory log")
          .PadFor(WidthOf(playbook))
          .Add(playbook, Paint::kDim));
  const std::string when =
      fmt::format("  week {} of {}  {}  {}:{:02} left ", WeekOf(facts_), facts_.weeks,
                  DayText(picture_.clock.value_or(facts_.start)), facts_.left / kMinute,
                  facts_.left % kMinute / milliseconds(1'000));
  const std::size_t room =
      style_.columns > WidthOf(when) + 1 ? style_.columns - WidthOf(when) - 1 : 0;
  Put(Line(style_)
          .Add(" ")
          .Add(Bar((facts_.now - facts_.start).count(), (facts_.end - facts_.start).count(), room,
                   style_),
               Paint::kAccent)
          .Add(when));
  Put(Line(style_).Add(fmt::format(" {} records in, {}/s   {} decisions, {} statuses   {} rejected",
                                   CountText(facts_.records), CountText(facts_.records_a_second),
                                   CountText(picture_.decisions), CountText(picture_.statuses),
                                   CountText(picture_.rejected_count))));
}

void Screen::AddRoles(std::size_t count) {
  Skip();
  Line head(style_);
  head.Add(
      fmt::format(" {} {:>8} {:>8} {:>8} {:>6} {:>8} {:>10} {:>9}", FitLeft("FUNNEL BY ROLE", 14),
                  "members", "access", "in time", "late", "expired", "activated", "to value"),
      Paint::kBold);
  if (is_wide()) {
    head.Add(fmt::format(" {:>13}", "from signup"), Paint::kBold);
  }
  Put(head);
  for (std::size_t i = 0; i < count; ++i) {
    const RoleRow& row = picture_.roles[i];
    Line line(style_);
    line.Add(" " + FitLeft(RoleName(row), 14), Paint::kBold)
        .Add(fmt::format(" {:>8} {:>8}", CountText(row.members), CountText(row.with_access)))
        .Add(fmt::format(" {:>8}", CountText(row.in_time)), Paint::kGood)
        .Add(fmt::format(" {:>6}", CountText(row.late)), Paint::kLate)
        .Add(fmt::format(" {:>8}", CountText(row.expired)), Paint::kBad)
        .Add(fmt::format(" {:>10}", ShareText(row.in_time + row.late, row.with_access)))
        .Add(fmt::format(" {:>9}", SpanOrDash(row.median_from_access)));
    if (is_wide()) {
      line.Add(fmt::format(" {:>13}", SpanOrDash(row.median_from_signup)));
    }
    Put(line);
    AddLadder(row);
  }
}

// The widest bar for which every role's ladder fits, so that bars compare; 0: none does.
std::size_t Screen::BarWidth() const {
  std::size_t width = 24;
  for (const RoleRow& row : picture_.roles) {
    std::size_t longest = 0;
    for (const StepCount& step : row.steps) {
      longest = std::max(longest, WidthOf(step.name));
    }
    const std::size_t cell = (style_.columns - std::min<std::size_t>(style_.columns, 3)) /
                             std::max<std::size_t>(1, row.steps.size());
    const std::size_t beside = longest + 9;  // The name, the count, and what is between.
    width = std::min(width, cell > beside + 3 ? cell - beside : 0);
  }
  return width;
}

void Screen::AddLadder(const RoleRow& row) {
  Line line(style_);
  line.Add("  ");
  const std::size_t bar = BarWidth();
  std::size_t longest = 0;
  std::size_t whole = 2;  // Columns, when no name is cut and there are no bars.
  for (const StepCount& step : row.steps) {
    longest = std::max(longest, WidthOf(step.name));
    whole += WidthOf(step.name) + CountText(step.reached).size() + 5;
  }
  const std::size_t over = whole > style_.columns ? whole - style_.columns : 0;
  const std::size_t cut = row.steps.empty() ? 0 : (over + row.steps.size() - 1) / row.steps.size();
  for (const StepCount& step : row.steps) {
    const std::string count = CountText(step.reached);
    if (bar > 0) {
      const std::size_t cell = (style_.columns - 3) / row.steps.size();
      line.Add(" " + FitLeft(step.name, longest) + " ", Paint::kDim)
          .Add(Bar(step.reached, row.members, bar, style_), Paint::kAccent)
          .Add(" " + FitLeft(count, cell - longest - bar - 3));
      continue;
    }
    const std::size_t width = std::max<std::size_t>(3, WidthOf(step.name));
    const std::string name = Cut(step.name, width - std::min(cut, width - 3));
    line.Add(" " + name + " ", Paint::kDim)
        .Add(style_.has_blocks ? Block(step.reached, row.members) : ":", Paint::kAccent)
        .Add(" " + count + " ");
  }
  Put(line);
}

void Screen::AddAccounts() {
  Skip();
  const std::int64_t none =
      picture_.accounts - picture_.accounts_partial - picture_.accounts_activated;
  Line line(style_);
  line.Add(" ACCOUNTS ", Paint::kBold)
      .Add(fmt::format("{}   ", CountText(picture_.accounts)))
      .Add(fmt::format("{} activated ({})", CountText(picture_.accounts_activated),
                       ShareText(picture_.accounts_activated, picture_.accounts)),
           Paint::kGood)
      .Add(fmt::format("   {} partly   {} not yet   median {}",
                       CountText(picture_.accounts_partial), CountText(none),
                       SpanOrDash(picture_.median_of_accounts)));
  if (is_wide()) {
    line.Add("   ").Add(Bar(picture_.accounts_activated, picture_.accounts, 24, style_),
                        Paint::kGood);
  }
  Put(line);
}

void Screen::AddCare(std::size_t count) {
  if (count > 0) {
    Put(Line(style_).Add(" AT RISK  ", Paint::kBold).Add(RiskLine(picture_.care), Paint::kLate));
  }
  if (count > 1) {
    Put(Line(style_).Add(" ASKED    ", Paint::kBold).Add(AskedLine(picture_.care)));
  }
}

void Screen::AddStuckSteps(std::size_t count) {
  Skip();
  Put(Line(style_).Add(fmt::format(" {} {:>8} {:>8}  {}", FitLeft("STUCK BEFORE", 30), "3-14 d",
                                   "longer", "longest of them"),
                       Paint::kBold));
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= picture_.stuck_steps.size()) {
      Skip();
      continue;
    }
    const StuckStep& stuck = picture_.stuck_steps[i];
    const std::string place = (stuck.role.empty() ? "" : stuck.role + " / ") + stuck.step;
    Line line(style_);
    line.Add(" " + FitLeft(place, 30))
        .Add(fmt::format(" {:>8}", CountText(stuck.people)), Paint::kLate)
        .Add(fmt::format(" {:>8}", CountText(stuck.longer)), Paint::kDim);
    if (stuck.people > 0) {
      line.Add(fmt::format("  {:>2} d {}", stuck.longest_days, stuck.longest_person));
    }
    Put(line);
  }
}

void Screen::AddStuckAccounts(std::size_t count) {
  Skip();
  Put(Line(style_).Add(fmt::format(" {} {:>8} {:>8}  {}", FitLeft("ACCOUNTS WITH MOST OF THEM", 30),
                                   "stuck", "members", "plan, monthly revenue"),
                       Paint::kBold));
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= picture_.stuck_accounts.size()) {
      Skip();
      continue;
    }
    const StuckAccount& stuck = picture_.stuck_accounts[i];
    Line line(style_);
    line.Add(" " + FitLeft(stuck.name, 30))
        .Add(fmt::format(" {:>8}", CountText(stuck.people)), Paint::kLate)
        .Add(fmt::format(" {:>8}  {}", CountText(stuck.members), stuck.plan));
    if (stuck.mrr.has_value()) {
      line.Add(fmt::format(", {}", CountText(static_cast<std::int64_t>(*stuck.mrr))));
    }
    Put(line);
  }
}

void Screen::AddNews(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= picture_.news.size()) {
      Skip();
      continue;
    }
    const News& news = picture_.news[i];
    Paint paint = Paint::kGood;
    std::string_view mark = "+";
    if (news.kind == News::Kind::kLate) {
      paint = Paint::kLate;
      mark = "~";
    } else if (news.kind == News::Kind::kExpired) {
      paint = Paint::kBad;
      mark = "-";
    } else if (news.kind == News::Kind::kAccountActivated) {
      mark = "*";
    }
    Put(Line(style_)
            .Add(" " + DayText(news.at).substr(4) + " ", Paint::kDim)
            .Add(mark, paint)
            .Add(" " + news.text));
  }
}

void Screen::AddBottom() {
  Put(Line(style_)
          .Add(" REJECTED ", Paint::kBold)
          .Add(RejectedText(picture_, style_.columns - std::min<std::size_t>(style_.columns, 11)),
               picture_.rejected_count > 0 ? Paint::kBad : Paint::kDim));
  Put(Line(style_).Add(fmt::format(" {} shows it all   Ctrl-C ends it with a summary", facts_.url),
                       Paint::kDim));
}

// The table of roles, the accounts and where people are stuck, as plain lines.
std::string Body(const Picture& picture, std::size_t stuck_max) {
  std::string text =
      fmt::format("  {} {:>7} {:>7} {:>8} {:>6} {:>8} {:>10} {:>9}\n", FitLeft("role", 12),
                  "members", "access", "in time", "late", "expired", "activated", "to value");
  for (const RoleRow& row : picture.roles) {
    text += fmt::format("  {} {:>7} {:>7} {:>8} {:>6} {:>8} {:>10} {:>9}\n",
                        FitLeft(RoleName(row), 12), CountText(row.members),
                        CountText(row.with_access), CountText(row.in_time), CountText(row.late),
                        CountText(row.expired), ShareText(row.in_time + row.late, row.with_access),
                        SpanOrDash(row.median_from_access));
    std::string steps;
    for (const StepCount& step : row.steps) {
      steps +=
          fmt::format("{}{} {}", steps.empty() ? "    " : ", ", step.name, CountText(step.reached));
    }
    text += steps.empty() ? "" : steps + "\n";
  }
  const std::int64_t none =
      picture.accounts - picture.accounts_partial - picture.accounts_activated;
  text += fmt::format("  accounts {}: {} activated ({}), {} partly, {} not yet; median {}\n",
                      CountText(picture.accounts), CountText(picture.accounts_activated),
                      ShareText(picture.accounts_activated, picture.accounts),
                      CountText(picture.accounts_partial), CountText(none),
                      SpanOrDash(picture.median_of_accounts));
  std::string stuck_rows;
  for (std::size_t i = 0; i < std::min(stuck_max, picture.stuck_steps.size()); ++i) {
    const StuckStep& stuck = picture.stuck_steps[i];
    if (stuck.people == 0) {
      break;
    }
    const std::string place = (stuck.role.empty() ? "" : stuck.role + " / ") + stuck.step;
    const std::string longest = fmt::format("{:>2} d {}", stuck.longest_days, stuck.longest_person);
    stuck_rows += fmt::format("  {} {:>6} {:>7}  {}\n", FitLeft(place, 26), CountText(stuck.people),
                              CountText(stuck.longer), Cut(longest, kPlainColumns - 45));
  }
  if (!stuck_rows.empty()) {
    text += fmt::format("  {} {:>6} {:>7}  {}\n", FitLeft("stuck before", 26), "3-14 d", "longer",
                        "longest of them");
  }
  return text + stuck_rows;
}

}  // namespace

std::vector<std::string> DrawScreen(const Picture& picture, const RunFacts& facts,
                                    const ScreenStyle& style) {
  return Screen(picture, facts, style).Draw();
}

std::string DrawWeek(const Picture& picture, const RunFacts& facts, int week) {
  return fmt::format("week {} of {}, until {}: {} records in, {} rejected, {} decisions\n{}\n",
                     week, facts.weeks, FormatRfc3339(facts.now).substr(0, 10),
                     CountText(facts.records), CountText(picture.rejected_count),
                     CountText(picture.decisions),
                     Body(picture, 3) + DescribeCare(picture.care, 0));
}

std::string DrawSummary(const Picture& picture, const RunFacts& facts, const RunCost& cost) {
  const auto per_record = facts.records == 0 ? 0 : cost.cpu.count() * 1'000 / facts.records;
  std::string text = fmt::format("{} after {} of event time under playbook {}\n",
                                 cost.is_stopped ? "stopped" : "done",
                                 SpanText(facts.now - facts.start), facts.playbook);
  text += Body(picture, 5) + DescribeCare(picture.care, 8);
  for (std::size_t i = 0; i < std::min<std::size_t>(3, picture.stuck_accounts.size()); ++i) {
    const StuckAccount& stuck = picture.stuck_accounts[i];
    text += fmt::format(
        "  worth a call: {}, {} of {} stuck{}{}\n", stuck.name, stuck.people, stuck.members,
        stuck.plan.empty() ? "" : ", plan " + stuck.plan,
        stuck.mrr.has_value()
            ? fmt::format(", {} a month", CountText(static_cast<std::int64_t>(*stuck.mrr)))
            : "");
  }
  if (picture.before_history > 0) {
    text += fmt::format("  not counted: {} people who were customers before the history began\n",
                        CountText(picture.before_history));
  }
  text += fmt::format("  rejected {}, each in the dead letter with its reason:\n    {}\n",
                      CountText(picture.rejected_count), RejectedText(picture, std::string::npos));
  text += fmt::format(
      "  {} records in, {} decisions and {} statuses out, in {:.1f} s\n"
      "  CPU {:.1f} s ({} us a record), memory at most {} MB\n",
      CountText(facts.records), CountText(picture.decisions), CountText(picture.statuses),
      static_cast<double>(cost.wall.count()) / 1'000, static_cast<double>(cost.cpu.count()) / 1'000,
      per_record, cost.memory_bytes_max >> 20U);
  return text;
}

}  // namespace foothold::app
