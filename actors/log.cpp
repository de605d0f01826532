#include "actors/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "model/clock.hpp"

namespace pusher::log {

namespace {

std::atomic<bool> as_json{true};

void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char hex[] = "0123456789abcdef";
      to += "\\u00";
      to += hex[static_cast<unsigned char>(c) >> 4];
      to += hex[static_cast<unsigned char>(c) & 15];
    } else {
      to += c;
    }
  }
}

void append_pair(std::string& to, std::string_view name, std::string_view value) {
  to += as_json ? ",\"" : " ";
  to += name;
  to += as_json ? "\":\"" : "=\"";
  append_escaped(to, value);
  to += '"';
}

void write(spdlog::level::level_enum level, std::string_view event, fields values) {
  auto* logger = spdlog::default_logger_raw();
  if (!logger->should_log(level)) return;
  auto name = spdlog::level::to_string_view(level);
  std::string line;
  line.reserve(256);
  if (as_json) {
    line += "{\"ts\":\"" + to_rfc3339(now_ms()) + "\",\"level\":\"";
    line.append(name.data(), name.size());
    line += "\",\"event\":\"";
    append_escaped(line, event);
    line += '"';
  } else {
    line += to_rfc3339(now_ms()) + " ";
    line.append(name.data(), name.size());
    line += " ";
    append_escaped(line, event);
  }
  for (const auto& [key, value] : values)
    append_pair(line, key, value);
  if (as_json) line += '}';
  logger->log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void set_up(const std::string& level, const std::string& format) {
  as_json = format != "text";
  auto logger = std::make_shared<spdlog::logger>("pusher", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::from_str(level));
  // A full disk behind standard error must not stop the node.
  logger->set_error_handler([](const std::string&) {});
  spdlog::set_default_logger(std::move(logger));
}

bool set_level(const std::string& level) {
  for (const char* known : {"trace", "debug", "info", "warn", "error"})
    if (level == known) {
      spdlog::default_logger_raw()->set_level(spdlog::level::from_str(level));
      return true;
    }
  return false;
}

void debug(std::string_view event, fields values) {
  write(spdlog::level::debug, event, values);
}
void info(std::string_view event, fields values) {
  write(spdlog::level::info, event, values);
}
void warn(std::string_view event, fields values) {
  write(spdlog::level::warn, event, values);
}
void error(std::string_view event, fields values) {
  write(spdlog::level::err, event, values);
}

}  // namespace pusher::log
