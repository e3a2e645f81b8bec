#pragma once

#include <string>

#include "src/readmodel/effects.h"

namespace foothold::app {

// What the whole comes to, in Prometheus' text format.
std::string EffectGauges(const readmodel::Effects& effects);

}  // namespace foothold::app
