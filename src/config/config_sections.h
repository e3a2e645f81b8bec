#pragma once

// The sections of foothold.yaml that are more than a few plain values.

#include <string_view>
#include <vector>

#include "src/config/config.h"
#include "src/config/map_reader.h"

namespace foothold::config {

// A name Kafka takes for a topic: 1 to 249 of letters, digits, '.', '_', '-', and not "." or "..".
bool IsTopicName(std::string_view name);

// sources: a list.
void ReadSources(const YamlNode& sources, Problems* problems, std::vector<Source>* out);
// outputs: a topic for each kind of record.
void ReadOutputs(const YamlNode& outputs, Problems* problems, Outputs* out);

}  // namespace foothold::config
