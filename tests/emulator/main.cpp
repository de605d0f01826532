// gateway-emulator: prepares what a client needs, then serves until it is told to stop.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/emulator/files.hpp"
#include "tests/emulator/gateway.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/server.hpp"
#include "tests/emulator/tls_identity.hpp"

namespace pusher::emulator {

namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "gateway-emulator: %s\n", what.c_str());
  return 1;
}

std::string absolute(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  std::string text = resolved ? resolved : path;
  free(resolved);
  return text;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string ready_text(const options& settings, const std::string& base_url, const std::string& directory,
                       const std::string& access_token) {
  std::string text = "{\n  \"port\": " + std::to_string(settings.port) +
                     ",\n  \"base_url\": " + quoted(base_url) +
                     ",\n  \"project_id\": " + quoted(settings.project) +
                     ",\n  \"service_account_file\": " + quoted(directory + "/service-account.json") +
                     ",\n  \"ca_file\": " + quoted(directory + "/ca.pem");
  if (!access_token.empty()) text += ",\n  \"access_token\": " + quoted(access_token);
  return text + "\n}\n";
}

/// The end is a readable file descriptor, and a client that leaves is no reason to die.
void prepare_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int serve(options settings) {
  if (!make_directories(settings.directory)) return fail("cannot make the directory " + settings.directory);
  auto directory = absolute(settings.directory);
  auto ready_file = directory + "/ready.json";
  unlink(ready_file.c_str());

  int listener = open_listener(settings.host, settings.port);
  if (listener < 0)
    return fail("cannot listen on " + settings.host + ":" + std::to_string(settings.port) + ": " +
                std::strerror(errno));
  auto name = settings.host == "0.0.0.0" ? std::string("localhost") : settings.host;
  auto base_url = "https://" + name + ":" + std::to_string(settings.port);

  auto files = tls_files_in(directory);
  if (!ensure_tls_files(files)) return fail("cannot write the certificates to " + directory);
  auto context = make_server_context(files);
  if (!context) return fail("cannot use the certificate or the key in " + directory);
  auto account =
      ensure_service_account(directory + "/service-account.json", settings.project, base_url + "/token");
  if (!account) return fail("cannot read or write service-account.json in " + directory);

  request_log log(settings.log_file);
  if (!log.ok()) return fail("cannot open the log " + settings.log_file + ": " + std::strerror(errno));
  token_endpoint tokens(*account, settings.token_lifetime_seconds);
  statistics stats;
  gateway google(settings, tokens, log, stats);
  server serving(settings, listener, std::move(context), google, log, stats);

  std::string access_token;
  if (settings.print_token) access_token = tokens.mint(wall_clock_us() / 1'000'000);
  if (!write_file(ready_file, ready_text(settings, base_url, directory, access_token), 0600))
    return fail("cannot write " + ready_file);
  if (settings.print_token) std::printf("%s\n", access_token.c_str());
  std::fprintf(settings.print_token ? stderr : stdout, "gateway-emulator is ready at %s\n", base_url.c_str());
  std::fflush(stdout);
  return serving.run() ? 0 : fail(std::string("cannot serve: ") + std::strerror(errno));
}

}  // namespace

}  // namespace pusher::emulator

int main(int argc, char** argv) {
  using namespace pusher::emulator;
  auto asked = parse_command_line(argc, argv);
  switch (asked.what) {
    case command::kind::help:
      std::fputs(help_text(), stdout);
      return 0;
    case command::kind::usage_error:
      std::fprintf(stderr, "gateway-emulator: %s; see --help\n", asked.fault.c_str());
      return 2;
    case command::kind::run:
      break;
  }
  prepare_signals();
  return serve(asked.settings);
}
