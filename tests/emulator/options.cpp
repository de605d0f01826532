#include "tests/emulator/options.hpp"

#include <cctype>
#include <charconv>
#include <string_view>

namespace pusher::emulator {

namespace {

bool parse_number(std::string_view text, uint64_t least, uint64_t most, uint64_t& number) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
}

bool parse_listen(std::string_view text, options& to) {
  auto colon = text.rfind(':');
  uint64_t port = 0;
  if (colon == std::string_view::npos || colon == 0) return false;
  if (!parse_number(text.substr(colon + 1), 0, 65535, port)) return false;
  to.host = text.substr(0, colon);
  to.port = static_cast<uint16_t>(port);
  return true;
}

bool parse_rate(std::string_view text, options& to) {
  auto colon = text.find(':');
  uint64_t status = 0;
  answer_rate rate;
  if (colon == std::string_view::npos || !parse_number(text.substr(0, colon), 400, 503, status)) return false;
  auto share = text.substr(colon + 1);
  auto [end, failure] = std::from_chars(share.data(), share.data() + share.size(), rate.share);
  if (failure != std::errc() || end != share.data() + share.size()) return false;
  if (!(rate.share >= 0 && rate.share <= 1)) return false;
  rate.status = static_cast<int>(status);
  for (int known : {400, 401, 403, 404, 429, 500, 503})
    if (rate.status == known) {
      to.rates.push_back(rate);
      return true;
    }
  return false;
}

bool parse_name(std::string_view text, options& to) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') return false;
  to.name = text;
  return true;
}

bool parse_project(std::string_view text, options& to) {
  if (text.empty() || text.size() > 64) return false;
  for (char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  to.project = text;
  return true;
}

/// A flag with a whole number, and the bounds of that number.
struct number_flag {
  std::string_view name;
  uint64_t least;
  uint64_t most;
  void (*store)(options&, uint64_t);
};

constexpr uint64_t plenty = 1'000'000'000;
constexpr number_flag number_flags[] = {
    {"--token-lifetime", 1, 86'400,
     [](options& o, uint64_t n) { o.token_lifetime_seconds = static_cast<int64_t>(n); }},
    {"--max-streams", 1, 100'000, [](options& o, uint64_t n) { o.max_streams = static_cast<uint32_t>(n); }},
    {"--first-streams", 0, 100'000,
     [](options& o, uint64_t n) { o.first_streams = static_cast<uint32_t>(n); }},
    {"--sandbox-port", 0, 65'535, [](options& o, uint64_t n) { o.sandbox_port = static_cast<uint16_t>(n); }},
    {"--apns-token-updates-seconds", 0, 86'400,
     [](options& o, uint64_t n) { o.apns_token_updates_seconds = static_cast<int64_t>(n); }},
    {"--goaway-cut", 0, plenty, [](options& o, uint64_t n) { o.goaway_cut = n; }},
    {"--delay-ms", 0, 3'600'000, [](options& o, uint64_t n) { o.delay_ms = static_cast<int64_t>(n); }},
    {"--goaway-every", 0, plenty, [](options& o, uint64_t n) { o.goaway_every = n; }},
    {"--drop-every", 0, plenty, [](options& o, uint64_t n) { o.drop_every = n; }},
    {"--max-rate", 0, plenty, [](options& o, uint64_t n) { o.max_rate = n; }},
};

/// A flag with a text; `parse` is false when the text is not acceptable.
struct text_flag {
  std::string_view name;
  std::string_view expected;
  bool (*parse)(std::string_view, options&);
};

bool store_text(std::string_view text, std::string& to) {
  to = text;
  return !text.empty();
}

constexpr text_flag text_flags[] = {
    {"--listen", "HOST:PORT", parse_listen},
    {"--directory", "a path", [](std::string_view t, options& o) { return store_text(t, o.directory); }},
    {"--log", "a path", [](std::string_view t, options& o) { return store_text(t, o.log_file); }},
    {"--bodies", "a path", [](std::string_view t, options& o) { return store_text(t, o.body_file); }},
    {"--name", "a host name", parse_name},
    {"--project", "lower-case letters, digits and dashes", parse_project},
    {"--answer-rate", "STATUS:SHARE, e.g. 429:0.05", parse_rate},
};

/// Stores one flag's value; the fault's sentence, or empty.
std::string store(std::string_view name, std::string_view value, options& to) {
  for (const auto& flag : number_flags) {
    uint64_t number = 0;
    if (flag.name != name) continue;
    if (!parse_number(value, flag.least, flag.most, number))
      return std::string(name) + " wants a number from " + std::to_string(flag.least) + " to " +
             std::to_string(flag.most);
    flag.store(to, number);
    return {};
  }
  for (const auto& flag : text_flags) {
    if (flag.name != name) continue;
    return flag.parse(value, to) ? std::string() : std::string(name) + " wants " + std::string(flag.expected);
  }
  return "unknown flag " + std::string(name);
}

}  // namespace

command parse_command_line(int argc, char** argv) {
  command result;
  auto refuse = [&](std::string fault) {
    result.what = command::kind::usage_error;
    result.fault = std::move(fault);
    return result;
  };
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "--help" || name == "-h") {
      result.what = command::kind::help;
      return result;
    }
    if (name == "--no-http2") {
      result.settings.http2 = false;
      continue;
    }
    if (name == "--print-token") {
      result.settings.print_token = true;
      continue;
    }
    std::string_view value;
    auto equals = name.find('=');
    if (equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    if (auto fault = store(name, value, result.settings); !fault.empty()) return refuse(fault);
  }
  if (result.settings.directory.empty()) return refuse("--directory is needed");
  return result;
}

}  // namespace pusher::emulator
