#pragma once

#include <string_view>

namespace foothold::journey {

// The source of history that was imported. No configured source has this name.
inline constexpr std::string_view kImportSource = "import";

}  // namespace foothold::journey
