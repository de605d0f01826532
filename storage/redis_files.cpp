#include "storage/redis_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include "model/clock.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

constexpr const char* live = "/appendonlydir";
constexpr const char* distrusted = "/disk-was-full";
constexpr std::string_view damaged = "damaged-";
constexpr size_t most_kept = 2;

/// By these Redis 7 says that it ends because of its files, and of nothing else.
constexpr std::array<std::string_view, 7> blame{
    "reading the append only file",   // a command that is none, or its file ends in the middle
    "AOF MANIFEST FILE ERROR",        // the list of its files is damaged
    "AOF loading aborted",            // the base file is
    "Wrong RDB checksum",             // and says so itself
    "Internal error in RDB reading",  // it is cut, or senseless
    "Terminating server after rdb file reading failure",
    "Unable to obtain the AOF file"};  // one that the list names is not there

/// The line that has `words`, without Redis's process and time, and without its advice.
std::string line_of(const std::string& log, std::string_view words) {
  auto at = log.find(words);
  auto begin = log.rfind('\n', at);
  begin = begin == std::string::npos ? 0 : begin + 1;
  auto line = log.substr(begin, log.find('\n', at) - begin);
  for (auto advice : {": make a backup", ". You can:"})
    if (auto from = line.find(advice); from != std::string::npos) line.erase(from);
  auto mark = line.find(" # ");
  return mark == std::string::npos ? line : line.substr(mark + 3);
}

uintmax_t bytes_in(const std::string& directory) {
  uintmax_t total = 0;
  std::error_code fault;
  for (const auto& each : fs::directory_iterator(directory, fault)) {
    auto size = each.file_size(fault);
    if (!fault) total += size;
  }
  return total;
}

/// Whether a new file may become as large as the damaged one beside it.
bool has_room_beside(const std::string& directory) {
  std::error_code fault;
  auto room = fs::space(directory, fault);
  return !fault && room.available > bytes_in(directory);
}

/// A name that nothing has; later ones are greater.
std::string name_for(const std::string& directory) {
  auto stamp = to_rfc3339(now_ms());
  stamp.erase(std::remove_if(stamp.begin(), stamp.end(), [](char c) { return c == '-' || c == ':'; }),
              stamp.end());
  return directory + "/" + std::string(damaged) + stamp;
}

}  // namespace

redis_files::redis_files(std::string directory, redis_files_told told)
    : directory_(std::move(directory)), told_(std::move(told)) {}

result<void> redis_files::prepare() const {
  std::error_code fault;
  if (!fs::exists(directory_ + distrusted, fault)) return {};
  if (auto done = set_aside("Redis ended while its disk was full, or soon after: its file may be wrong");
      !done)
    return done;
  trust(directory_);
  return {};
}

result<bool> redis_files::mend(const std::string& log) const {
  auto found = std::find_if(blame.begin(), blame.end(),
                            [&](auto words) { return log.find(words) != std::string::npos; });
  if (found == blame.end()) return false;
  if (auto done = set_aside("Redis cannot load its file: " + line_of(log, *found)); !done)
    return done.failure();
  return true;
}

result<void> redis_files::set_aside(const std::string& why) const {
  std::error_code fault;
  if (!fs::exists(directory_ + live, fault)) return {};
  auto kept = name_for(directory_);
  // Crash here or later => a Redis without files starts, as intended.
  fs::rename(directory_ + live, kept, fault);
  if (fault)
    return error{errc::store_unavailable,
                 "Cannot rename " + directory_ + live + " to " + kept + ": " + fault.message(), "", 0};
  keep_newest();
  if (!has_room_beside(kept)) {
    fs::remove_all(kept, fault);
    kept.clear();
  }
  redis_files_set_aside_at() = now_ms();
  if (told_) told_(why, kept);
  return {};
}

void redis_files::keep_newest() const {
  std::vector<std::string> kept;
  std::error_code fault;
  for (const auto& each : fs::directory_iterator(directory_, fault))
    if (auto name = each.path().filename().string(); name.rfind(damaged, 0) == 0) kept.push_back(name);
  std::sort(kept.rbegin(), kept.rend());
  for (size_t i = most_kept; i < kept.size(); ++i)
    fs::remove_all(directory_ + "/" + kept[i], fault);
}

void redis_files::distrust(const std::string& directory) {
  std::ofstream(directory + distrusted, std::ios::app);
}

void redis_files::trust(const std::string& directory) {
  std::error_code fault;
  fs::remove(directory + distrusted, fault);
}

std::atomic<int64_t>& redis_files_set_aside_at() {
  static std::atomic<int64_t> at{0};
  return at;
}

}  // namespace pusher
