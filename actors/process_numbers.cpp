#include "actors/process_numbers.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace pusher {

namespace {

/// Seconds since the epoch at which the machine was started.
double boot_time() {
  std::ifstream from("/proc/stat");
  for (std::string name; from >> name; from.ignore(1 << 16, '\n'))
    if (double at = 0; name == "btime" && from >> at) return at;
  return 0;
}

/// In ticks since the machine's start.
double start_ticks() {
  std::ifstream from("/proc/self/stat");
  std::string line;
  std::getline(from, line);
  // The name, in brackets, may contain anything.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 22; ++i)
    fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  return ticks;
}

double count_descriptors() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator each("/proc/self/fd", failed), end; !failed && each != end;
       each.increment(failed))
    ++count;
  return count > 0 ? count - 1 : 0;  // the look itself has one
}

}  // namespace

process_numbers read_process() {
  static const double started_at = boot_time() + start_ticks() / static_cast<double>(sysconf(_SC_CLK_TCK));
  process_numbers now;
  now.started_at = started_at;
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  if (double pages = 0; statm >> total >> pages)
    now.resident_bytes = pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0)
    for (const auto& each : {used.ru_utime, used.ru_stime})
      now.cpu_seconds += static_cast<double>(each.tv_sec) + static_cast<double>(each.tv_usec) / 1e6;
  now.open_descriptors = count_descriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) now.most_descriptors = static_cast<double>(limit.rlim_cur);
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name; status.ignore(1 << 16, '\n'))
    if (name == "Threads:") {
      status >> now.threads;
      break;
    }
  return now;
}

}  // namespace pusher
