#include "actors/backup_commands.hpp"

#include <sys/stat.h>

#include <cstdio>

#include "actors/commands.hpp"
#include "storage/backup.hpp"

namespace pusher::commands {

namespace {

/// Real servers have tools of their own, which know them better.
result<void> needs_embedded_stores(const settings& config) {
  if (config.embedded_mysql()) return {};
  return error{
      errc::invalid_configuration,
      "MariaDB is a server of its own here ([mysql] host or unix_socket), and this command is for embedded "
      "stores: docs/operations.md, \"Backup and restore\", says how to do it with the server's tools.",
      "", 0};
}

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

void print_not_included(const backup_manifest& manifest) {
  std::puts("Not included: the configuration file, and Redis's journal, which a node rebuilds from MariaDB.");
  for (const auto& each : manifest.not_included)
    std::printf("Not included: %s\n", each.c_str());
}

}  // namespace

int backup(const settings& config, const std::string& out) {
  if (auto embedded = needs_embedded_stores(config); !embedded) return fail(embedded.failure());
  held_signals signals;
  ::umask(077);  // of what mariadb-backup makes, too
  auto made = make_backup(config, out, PUSHER_VERSION, signals);
  if (!made) return fail(made.failure());
  std::printf("Saved the state of %s in %s: %s in %zu files, schema version %llu.\n",
              to_rfc3339(made->created_at).c_str(), out.c_str(), megabytes(made->bytes()).c_str(),
              made->parts.size(), static_cast<unsigned long long>(made->schema_version));
  print_not_included(*made);
  std::puts(
      "It holds secrets (secrets.key, certificates' keys, push tokens): keep it as safe as the node itself.");
  return 0;
}

int restore(const settings& config, const std::string& from) {
  if (auto embedded = needs_embedded_stores(config); !embedded) return fail(embedded.failure());
  held_signals signals;
  ::umask(077);
  auto restored = restore_backup(config, from, signals);
  if (!restored) return fail(restored.failure());
  std::printf(
      "Restored the state of %s into %s: %s in %zu files, schema version %llu, by Pusher %s with MariaDB "
      "%s.\n",
      to_rfc3339(restored->created_at).c_str(), config.data_directory.c_str(),
      megabytes(restored->bytes()).c_str(), restored->parts.size(),
      static_cast<unsigned long long>(restored->schema_version), restored->pusher_version.c_str(),
      restored->mariadb_version.c_str());
  print_not_included(*restored);
  std::printf("Start it: pusher node --data-directory %s\n", config.data_directory.c_str());
  return 0;
}

}  // namespace pusher::commands
