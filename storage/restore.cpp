#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "storage/backup.hpp"
#include "storage/copied_file.hpp"
#include "storage/draft_directory.hpp"
#include "storage/migrations.hpp"
#include "storage/private_directory.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

error damaged(const std::string& part, const std::string& what) {
  return {errc::corrupt_data,
          "The backup is damaged: " + part + " " + what + ". Nothing was restored; take another backup.", "",
          0};
}

result<backup_manifest> read_manifest(const std::string& directory) {
  std::ifstream in(directory + backup_manifest_file, std::ios::binary);
  if (!in)
    return error{errc::invalid_configuration,
                 directory +
                     " is not a backup: there is no manifest.json in it that we can read; --from takes what "
                     "`pusher backup --out` made.",
                 "", 0};
  std::stringstream text;
  text << in.rdbuf();
  return parse_manifest(text.str());
}

result<void> refuse_if_newer(const backup_manifest& manifest) {
  auto newest = migrations().back().version;
  if (manifest.schema_version <= newest) return {};
  return error{errc::schema_too_new,
               "The backup has schema version " + std::to_string(manifest.schema_version) +
                   ", this program knows " + std::to_string(newest) +
                   ": install the newer program (the backup was made by " + manifest.pusher_version + ")",
               "", 0};
}

result<void> restore_part(const backup_manifest::part& part, const std::string& from, const std::string& to) {
  auto parent = make_private_directory(fs::path(to).parent_path());
  if (!parent) return error{errc::internal, parent.failure().detail, "", 0};
  auto copied = copy_with_digest(from, to);
  if (!copied && copied.failure().code == errc::not_found) return damaged(part.path, "is missing");
  if (!copied) return copied.failure();
  if (copied->bytes < part.bytes)
    return damaged(part.path, "is cut: " + std::to_string(copied->bytes) + " of " +
                                  std::to_string(part.bytes) + " bytes");
  if (copied->bytes != part.bytes || copied->sha256 != part.sha256)
    return damaged(part.path, "is not what was saved (its SHA-256 differs)");
  return {};
}

}  // namespace

result<backup_manifest> restore_backup(const settings& config, const std::string& from,
                                       held_signals& signals) {
  auto manifest = read_manifest(from);
  if (!manifest) return manifest;
  if (auto known = refuse_if_newer(*manifest); !known) return known.failure();
  auto draft = draft_directory::make(config.data_directory);
  if (!draft) return draft.failure();
  for (const auto& each : manifest->parts) {
    if (auto on = signals.go_on(); !on) return on.failure();
    auto restored = restore_part(each, from + backup_data + "/" + each.path, draft->path() + "/" + each.path);
    if (!restored) return restored.failure();
  }
  for (const auto& each : manifest->links)
    if (::symlink(each.target.c_str(), (draft->path() + "/" + each.path).c_str()) != 0)
      return error{errc::internal, "Cannot make the link " + each.path + ": " + std::strerror(errno) + ".",
                   "", 0};
  if (auto done = draft->finish(); !done) return done.failure();
  return manifest;
}

}  // namespace pusher
