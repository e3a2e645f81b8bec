#include "src/codec/volume_facts.h"

#include <utility>
#include <vector>

#include "src/codec/flat.h"

namespace foothold::codec {
namespace {

struct VolumeRow {
  std::string name;
  journey::EventVolume volume;
};
struct FlatVolumes {
  std::int64_t revision = 0;
  std::int64_t judged_until = 0;
  std::vector<VolumeRow> rows;
};

template <class Wire, class Volumes>
void VolumeFields(Wire& wire, Volumes& volumes) {
  wire.Number(volumes.revision);
  wire.Number(volumes.judged_until);
  wire.Each(volumes.rows, [&](auto& row) {
    wire.Text(row.name);
    wire.Number(row.volume.first);
    wire.Number(row.volume.last);
    wire.Each(row.volume.counts, [&](auto& count) { wire.Number(count); });
    wire.Number(row.volume.norm);
    wire.MaybeTime(row.volume.quiet_since);
  });
}

}  // namespace

std::string EncodeVolumes(const journey::EventVolumes& volumes) {
  const journey::EventVolumes::Parts parts = volumes.parts();
  FlatVolumes flat{.revision = parts.revision, .judged_until = parts.judged_until, .rows = {}};
  for (const auto& [name, volume] : parts.events) {
    flat.rows.push_back({.name = name, .volume = volume});
  }
  FlatWriter writer('V');
  VolumeFields(writer, std::as_const(flat));
  return writer.Take();
}

Result<journey::EventVolumes> DecodeVolumes(std::string_view bytes) {
  FlatVolumes flat;
  FlatReader reader(bytes, 'V', "how often events come");
  VolumeFields(reader, flat);
  FOOTHOLD_TRY(reader.Finish());
  journey::EventVolumes::Parts parts;
  parts.revision = flat.revision;
  parts.judged_until = flat.judged_until;
  for (VolumeRow& row : flat.rows) {
    parts.events.emplace(std::move(row.name), std::move(row.volume));
  }
  return journey::EventVolumes::FromParts(std::move(parts));
}

}  // namespace foothold::codec
