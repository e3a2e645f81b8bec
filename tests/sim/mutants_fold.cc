// Mutants of what is folded again behind a checkpoint.

#include <optional>
#include <vector>

#include "src/stream/fold_place.h"
#include "tests/sim/log_mutation.h"

namespace foothold::sim {
namespace {

template <class Kind>
std::unique_ptr<Mutation> Make(log::MemoryLog* log) {
  return std::make_unique<Kind>(log);
}

// What a commit tells of how far the fold has come is a step short, or is forgotten beyond the
// checkpoint.
enum class Miscount { kStepShort, kForgotten };
template <Miscount kMiscount>
class NotesMiscounted final : public LogMutation {
 public:
  using LogMutation::LogMutation;
  class Producer final : public PassProducer {
   public:
    using PassProducer::PassProducer;
    Status SendOffsets(std::span<const log::Position> positions, const log::GroupToken& group,
                       milliseconds timeout) override {
      std::vector<log::Position> changed(positions.begin(), positions.end());
      for (log::Position& position : changed) {
        std::optional<stream::CommitNote> note = stream::DecodeCommitNote(position.note);
        if (!note.has_value()) {
          continue;
        }
        stream::FoldPlace& reached = note->reached;
        if (kMiscount == Miscount::kForgotten) {
          reached = {.next = reached.next, .entry = 0, .steps = 0};
        } else if (reached.steps > 0) {
          --reached.steps;
        } else if (reached.entry > 0) {
          --reached.entry;
        }
        position.note = stream::EncodeCommitNote(*note);
      }
      return inner_->SendOffsets(changed, group, timeout);
    }
  };
  std::unique_ptr<log::TransactionalProducer> WrapProducer(
      std::unique_ptr<log::TransactionalProducer> producer, log::Log* /*port*/,
      const log::ProducerOptions& /*options*/, const Spot& /*spot*/) override {
    return std::make_unique<Producer>(std::move(producer));
  }
};

}  // namespace

std::vector<Mutant> FoldMutants() {
  return {{"fold_again_a_step_short", Make<NotesMiscounted<Miscount::kStepShort>>},
          {"fold_again_to_the_record_only", Make<NotesMiscounted<Miscount::kForgotten>>}};
}

}  // namespace foothold::sim
