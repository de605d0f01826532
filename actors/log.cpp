#include "actors/log.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "actors/log_budget.hpp"
#include "actors/log_text.hpp"
#include "actors/patient_stderr.hpp"
#include "model/clock_us.hpp"

namespace pusher::log {

namespace {

using spdlog::level::level_enum;

/// What the process's log knows.
struct log_state {
  std::atomic<bool> as_json{true};
  std::shared_ptr<patient_stderr> sink;  ///< null before set_up()
  std::array<std::atomic<uint64_t>, level_names.size()> written{};
  std::atomic<uint64_t> repeated{0};
  std::atomic<uint64_t> lost_told{0};
  std::mutex mutex;
  log::budget budget;
};

log_state& state() {
  static log_state one;
  return one;
}

size_t number_of(level_enum level) {
  return level <= spdlog::level::debug
             ? 0
             : std::min<size_t>(level - spdlog::level::debug, level_names.size() - 1);
}

void append_pair(std::string& to, std::string_view name, std::string_view value) {
  bool json = state().as_json;
  to += json ? ",\"" : " ";
  to += name;
  to += json ? "\":\"" : "=\"";
  append_escaped(to, value);
  to += '"';
}

std::string beginning(level_enum level, std::string_view event) {
  std::string line;
  line.reserve(256);
  auto name = spdlog::level::to_string_view(level);
  bool json = state().as_json;
  line += json ? "{\"ts\":\"" : "";
  line += to_rfc3339_us(now_us());
  line += json ? "\",\"level\":\"" : " ";
  line.append(name.data(), name.size());
  line += json ? "\",\"event\":\"" : " ";
  append_escaped(line, event);
  if (json) line += '"';
  return line;
}

void hand_over(level_enum level, std::string line) {
  if (state().as_json) line += '}';
  ++state().written[number_of(level)];
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(line.data(), line.size()));
}

/// Of what the log does not have.
void tell_of_gaps(const std::vector<std::pair<std::string, uint64_t>>& storms) {
  for (const auto& [event, lines] : storms) {
    auto line = beginning(spdlog::level::info, "log.repeated");
    append_pair(line, "of", event);
    append_pair(line, "left_out", std::to_string(lines));
    hand_over(spdlog::level::info, std::move(line));
  }
  auto lost = state().sink ? state().sink->lost() : 0;
  auto told = state().lost_told.load();
  if (lost == told || !state().lost_told.compare_exchange_strong(told, lost)) return;
  auto line = beginning(spdlog::level::warn, "log.lines_lost");
  append_pair(line, "lines", std::to_string(lost - told));
  hand_over(spdlog::level::warn, std::move(line));
}

void write(level_enum level, std::string_view event, fields values) {
  if (!spdlog::default_logger_raw()->should_log(level)) return;
  budget::permission may{true, 0};
  std::vector<std::pair<std::string, uint64_t>> storms;
  if (level >= spdlog::level::info) {
    std::lock_guard<std::mutex> guard(state().mutex);
    auto now = std::chrono::steady_clock::now();
    may = state().budget.ask(event, now);
    storms = state().budget.take_unspoken(now);
  }
  if (!may.given) ++state().repeated;
  tell_of_gaps(storms);
  if (!may.given) return;
  auto line = beginning(level, event);
  for (const auto& [key, value] : values)
    if (!value.empty()) append_pair(line, key, value);
  if (may.left_out > 0) append_pair(line, "left_out", std::to_string(may.left_out));
  hand_over(level, std::move(line));
}

}  // namespace

void set_up(const std::string& level, const std::string& format) {
  bool people = format == "text" || (format == "auto" && ::isatty(STDERR_FILENO) == 1);
  state().as_json = !people;
  state().sink = std::make_shared<patient_stderr>();
  auto logger = std::make_shared<spdlog::logger>("pusher", state().sink);
  logger->set_level(spdlog::level::from_str(level));
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

line_counts counts() {
  line_counts now;
  for (size_t i = 0; i < now.written.size(); ++i)
    now.written[i] = state().written[i];
  now.repeated = state().repeated;
  now.unwritable = state().sink ? state().sink->lost() : 0;
  return now;
}

}  // namespace pusher::log
