// The log in memory holds the contract of the port.

#include "src/log/memory_log.h"
#include "tests/log/conformance.h"

namespace foothold::log {

namespace {

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  Log& log() override { return log_; }
  bool is_real_broker() const override { return false; }
  std::string UniqueName(std::string_view stem) override {
    return std::string(stem) + "-" + std::to_string(++last_name_);
  }
  Status DeleteRecordsBefore(const TopicPartition& source, NextOffset offset) override {
    return log_.DeleteRecordsBefore(source, offset);
  }

 private:
  SystemWallClock clock_;
  MemoryLog log_{clock_};
  int last_name_ = 0;
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(MemoryLog, LogConformance,
                         testing::Values(LogForm{
                             "MemoryLog", [] { return std::make_unique<MemoryLogUnderTest>(); }}),
                         LogFormName);

}  // namespace foothold::log
