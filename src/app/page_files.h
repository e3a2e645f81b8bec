#pragma once

// The files of src/app/page, made part of the program when the build is configured.

#include <string_view>

namespace foothold::app {

std::string_view PageHtml();
std::string_view PageCss();
std::string_view PageJs();
std::string_view PartsJs();
std::string_view ViewsJs();
std::string_view IconSvg();

}  // namespace foothold::app
