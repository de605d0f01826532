#include "actors/commands.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>

#include "conf/secret_file.hpp"
#include "model/access.hpp"
#include "storage/api_key_store.hpp"
#include "storage/database.hpp"
#include "storage/embedded_stores.hpp"
#include "transports/base64url.hpp"
#include "transports/jwt.hpp"

namespace pusher::commands {

namespace {

result<uint8_t> parse_scopes(const std::string& list) {
  uint8_t bits = 0;
  for (size_t at = 0; at <= list.size();) {
    auto end = std::min(list.find(',', at), list.size());
    auto name = list.substr(at, end - at);
    auto known = parse_scope(name);
    if (!known)
      return error{errc::invalid_field,
                   "There is no scope '" + name + "'; choose from devices,send,read,admin.", "", 0};
    bits = static_cast<uint8_t>(bits | static_cast<uint8_t>(*known));
    at = end + 1;
  }
  return bits;
}

std::string scope_names(uint8_t bits) {
  std::string names;
  for (const auto& each : all_scopes) {
    if ((bits & static_cast<uint8_t>(each)) == 0) continue;
    names += (names.empty() ? "" : ",") + std::string(to_string(each));
  }
  return names;
}

/// Runs `work` on a migrated database: the configured one, a running node's, or one started for the purpose.
int with_database(settings config, const std::function<result<void>(database&)>& work) {
  auto stores = embedded_stores::attach_or_start(config);
  if (!stores) return fail(stores.failure());
  database db(config.mysql);
  if (auto migrated = pusher::migrate(db); !migrated) return fail(migrated.failure());
  if (auto done = work(db); !done) return fail(done.failure());
  return 0;
}

}  // namespace

int fail(const error& why) {
  std::fprintf(stderr, "pusher: %s\n", why.detail.c_str());
  switch (why.code) {
    case errc::invalid_configuration:
    case errc::schema_too_new:
      return 78;
    case errc::invalid_field:
      return 2;
    default:
      return 1;
  }
}

int migrate(settings config) {
  return with_database(std::move(config), [](database&) {
    std::puts("The schema is up to date.");
    return result<void>();
  });
}

int create_key(settings config, const std::string& application, const std::string& scopes,
               const std::string& name) {
  auto bits = parse_scopes(scopes);
  if (!bits) return fail(bits.failure());
  return with_database(std::move(config), [&](database& db) -> result<void> {
    auto made = api_key_store(db).create(application, {name, *bits, std::nullopt, 0});
    if (!made) return made.failure();
    std::puts(made->secret.c_str());
    return {};
  });
}

int list_keys(settings config, const std::string& application) {
  return with_database(std::move(config), [&](database& db) -> result<void> {
    auto keys = api_key_store(db).list_all(application);
    if (!keys) return keys.failure();
    auto time = [](utc_ms at) { return at == 0 ? std::string("-") : to_rfc3339(at); };
    std::printf("%-14s %-16s %-26s %-26s %-26s %-26s %-26s %s\n", "PREFIX", "APPLICATION", "SCOPES",
                "CREATED", "EXPIRES", "LAST USED", "REVOKED", "NAME");
    for (const auto& key : *keys)
      std::printf("%-14s %-16s %-26s %-26s %-26s %-26s %-26s %s\n", key.id.c_str(),
                  key.application_name.c_str(), scope_names(key.scopes).c_str(), time(key.created_at).c_str(),
                  time(key.expires_at).c_str(), time(key.last_used_at).c_str(), time(key.revoked_at).c_str(),
                  key.name.c_str());
    return {};
  });
}

int revoke_key(settings config, const std::string& prefix) {
  return with_database(std::move(config), [&](database& db) { return api_key_store(db).revoke(prefix); });
}

namespace {

std::string public_key_of(const ec_key& key) {
  auto point = key.public_point();
  return to_base64url({reinterpret_cast<const char*>(point.data()), point.size()});
}

/// Never over an existing file: a lost VAPID key loses all subscriptions.
result<void> write_new_secret(const std::string& path, const std::string& text) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return error{errc::invalid_configuration, "cannot make " + path + ": " + std::strerror(errno), "", 0};
  bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = ::close(file) == 0 && written;
  if (!written) return error{errc::internal, "cannot write " + path, "", 0};
  return {};
}

}  // namespace

int generate_vapid_key(const std::string& out) {
  auto key = ec_key::generate();
  if (!key) return fail(key.failure());
  auto pem = key->to_pem();
  if (!pem) return fail(pem.failure());
  if (out.empty()) {
    std::fputs(pem->c_str(), stdout);
    std::fprintf(stderr, "public key: %s\n", public_key_of(*key).c_str());
    return 0;
  }
  if (auto written = write_new_secret(out, *pem); !written) return fail(written.failure());
  std::puts(public_key_of(*key).c_str());
  return 0;
}

int show_vapid_key(const std::string& file) {
  auto text = read_secret("--key", file);
  if (!text) return fail(text.failure());
  auto key = ec_key::parse(*text);
  if (!key) return fail({errc::invalid_configuration, file + " is " + key.failure().detail + ".", "", 0});
  std::puts(public_key_of(*key).c_str());
  return 0;
}

}  // namespace pusher::commands
