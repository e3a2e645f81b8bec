#pragma once

// Families whose number of label sets is bounded. Inside of this folder only: it shows
// prometheus-cpp.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "src/base/check.h"
#include "src/base/mutex.h"

namespace foothold::metrics {

// Label values that come from data (roles, segments, reasons) share this bound in each family.
inline constexpr std::size_t kLabelSetsMax = 200;
// Partitions come from the broker: as many as one process can sensibly be given.
inline constexpr std::size_t kPartitionSetsMax = 2000;
// Rules come from the playbook, each with a few channels and a closed set of words.
inline constexpr std::size_t kRuleSetsMax = 2000;
// What a counter or histogram beyond the bound is counted under.
inline constexpr std::string_view kOtherLabel = "other";

struct FamilyName {
  std::string_view name;
  std::string_view help;
  std::vector<std::string> labels;
  std::size_t label_sets_max = kLabelSetsMax;
};

// A label's value in a form every scraper takes: bounded in size, no control characters.
std::string LabelValue(std::string_view raw);

template <class Metric>
class BoundedFamily {
 public:
  using Buckets = prometheus::Histogram::BucketBoundaries;
  using Values = std::initializer_list<std::string_view>;

  BoundedFamily(prometheus::Family<Metric>& family, const FamilyName& name, Buckets buckets,
                prometheus::Counter* refused)
      : family_(family),
        labels_(name.labels),
        label_sets_max_(name.label_sets_max),
        buckets_(std::move(buckets)),
        refused_(refused) {}

  // The metric with these values, one for each label, in their order; made if it is new. Beyond the
  // bound: the one whose values are all "other". The pointer lives as long as the registry.
  // REQUIRES: nobody removes from this family.
  Metric* At(Values values) {
    const MutexLock lock(mutex_);
    Metric* const metric = FindOrMake(values);
    return metric != nullptr ? metric : Other();
  }

  // Sets a gauge. Beyond the bound nothing is kept: a mixture of several would be read as a fact.
  void Set(Values values, double value) {
    const MutexLock lock(mutex_);
    if (Metric* const metric = FindOrMake(values); metric != nullptr) metric->Set(value);
  }

  void Remove(Values values) {
    const MutexLock lock(mutex_);
    const auto found = metric_by_key_.find(Key(values));
    if (found == metric_by_key_.end()) return;
    family_.Remove(found->second);
    metric_by_key_.erase(found);
  }

 private:
  static std::string Key(Values values) {
    std::string key;
    for (const std::string_view value : values) {
      key += value;
      key += '\0';
    }
    return key;
  }

  Metric* FindOrMake(Values values) REQUIRES_MUTEX(mutex_) {
    FOOTHOLD_CHECK(values.size() == labels_.size(), "a value for each label");
    std::string key = Key(values);
    const auto found = metric_by_key_.find(key);
    if (found != metric_by_key_.end()) return found->second;
    if (metric_by_key_.size() >= label_sets_max_) {
      refused_->Increment();
      return nullptr;
    }
    prometheus::Labels labels;
    auto label = labels_.begin();
    for (const std::string_view value : values) labels.emplace(*label++, LabelValue(value));
    Metric* const metric = Make(labels);
    metric_by_key_.emplace(std::move(key), metric);
    return metric;
  }

  Metric* Other() REQUIRES_MUTEX(mutex_) {
    if (other_ == nullptr) {
      prometheus::Labels labels;
      for (const std::string& label : labels_) labels.emplace(label, std::string(kOtherLabel));
      other_ = Make(labels);
    }
    return other_;
  }

  Metric* Make(const prometheus::Labels& labels) {
    if constexpr (std::is_same_v<Metric, prometheus::Histogram>) {
      return &family_.Add(labels, buckets_);
    } else {
      return &family_.Add(labels);
    }
  }

  prometheus::Family<Metric>& family_;
  const std::vector<std::string> labels_;
  const std::size_t label_sets_max_;
  const Buckets buckets_;
  prometheus::Counter* const refused_;
  Mutex mutex_;
  std::unordered_map<std::string, Metric*> metric_by_key_ GUARDED_BY(mutex_);
  Metric* other_ GUARDED_BY(mutex_) = nullptr;
};

using Counters = BoundedFamily<prometheus::Counter>;
using Gauges = BoundedFamily<prometheus::Gauge>;
using Histograms = BoundedFamily<prometheus::Histogram>;

// The families of a registry by name: the structs of several workers share theirs. Thread-safe.
class Families {
 public:
  Families();

  Counters& counters(const FamilyName& name);
  Gauges& gauges(const FamilyName& name);
  Histograms& histograms(const FamilyName& name, const Histograms::Buckets& buckets);

  const prometheus::Registry& prometheus_registry() const { return registry_; }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& refused_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Counters>, std::less<>> counters_ GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<Gauges>, std::less<>> gauges_ GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<Histograms>, std::less<>> histograms_ GUARDED_BY(mutex_);
};

}  // namespace foothold::metrics
