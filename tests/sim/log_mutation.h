#pragma once

#include <memory>
#include <utility>

#include "tests/sim/mutants.h"
#include "tests/sim/pass.h"

namespace foothold::sim {

// A mutation that wraps the consumers or the producers of all stages.
class LogMutation : public Mutation {
 public:
  explicit LogMutation(log::MemoryLog* log) : log_(log) {}
  std::unique_ptr<log::Log> WrapLog(log::Log* log, const Spot& spot) override {
    return std::make_unique<Wrapped>(log, this, spot);
  }

 protected:
  virtual std::unique_ptr<log::Consumer> WrapConsumer(std::unique_ptr<log::Consumer> consumer,
                                                      const log::ConsumerOptions& /*options*/,
                                                      const Spot& /*spot*/) {
    return consumer;
  }
  virtual std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& /*spot*/) {
    return producer;
  }
  virtual log::ConsumerOptions Change(log::ConsumerOptions options) { return options; }

  log::MemoryLog* log_;

 private:
  class Wrapped final : public PassLog {
   public:
    Wrapped(log::Log* inner, LogMutation* mutation, const Spot& spot)
        : PassLog(inner), mutation_(mutation), spot_(spot) {}
    Result<std::unique_ptr<log::Consumer>> NewConsumer(
        const log::ConsumerOptions& options) override {
      FOOTHOLD_ASSIGN(std::unique_ptr<log::Consumer> consumer,
                      inner_->NewConsumer(mutation_->Change(options)));
      return mutation_->WrapConsumer(std::move(consumer), options, spot_);
    }
    Result<std::unique_ptr<log::TransactionalProducer>> NewProducer(
        const log::ProducerOptions& options) override {
      FOOTHOLD_ASSIGN(std::unique_ptr<log::TransactionalProducer> producer,
                      inner_->NewProducer(options));
      return mutation_->WrapProducer(std::move(producer), inner_, options, spot_);
    }

   private:
    LogMutation* mutation_;
    Spot spot_;
  };
};

}  // namespace foothold::sim
