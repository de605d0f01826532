// The web console's files, to anybody: what it shows comes from the API, with the key that its user enters.
#include <map>

#include "http/console_assets.hpp"
#include "http/fixed_page.hpp"
#include "http/problem.hpp"
#include "http/route_handlers.hpp"

namespace pusher::http {

namespace {

constexpr std::string_view start_page = "index.html";
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string type_of(std::string_view name) {
  auto end = name.substr(name.rfind('.') + 1);
  if (end == "html") return "text/html; charset=utf-8";
  if (end == "css") return "text/css; charset=utf-8";
  if (end == "svg") return "image/svg+xml";
  return "text/javascript; charset=utf-8";
}

using pages = std::map<std::string_view, fixed_page>;

pages make_pages() {
  pages made;
  for (const auto& each : console_assets())
    made.emplace(std::piecewise_construct, std::forward_as_tuple(each.name),
                 std::forward_as_tuple(std::string(each.text), type_of(each.name),
                                       fixed_page::headers{{"Content-Security-Policy", policy},
                                                           {"X-Content-Type-Options", "nosniff"},
                                                           {"Referrer-Policy", "no-referrer"}}));
  return made;
}

answer show(const call& of, std::string_view name) {
  static const auto all = make_pages();
  auto found = all.find(name);
  if (found == all.end())
    return fault(errc::route_not_found, "The console has no such file; it begins at /console.");
  return found->second.answer_to(of.asked);
}

}  // namespace

answer show_console(const call& of) {
  return show(of, start_page);
}

answer show_console_file(const call& of) {
  return show(of, of.name());
}

}  // namespace pusher::http
