#include "src/app/page.h"

#include <array>
#include <string_view>

#include "src/app/page_files.h"

namespace foothold::app {
namespace {

// Only what this server sends; no inline script or style; in nobody's frame.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct File {
  const char* path;
  const char* type;
  std::string_view (*text)();
};

constexpr std::array<File, 6> kFiles{{
    {"/", "text/html; charset=utf-8", &PageHtml},
    {"/page.css", "text/css; charset=utf-8", &PageCss},
    {"/page.js", "text/javascript; charset=utf-8", &PageJs},
    {"/parts.js", "text/javascript; charset=utf-8", &PartsJs},
    {"/views.js", "text/javascript; charset=utf-8", &ViewsJs},
    {"/icon.svg", "image/svg+xml", &IconSvg},
}};

}  // namespace

void AddPage(std::map<std::string, http::HttpHandler>* handlers) {
  for (const File& file : kFiles) {
    (*handlers)[file.path] = [&file](const http::HttpRequest&) {
      return http::HttpResponse{
          .content_type = file.type,
          .body = std::string(file.text()),
          .headers = {{"Content-Security-Policy", kPolicy}, {"Referrer-Policy", "no-referrer"}}};
    };
  }
}

}  // namespace foothold::app
