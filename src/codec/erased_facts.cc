#include "src/codec/erased_facts.h"

#include <utility>
#include <vector>

#include "src/codec/flat.h"

namespace foothold::codec {
namespace {

struct ErasedRow {
  Hash128 id;
  std::string tenant;
  Instant until;
};

template <class Wire, class Rows>
void ErasedFields(Wire& wire, Rows& rows) {
  wire.Each(rows, [&](auto& row) {
    wire.Hash(row.id.high);
    wire.Hash(row.id.low);
    wire.Text(row.tenant);
    wire.Time(row.until);
  });
}

}  // namespace

std::string EncodeErasedIds(const journey::ErasedIds& ids) {
  std::vector<ErasedRow> rows;
  for (const auto& [id, accounts] : ids.parts()) {
    for (const auto& [tenant, until] : accounts) {
      rows.push_back({.id = id, .tenant = tenant, .until = until});
    }
  }
  FlatWriter writer('X');
  ErasedFields(writer, rows);
  return writer.Take();
}

Result<journey::ErasedIds> DecodeErasedIds(std::string_view bytes) {
  std::vector<ErasedRow> rows;
  FlatReader reader(bytes, 'X', "who was erased");
  ErasedFields(reader, rows);
  FOOTHOLD_TRY(reader.Finish());
  journey::ErasedIds ids;
  for (const ErasedRow& row : rows) {
    ids.Add(row.id, row.tenant, row.until);
  }
  return ids;
}

}  // namespace foothold::codec
