#include "src/metrics/registry.h"

#include <sstream>

#include <prometheus/text_serializer.h>

#include "src/metrics/families.h"

namespace foothold::metrics {
namespace {

constexpr std::size_t kLabelBytesMax = 120;

}  // namespace

std::string LabelValue(std::string_view raw) {
  std::string value(raw.substr(0, kLabelBytesMax));
  // A character cut in its middle would make the whole page unreadable.
  if (value.size() < raw.size()) {
    while (!value.empty() && (static_cast<unsigned char>(value.back()) & 0xC0U) == 0x80U) {
      value.pop_back();
    }
    if (!value.empty() && static_cast<unsigned char>(value.back()) >= 0xC0U) value.pop_back();
  }
  for (char& byte : value) {
    if (static_cast<unsigned char>(byte) < 0x20U || byte == '\x7F') byte = ' ';
  }
  return value;
}

Families::Families()
    : refused_(prometheus::BuildCounter()
                   .Name("foothold_metrics_refused_total")
                   .Help("Updates under label values beyond the bound of their family.")
                   .Register(registry_)) {}

Counters& Families::counters(const FamilyName& name) {
  const MutexLock lock(mutex_);
  std::unique_ptr<Counters>& family = counters_[std::string(name.name)];
  if (family == nullptr) {
    const std::string text(name.name);
    family = std::make_unique<Counters>(
        prometheus::BuildCounter().Name(text).Help(std::string(name.help)).Register(registry_),
        name, Counters::Buckets(), &refused_.Add({{"family", text}}));
  }
  return *family;
}

Gauges& Families::gauges(const FamilyName& name) {
  const MutexLock lock(mutex_);
  std::unique_ptr<Gauges>& family = gauges_[std::string(name.name)];
  if (family == nullptr) {
    const std::string text(name.name);
    family = std::make_unique<Gauges>(
        prometheus::BuildGauge().Name(text).Help(std::string(name.help)).Register(registry_), name,
        Gauges::Buckets(), &refused_.Add({{"family", text}}));
  }
  return *family;
}

Histograms& Families::histograms(const FamilyName& name, const Histograms::Buckets& buckets) {
  const MutexLock lock(mutex_);
  std::unique_ptr<Histograms>& family = histograms_[std::string(name.name)];
  if (family == nullptr) {
    const std::string text(name.name);
    family = std::make_unique<Histograms>(
        prometheus::BuildHistogram().Name(text).Help(std::string(name.help)).Register(registry_),
        name, buckets, &refused_.Add({{"family", text}}));
  }
  return *family;
}

Registry::Registry() : families_(std::make_unique<Families>()) {}
Registry::~Registry() = default;

std::string Registry::Render() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->prometheus_registry().Collect());
  return std::move(out).str();
}

void ExportBuildInfo(Registry* registry, std::string_view version, std::string_view revision,
                     std::string_view compiler) {
  registry->families()
      .gauges({.name = "foothold_build_info",
               .help = "Always 1: what runs, as labels.",
               .labels = {"version", "revision", "compiler"}})
      .Set({version, revision, compiler}, 1);
}

}  // namespace foothold::metrics
