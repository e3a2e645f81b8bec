#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace foothold::metrics {

class Families;

// All metrics of a process. The structs of verbs (intake_metrics.h, journey_metrics.h,
// worker_metrics.h) register theirs in it and keep pointers into it: it outlives them.
//
// Every family holds a bounded number of label sets; see README.md. Thread-safe.
class Registry {
 public:
  // What Render() returns, as an HTTP Content-Type.
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Everything in Prometheus' text format.
  std::string Render() const;

  // For the structs of verbs.
  Families& families() { return *families_; }

 private:
  std::unique_ptr<Families> families_;
};

// foothold_build_info: constant 1, what runs as labels.
void ExportBuildInfo(Registry* registry, std::string_view version, std::string_view revision,
                     std::string_view compiler);

}  // namespace foothold::metrics
