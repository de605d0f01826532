// gateway-emulator: prepares what a client needs, then serves until it is told to stop.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/emulator/encoding.hpp"
#include "tests/emulator/files.hpp"
#include "tests/emulator/gateway.hpp"
#include "tests/emulator/json_text.hpp"
#include "tests/emulator/key_files.hpp"
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

/// The facts that a client needs, one on each line of ready.json.
class ready_text {
 public:
  void add(const char* name, const std::string& text) { add_raw(name, quoted(text)); }
  void add_raw(const char* name, const std::string& json) {
    text_ += (text_.empty() ? "{\n  " : ",\n  ") + quoted(name) + ": " + json;
  }
  std::string text() const { return text_ + "\n}\n"; }

 private:
  std::string text_;
};

/// The end is a readable file descriptor, and a client that leaves is no reason to die.
void prepare_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

std::string origin(const options& settings, uint16_t port) {
  auto name = settings.host == "0.0.0.0" ? std::string("localhost") : settings.host;
  if (!settings.name.empty()) name = settings.name;
  return "https://" + name + ":" + std::to_string(port);
}

bool listen_on(const std::string& host, uint16_t& port, int& listener) {
  listener = open_listener(host, port);
  if (listener >= 0) return true;
  fail("cannot listen on " + host + ":" + std::to_string(port) + ": " + std::strerror(errno));
  return false;
}

std::optional<webpush_identity> ensure_webpush(const std::string& directory) {
  auto key = ensure_p256_key(directory + "/webpush-key.pem");
  auto auth = ensure_secret(directory + "/webpush-auth", 16);
  auto auth_bytes = auth ? from_base64url(*auth) : std::nullopt;
  if (!key || !auth_bytes) return std::nullopt;
  auto point = point_of(key.get());
  return webpush_identity{std::move(key), std::move(point), std::move(*auth_bytes)};
}

std::optional<identities> ensure_identities(const std::string& directory, const options& settings) {
  auto base_url = origin(settings, settings.port);
  auto account =
      ensure_service_account(directory + "/service-account.json", settings.project, base_url + "/token");
  auto second = ensure_service_account(directory + "/service-account-2.json", settings.project + "-2",
                                       base_url + "/token");
  auto apns_key = ensure_p256_key(directory + "/apns-key.p8");
  auto second_apns_key = ensure_p256_key(directory + "/apns-key-2.p8");
  auto hms_secret = ensure_secret(directory + "/hms-secret", 32);
  auto webpush = ensure_webpush(directory);
  auto server_key = ensure_secret(directory + "/legacy-server-key", 32);
  if (!account || !second || !apns_key || !second_apns_key || !hms_secret || !webpush || !server_key)
    return std::nullopt;
  std::vector<service_account> google;
  google.push_back(std::move(*account));
  google.push_back(std::move(*second));
  return identities{std::move(google),        {std::move(apns_key), std::move(second_apns_key)},
                    {std::move(*hms_secret)}, std::move(*webpush),
                    {std::move(*server_key)}, base_url};
}

void describe(const options& settings, const std::string& directory, const identities& known,
              ready_text& ready) {
  auto base_url = origin(settings, settings.port);
  ready.add_raw("port", std::to_string(settings.port));
  ready.add("base_url", base_url);
  ready.add("project_id", settings.project);
  ready.add("service_account_file", directory + "/service-account.json");
  ready.add("second_service_account_file", directory + "/service-account-2.json");
  ready.add("ca_file", directory + "/ca.pem");
  ready.add("apns_base_url", base_url);
  ready.add("apns_sandbox_base_url", origin(settings, settings.sandbox_port));
  ready.add("apns_key_file", directory + "/apns-key.p8");
  ready.add("apns_key_id", apns_identity::key_id);
  ready.add("apns_second_key_file", directory + "/apns-key-2.p8");
  ready.add("apns_second_key_id", apns_identity::second_key_id);
  ready.add("apns_team_id", apns_identity::team_id);
  ready.add("apns_topic", apns_identity::topic);
  ready.add("apns_certificate_file", directory + "/apns-client.pem");
  ready.add("apns_certificate_p12", directory + "/apns-client.p12");
  ready.add("hms_base_url", base_url);
  ready.add("hms_token_url", base_url + "/oauth2/v3/token");
  ready.add("hms_app_id", hms_identity::app_id);
  ready.add("hms_app_secret_file", directory + "/hms-secret");
  ready.add("webpush_base_url", base_url);
  ready.add("webpush_p256dh", base64url(known.webpush.point));
  ready.add("webpush_auth", base64url(known.webpush.auth));
  ready.add("legacy_url", base_url + "/fcm/send");
  ready.add("legacy_server_key_file", directory + "/legacy-server-key");
}

int serve(options settings) {
  if (!make_directories(settings.directory)) return fail("cannot make the directory " + settings.directory);
  auto directory = absolute(settings.directory);
  auto ready_file = directory + "/ready.json";
  unlink(ready_file.c_str());

  int listener = -1, sandbox_listener = -1;
  if (!listen_on(settings.host, settings.port, listener) ||
      !listen_on(settings.host, settings.sandbox_port, sandbox_listener))
    return 1;
  auto files = tls_files_in(directory);
  if (!ensure_tls_files(files, apns_identity::topic, settings.name))
    return fail("cannot write the certificates to " + directory);
  auto context = make_server_context(files, settings.http2);
  if (!context) return fail("cannot use the certificate or the key in " + directory);
  auto known = ensure_identities(directory, settings);
  if (!known) return fail("cannot read or write the keys and secrets in " + directory);

  request_log log(settings.log_file);
  if (!log.ok()) return fail("cannot open the log " + settings.log_file + ": " + std::strerror(errno));
  token_endpoint tokens(known->google, settings.token_lifetime_seconds);
  statistics stats;
  gateway google(settings, *known, tokens, log, stats);
  server serving(settings, listener, sandbox_listener, std::move(context), google, log, stats);

  std::string access_token;
  if (settings.print_token) access_token = tokens.mint(wall_clock_us() / 1'000'000);
  ready_text ready;
  describe(settings, directory, *known, ready);
  if (settings.print_token) ready.add("access_token", access_token);
  if (!write_file(ready_file, ready.text(), 0600)) return fail("cannot write " + ready_file);
  if (settings.print_token) std::printf("%s\n", access_token.c_str());
  std::fprintf(settings.print_token ? stderr : stdout, "gateway-emulator is ready at %s\n",
               origin(settings, settings.port).c_str());
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
