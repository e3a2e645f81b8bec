#include "tests/formats/descriptors.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "proto/account_status.pb.h"
#include "proto/activation_changed.pb.h"
#include "proto/dropoff_risk_changed.pb.h"
#include "proto/event.pb.h"
#include "proto/interventions.pb.h"
#include "proto/journal.pb.h"
#include "proto/onboarding_progress.pb.h"
#include "proto/playbook.pb.h"
#include "proto/user_status.pb.h"

namespace foothold::formats {
namespace {

namespace pb = google::protobuf;

constexpr std::string_view kPackage = "foothold.v1";
constexpr std::string_view kReserved = "reserved";
// A reserved name has no number, a reserved number no name.
constexpr std::string_view kNothing = "-";

std::string Line(std::string_view owner, int number, std::string_view type, std::string_view name) {
  return fmt::format("{} {} {} {}", owner, number, type, name);
}

std::string TypeOf(const pb::FieldDescriptor& field) {
  std::string type = field.is_repeated()    ? "repeated "
                     : field.has_presence() ? "optional "
                                            : "plain ";
  if (const pb::OneofDescriptor* const oneof = field.real_containing_oneof(); oneof != nullptr) {
    type = fmt::format("oneof({}) ", oneof->name());
  }
  if (field.message_type() != nullptr) {
    return type + field.message_type()->full_name();
  }
  if (field.enum_type() != nullptr) {
    return type + field.enum_type()->full_name();
  }
  return type + field.type_name();
}

class Lister {
 public:
  void File(const pb::FileDescriptor& file) {
    if (file.package() != kPackage || !files_.insert(file.name()).second) {
      return;
    }
    // Framing names a record by its place in its file; our own topics have no framing.
    const bool is_framed =
        file.name() != "proto/journal.proto" && file.name() != "proto/playbook.proto";
    for (int i = 0; i < file.message_type_count(); ++i) {
      if (is_framed) {
        lines_.push_back(Line(file.name(), i, "message", file.message_type(i)->name()));
      }
      waiting_.push_back(file.message_type(i));
    }
    for (int i = 0; i < file.enum_type_count(); ++i) {
      Enum(*file.enum_type(i));
    }
    for (int i = 0; i < file.extension_count(); ++i) {
      const pb::FieldDescriptor& option = *file.extension(i);
      lines_.push_back(Line(option.containing_type()->full_name(), option.number(), TypeOf(option),
                            option.full_name()));
    }
    while (!waiting_.empty()) {
      const pb::Descriptor* const message = waiting_.back();
      waiting_.pop_back();
      Message(*message);
    }
  }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  void Message(const pb::Descriptor& message) {
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      lines_.push_back(Line(message.full_name(), field.number(), TypeOf(field), field.name()));
    }
    for (int i = 0; i < message.reserved_range_count(); ++i) {
      const pb::Descriptor::ReservedRange& range = *message.reserved_range(i);
      for (int number = range.start; number < range.end; ++number) {
        lines_.push_back(Line(message.full_name(), number, kReserved, kNothing));
      }
    }
    for (int i = 0; i < message.reserved_name_count(); ++i) {
      lines_.push_back(fmt::format("{} {} {} {}", message.full_name(), kNothing, kReserved,
                                   message.reserved_name(i)));
    }
    for (int i = 0; i < message.enum_type_count(); ++i) {
      Enum(*message.enum_type(i));
    }
    for (int i = 0; i < message.nested_type_count(); ++i) {
      waiting_.push_back(message.nested_type(i));
    }
  }
  void Enum(const pb::EnumDescriptor& words) {
    for (int i = 0; i < words.value_count(); ++i) {
      lines_.push_back(
          Line(words.full_name(), words.value(i)->number(), "value", words.value(i)->name()));
    }
  }

  std::set<std::string> files_;
  std::vector<const pb::Descriptor*> waiting_;
  std::vector<std::string> lines_;
};

struct Parts {
  std::string owner;
  std::string number;
  std::string type;
  std::string name;
};

Parts PartsOf(const std::string& line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  const std::size_t last = line.rfind(' ');
  return {.owner = line.substr(0, first),
          .number = line.substr(first + 1, second - first - 1),
          .type = line.substr(second + 1, last - second - 1),
          .name = line.substr(last + 1)};
}

int NumberOf(const std::string& text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void Sort(std::vector<std::string>* lines) {
  std::ranges::sort(*lines, {}, [](const std::string& line) {
    const Parts parts = PartsOf(line);
    return std::tuple(parts.owner, NumberOf(parts.number), parts.type, parts.name);
  });
}

}  // namespace

std::vector<std::string> DescriptorLines() {
  Lister lister;
  for (const pb::Descriptor* const message :
       {v1::AccountStatus::descriptor(), v1::ActivationChanged::descriptor(),
        v1::DropoffRiskChanged::descriptor(), v1::Event::descriptor(),
        v1::InterventionRequested::descriptor(), v1::JournalBatch::descriptor(),
        v1::OnboardingProgress::descriptor(), v1::Playbook::descriptor(),
        v1::UserStatus::descriptor()}) {
    lister.File(*message->file());
    for (int i = 0; i < message->file()->dependency_count(); ++i) {
      lister.File(*message->file()->dependency(i));
    }
  }
  std::vector<std::string> lines = lister.Take();
  Sort(&lines);
  return lines;
}

std::vector<std::string> Breaks(const std::vector<std::string>& stored,
                                const std::vector<std::string>& today) {
  const std::set<std::string> lines(today.begin(), today.end());
  std::vector<std::string> breaks;
  for (const std::string& line : stored) {
    const Parts parts = PartsOf(line);
    // Only fields can be reserved: a value or a place is for ever.
    const bool is_reserved =
        lines.contains(
            fmt::format("{} {} {} {}", parts.owner, parts.number, kReserved, kNothing)) &&
        lines.contains(fmt::format("{} {} {} {}", parts.owner, kNothing, kReserved, parts.name));
    if (!lines.contains(line) && !is_reserved) {
      breaks.push_back(line);
    }
  }
  return breaks;
}

std::vector<std::string> Merged(const std::vector<std::string>& stored,
                                const std::vector<std::string>& today) {
  std::set<std::string> lines(stored.begin(), stored.end());
  lines.insert(today.begin(), today.end());
  std::vector<std::string> merged(lines.begin(), lines.end());
  Sort(&merged);
  return merged;
}

}  // namespace foothold::formats
