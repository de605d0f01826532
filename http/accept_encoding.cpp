#include <cmath>
#include <cstdlib>
#include <optional>

#include "http/gzip.hpp"
#include "http/text.hpp"

namespace pusher::http {

namespace {

/// `;q=0.5` in thousandths; what cannot be read counts as 0, so that nothing is sent that was not asked for.
int weight_of(std::string_view parameters) {
  if (parameters.empty()) return 1000;
  auto equals = parameters.find('=');
  if (equals == std::string_view::npos || to_lower(trimmed(parameters.substr(0, equals))) != "q") return 1000;
  std::string digits(trimmed(parameters.substr(equals + 1)));
  bool number = !digits.empty() && digits.size() <= 5 && (digits[0] == '0' || digits[0] == '1') &&
                digits.find_first_not_of("0123456789.") == std::string::npos;
  return number ? static_cast<int>(std::lround(std::strtod(digits.c_str(), nullptr) * 1000)) : 0;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip, plain, any;
  while (!accept_encoding.empty()) {
    auto comma = accept_encoding.find(',');
    auto part = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size() : comma + 1);
    auto semicolon = part.find(';');
    auto coding = to_lower(trimmed(part.substr(0, semicolon)));
    auto weight = weight_of(semicolon == std::string_view::npos ? "" : part.substr(semicolon + 1));
    if (coding == "gzip" || coding == "x-gzip") gzip = weight;
    if (coding == "identity") plain = weight;
    if (coding == "*") any = weight;
  }
  auto wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= plain.value_or(0);
}

}  // namespace pusher::http
