#pragma once

#include <string>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/http/server.h"

namespace foothold::http {

// GET of http://`address``path`; `address` is "host:port". kRetry: nobody answers there within
// `timeout`, or not in HTTP. kInvalid: not an address. Blocks.
Result<HttpResponse> Get(const std::string& address, const std::string& path, milliseconds timeout);

}  // namespace foothold::http
