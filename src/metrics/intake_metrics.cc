#include "src/metrics/intake_metrics.h"

#include "src/base/check.h"
#include "src/metrics/families.h"

namespace foothold::metrics {

struct IntakeMetrics::Rep {
  struct Source {
    std::string name;
    prometheus::Counter* records;
    prometheus::Counter* bytes;
    prometheus::Counter* dead_letters_cut;
    prometheus::Counter* passed_on;
  };

  const Source& source(std::size_t index) const {
    FOOTHOLD_CHECK(index < sources.size(), "a source by its index in the list given");
    return sources[index];
  }

  std::vector<Source> sources;
  Counters& rejected;
  Counters& skipped;
  Counters& remarked;
  prometheus::Counter* journal_batches;
  prometheus::Counter* journal_entries;
  prometheus::Counter* journal_bytes;
};

IntakeMetrics::IntakeMetrics(Registry* registry, const std::vector<std::string>& sources) {
  Families& families = registry->families();
  rep_.reset(new Rep{
      .sources = {},
      .rejected = families.counters({.name = "foothold_intake_rejected_records_total",
                                     .help = "Records sent to the dead letter.",
                                     .labels = {"source", "reason"}}),
      .skipped = families.counters({.name = "foothold_intake_skipped_records_total",
                                    .help = "Records dropped knowingly.",
                                    .labels = {"source", "why"}}),
      .remarked = families.counters({.name = "foothold_intake_remarked_records_total",
                                     .help = "Records accepted with a correction.",
                                     .labels = {"source", "remark"}}),
      .journal_batches = families
                             .counters({.name = "foothold_intake_journal_batches_total",
                                        .help = "Records written to the journal.",
                                        .labels = {}})
                             .At({}),
      .journal_entries = families
                             .counters({.name = "foothold_intake_journal_entries_total",
                                        .help = "Entries written to the journal.",
                                        .labels = {}})
                             .At({}),
      .journal_bytes = families
                           .counters({.name = "foothold_intake_journal_bytes_total",
                                      .help = "Bytes written to the journal.",
                                      .labels = {}})
                           .At({}),
  });
  Counters& records = families.counters({.name = "foothold_intake_records_total",
                                         .help = "Records read from the sources.",
                                         .labels = {"source"}});
  Counters& bytes = families.counters({.name = "foothold_intake_bytes_total",
                                       .help = "Bytes of the values read from the sources.",
                                       .labels = {"source"}});
  Counters& cut = families.counters({.name = "foothold_intake_dead_letters_cut_total",
                                     .help = "Dead letters that were cut to fit.",
                                     .labels = {"source"}});
  Counters& passed_on = families.counters(
      {.name = "foothold_intake_unplaced_records_total",
       .help = "Records that name a user and no account, handed to the people stage.",
       .labels = {"source"}});
  for (const std::string& source : sources) {
    rep_->sources.push_back({.name = source,
                             .records = records.At({source}),
                             .bytes = bytes.At({source}),
                             .dead_letters_cut = cut.At({source}),
                             .passed_on = passed_on.At({source})});
  }
}

IntakeMetrics::~IntakeMetrics() = default;

void IntakeMetrics::RecordRead(std::size_t source, std::size_t bytes) {
  const Rep::Source& counters = rep_->source(source);
  counters.records->Increment();
  counters.bytes->Increment(static_cast<double>(bytes));
}

void IntakeMetrics::RecordRejected(std::size_t source, std::string_view reason) {
  rep_->rejected.At({rep_->source(source).name, reason})->Increment();
}

void IntakeMetrics::RecordSkipped(std::size_t source, std::string_view why) {
  rep_->skipped.At({rep_->source(source).name, why})->Increment();
}

void IntakeMetrics::RecordPassedOn(std::size_t source) {
  rep_->source(source).passed_on->Increment();
}

void IntakeMetrics::RecordRemarked(std::size_t source, std::string_view remark) {
  rep_->remarked.At({rep_->source(source).name, remark})->Increment();
}

void IntakeMetrics::JournalWritten(std::size_t entries, std::size_t bytes) {
  rep_->journal_batches->Increment();
  rep_->journal_entries->Increment(static_cast<double>(entries));
  rep_->journal_bytes->Increment(static_cast<double>(bytes));
}

void IntakeMetrics::DeadLetterCut(std::size_t source) {
  rep_->source(source).dead_letters_cut->Increment();
}

}  // namespace foothold::metrics
