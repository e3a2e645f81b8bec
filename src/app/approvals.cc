#include "src/app/approvals.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "src/app/stage_options.h"
#include "src/base/mutex.h"
#include "src/stream/control_writer.h"

namespace foothold::app {
namespace {

// Thread-safe: one word after the other.
class Desk {
 public:
  Desk(log::Log* log, stream::ControlWriter::Options options, const Logger* logger)
      : writer_(log, std::move(options)), logger_(logger) {}

  Status Say(const ApprovalSaid& said) {
    const codec::ApprovalWord word{.tenant = said.rung.tenant,
                                   .user = said.rung.user,
                                   .rule = said.rung.rule,
                                   .rung = said.rung.rung,
                                   .is_granted = said.is_granted};
    const MutexLock lock(mutex_);
    FOOTHOLD_ASSIGN(const stream::ControlWriter::Ledger ledger, writer_.Say(word, std::nullopt));
    logger_->Info(said.is_granted ? "approved" : "rejected",
                  {{"number", std::to_string(ledger.last_number)},
                   {"tenant", word.tenant},
                   {"rule", fmt::format("{}#{}", word.rule, word.rung)},
                   {"reason", said.reason}});
    return {};
  }

 private:
  Mutex mutex_;
  stream::ControlWriter writer_ GUARDED_BY(mutex_);
  const Logger* logger_;
};

}  // namespace

std::function<Status(const ApprovalSaid&)> ApprovalWriter(const config::Config& config,
                                                          const std::string& instance,
                                                          log::Log* log, const Logger* logger) {
  stream::ControlWriter::Options options = ControlOptionsOf(config, TopicNamesOf(config));
  options.instance = instance;
  // Shared because a std::function is copied; there is one desk.
  return [desk = std::make_shared<Desk>(log, std::move(options), logger)](
             const ApprovalSaid& said) { return desk->Say(said); };
}

}  // namespace foothold::app
