#pragma once

#include <map>
#include <string>

#include "src/http/server.h"

namespace foothold::app {

// Adds the page: "/", its style, its scripts, its icon. They are part of the program, fetch nothing
// from elsewhere, and are sent with a policy that lets them fetch nothing from elsewhere.
void AddPage(std::map<std::string, http::HttpHandler>* handlers);

}  // namespace foothold::app
