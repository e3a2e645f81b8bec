#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "src/base/time.h"
#include "src/intake/mapping.h"
#include "src/intake/outcome.h"

namespace foothold::intake {

// The record header that names the schema of a value framed by Confluent's header serializers.
inline constexpr std::string_view kSchemaIdHeader = "__value_schema_id";

// What the decoder needs of a record. The views need to live only for the call.
struct InputRecord {
  std::optional<std::string_view> value;          // nullopt: a null value.
  std::optional<std::string_view> schema_header;  // The value of the header kSchemaIdHeader.
  // The record's timestamp. nullopt in a file, and where the broker has none.
  std::optional<Instant> broker_time;
  // The largest time of an event accepted so far from the source: what a record of a file without a
  // time of its own takes, and what its time is held against. The caller keeps it
  // (SourceProgress::event_time_max), so that an aborted transaction can take it back.
  std::optional<Instant> event_time_max;
};

struct DecoderOptions {
  Mapping mapping;
  std::size_t record_bytes_max = 1U << 20U;  // Of the value, framing included.
  bool is_product = true;                    // False for sources of CS, billing and support.
};

// Turns the bytes of one source's records into events, or says why not. A pure function of record
// and options; the object is there to reuse memory, which is bounded by the largest record.
//
// Which of several counts: of equal keys in an object the first (in Protobuf the last, as
// everywhere there); of property names that differ only in spelling ("dashboard_id", "dashboardId")
// the one without `$`, then the smaller one, so that the order of keys does not matter. Numbers are
// equal by value: 1 and 1.0 have one fingerprint. Integers above 2^63-1 are kept as their digits.
//
// Not thread-safe: owned by one Worker.
class Decoder {
 public:
  explicit Decoder(DecoderOptions options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // The checks of PRODUCT.md section 2 in their order. Views in the outcome live until the next
  // call.
  Outcome Decode(const InputRecord& record);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold::intake
