#include "src/app/output_line.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "src/base/json.h"

namespace foothold::app {
namespace {

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

void AppendBase64(std::string_view bytes, std::string* out) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out->push_back(j <= count ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=');
    }
  }
}

// `"name":"text"`, or `"nameBase64":"..."` if the bytes are no text.
void AppendBytes(std::string_view name, const std::optional<std::string_view>& bytes,
                 std::string* out) {
  if (!bytes.has_value()) {
    out->append(fmt::format("\"{}\":null", name));
    return;
  }
  if (IsUtf8(*bytes)) {
    out->append(fmt::format("\"{}\":", name));
    AppendJsonString(*bytes, out);
    return;
  }
  out->append(fmt::format("\"{}Base64\":\"", name));
  AppendBase64(*bytes, out);
  out->push_back('"');
}

bool IsJson(const log::RecordView& record) {
  return std::ranges::any_of(record.headers, [](const log::Header& header) {
    return header.key == "content-type" && header.value == "application/json";
  });
}

}  // namespace

void AppendOutputLine(const log::RecordView& record, bool is_foreign, std::string* out) {
  out->append("{\"topic\":");
  AppendJsonString(record.topic, out);
  out->append(
      fmt::format(",\"partition\":{},\"offset\":{},", record.partition.value, record.offset));
  AppendBytes("key", record.key, out);
  out->append(",\"headers\":{");
  bool is_first = true;
  for (const log::Header& header : record.headers) {
    if (!is_first) {
      out->push_back(',');
    }
    is_first = false;
    AppendJsonString(header.key, out);
    out->push_back(':');
    if (header.value.has_value()) {
      AppendJsonString(*header.value, out);
    } else {
      out->append("null");
    }
  }
  out->append("},");
  if (!is_foreign && record.value.has_value() && IsJson(record)) {
    out->append("\"value\":").append(*record.value);
  } else {
    AppendBytes("value", record.value, out);
  }
  out->append("}\n");
}

}  // namespace foothold::app
