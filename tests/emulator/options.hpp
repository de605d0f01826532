// The command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pusher::emulator {

/// A share of the other tokens whose first attempt is answered with an error.
struct answer_rate {
  int status = 0;  ///< 400, 401, 403, 404, 429, 500 or 503
  double share = 0;
};

struct options {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string name;  ///< by which clients reach it, when that is not the host where it listens
  std::string directory;
  std::string log_file;   ///< empty = no log
  std::string body_file;  ///< likewise
  std::string project = "pusher-emulated";
  uint16_t sandbox_port = 0;  ///< 0 = a free one
  uint32_t max_streams = 100;
  uint32_t first_streams = 0;  ///< before a request with good credentials; 0 = max_streams
  int64_t token_lifetime_seconds = 3600;
  int64_t delay_ms = 0;
  uint64_t goaway_every = 0;                  ///< requests; 0 = never
  uint64_t goaway_cut = 0;                    ///< requests; 0 = never
  uint64_t drop_every = 0;                    ///< requests; 0 = never
  uint64_t max_rate = 0;                      ///< pushes a second; 0 = no limit
  int64_t apns_token_updates_seconds = 1200;  ///< the least time between two provider tokens; 0 = none
  std::vector<answer_rate> rates;
  bool print_token = false;
  bool http2 = true;  ///< false: HTTP/1.1 alone
};

/// What the command line asks for.
struct command {
  enum class kind { run, help, usage_error } what = kind::run;
  options settings;
  std::string fault;  ///< with usage_error: a sentence that names the flag
};

command parse_command_line(int argc, char** argv);
const char* help_text();

}  // namespace pusher::emulator
