#include "tests/emulator/exchange.hpp"

namespace pusher::emulator {

namespace {

/// Whether a gateway, or a test, looks at it. Decided by few comparisons, since every push has headers that
/// nobody needs.
bool looked_at(std::string_view name) {
  switch (name.empty() ? '\0' : name.front()) {
    case 'a':
      return name.substr(0, 5) == "apns-";
    case 't':
      return name == "ttl" || name == "topic" || name == "traceparent";
    case 'u':
      return name == "urgency";
    case 'c':
      return name == "content-encoding" || name == "crypto-key";
    case 'e':
      return name == "encryption";
    default:
      return false;
  }
}

}  // namespace

void header_list::add(std::string_view name, std::string_view value) {
  if (used_ == fields_.size()) fields_.emplace_back();
  fields_[used_].name = name;
  fields_[used_].value = value;
  ++used_;
}

const std::string* header_list::find(std::string_view name) const {
  for (const auto& each : *this)
    if (each.name == name) return &each.value;
  return nullptr;
}

void request::take_header(std::string_view name, std::string_view value) {
  if (name == "authorization") {
    authorization_repeated = !authorization.empty();
    authorization = value;
  } else if (name == "content-type") {
    content_type = value;
  } else if (looked_at(name)) {
    headers.add(name, value);
  }
}

}  // namespace pusher::emulator
