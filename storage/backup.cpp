#include "storage/backup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "conf/options.hpp"
#include "storage/copied_file.hpp"
#include "storage/draft_directory.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/file_set.hpp"
#include "storage/private_directory.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace fs = std::filesystem;

namespace {

constexpr const char* tool = "mariadb-backup";
constexpr const char* tool_memory = "64M";
constexpr size_t log_excerpt_bytes = 1500;

/// What is in a data directory and not in its backup: MariaDB's files are copied by its own tool, the journal
/// is rebuilt, and the rest is of the process that runs.
constexpr std::array left_out{"mysql",   "mysql.new",   "redis",          "run",
                              "log",     "tmp",         "sockets",        "node.lock",
                              "boot_id", "boot_id.new", "cluster.address"};

error refused(const std::string& why) {
  return {errc::invalid_configuration, why, "", 0};
}

error cannot(const std::string& what, const std::string& path, const std::string& why) {
  return {errc::internal, "Cannot " + what + " " + path + ": " + why + ".", "", 0};
}

/// What it says is mended on this machine, not in the configuration.
template <class T>
result<void> as_fault(const result<T>& made) {
  return made ? result<void>() : error{errc::internal, made.failure().detail, "", 0};
}

bool is_below(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first == directory.end();
}

/// The data directory, if there is something in it to back up.
result<std::string> source_directory(const settings& config) {
  std::error_code fault;
  auto directory = fs::canonical(config.data_directory, fault);
  if (fault || !fs::is_directory(directory / "mysql", fault))
    return refused(
        "No node has stored anything in " + config.data_directory +
        ": --data-directory or the configuration (data.directory) must name a node's data directory.");
  return directory.string();
}

/// One run of the tool. Its log stays with those of the stores.
result<void> run_tool(const std::string& program, std::vector<std::string> arguments,
                      const std::string& log_file, const draft_directory& draft, held_signals& signals) {
  arguments.insert(arguments.begin(), "--no-defaults");
  arguments.push_back("--target-dir=" + draft.path() + backup_data + "/mysql");
  arguments.push_back("--tmpdir=" + draft.path() + "/tmp");
  ::unlink(log_file.c_str());
  auto child = spawn({program, std::move(arguments), log_file}, draft.lock());
  if (!child) return child.failure();
  auto code = signals.wait_for(*child);
  if (!code) return code.failure();
  if (*code != 0)
    return error{errc::internal,
                 std::string(tool) + " failed. The end of its log, " + log_file + ":\n" +
                     last_lines(log_file, log_excerpt_bytes),
                 "", 0};
  return {};
}

/// What the tool keeps for itself; MariaDB would not know it.
bool is_the_tools(const std::string& name) {
  return name.rfind("xtrabackup_", 0) == 0 || name == "backup-my.cnf";
}

result<std::string> find_tool() {
  auto program = find_program(tool);
  if (program.empty())
    return refused(std::string(tool) + " is not installed: install the Debian package mariadb-backup.");
  return program;
}

/// Right after the copy, so that `created_at` is its moment as nearly as can be told.
result<void> describe_database(database& db, backup_manifest& manifest) {
  return with_connection(db, [&manifest](database::connection& on) -> result<void> {
    auto asked = on.query("reading the schema's version",
                          "SELECT MAX(version), VERSION(), " + database_now + " FROM schema_version", {},
                          [&manifest](const sql_row& row) {
                            manifest.schema_version = row.number(0);
                            manifest.mariadb_version = row.text(1);
                            manifest.created_at = row.time(2);
                          });
    return asked ? result<void>() : asked.failure();
  });
}

/// MariaDB's files and, behind them, what was committed while they were copied.
result<void> copy_rows(settings config, const std::string& program, const std::string& log_file,
                       const draft_directory& draft, backup_manifest& manifest, held_signals& signals) {
  auto stores = embedded_stores::attach_or_start(config);
  if (!stores) return stores.failure();
  auto copied = run_tool(program, {"--backup", "--user=root", "--socket=" + config.mysql.unix_socket},
                         log_file, draft, signals);
  if (!copied) return copied;
  database db(config.mysql);
  return describe_database(db, manifest);
}

/// Brings the copied files to one moment, the end of copying, as MariaDB does after a crash.
result<void> recover_rows(const std::string& program, const std::string& log_file,
                          const draft_directory& draft, held_signals& signals) {
  auto recovered =
      run_tool(program, {"--prepare", std::string("--use-memory=") + tool_memory}, log_file, draft, signals);
  if (!recovered) return recovered;
  std::error_code fault;
  auto rows = draft.path() + backup_data + "/mysql";
  for (const auto& each : fs::directory_iterator(rows, fault))
    if (is_the_tools(each.path().filename())) fs::remove(each.path(), fault);
  fs::remove_all(draft.path() + "/tmp", fault);
  return fault ? cannot("write", rows, fault.message()) : result<void>();
}

/// Copies what is no store: keys, certificates and whatever else was put there.
class file_copier {
 public:
  file_copier(std::string from, std::string to, backup_manifest& manifest, held_signals& signals)
      : from_(std::move(from)), to_(std::move(to)), manifest_(manifest), signals_(signals) {}

  result<void> copy_all() {
    std::error_code fault;
    fs::recursive_directory_iterator each(from_, fault), end;
    for (; !fault && each != end; each.increment(fault)) {
      auto path = each->path().lexically_relative(from_).string();
      if (each.depth() == 0 && std::find(left_out.begin(), left_out.end(), path) != left_out.end()) {
        each.disable_recursion_pending();
        continue;
      }
      if (auto on = signals_.go_on(); !on) return on;
      if (auto copied = copy(*each, path); !copied) return copied;
    }
    return fault ? cannot("read", from_, fault.message()) : result<void>();
  }

 private:
  result<void> copy(const fs::directory_entry& each, const std::string& path) {
    std::error_code fault;
    if (each.is_symlink(fault) && is_kept(fs::read_symlink(each.path(), fault))) {
      auto target = fs::read_symlink(each.path(), fault).string();
      fs::create_symlink(target, to_ + "/" + path, fault);
      manifest_.links.push_back({path, target});
      return fault ? cannot("make", to_ + "/" + path, fault.message()) : result<void>();
    }
    if (each.is_regular_file(fault)) {
      auto copied = copy_with_digest(each.path(), to_ + "/" + path);
      // A draft of another process may have got its name meanwhile.
      bool gone = !copied && copied.failure().code == errc::not_found;
      return copied || gone ? result<void>() : copied.failure();
    }
    if (!each.is_symlink(fault) && each.is_directory(fault))
      return as_fault(make_private_directory(to_ + "/" + path));
    manifest_.not_included.push_back(each.path().string());
    return {};
  }

  /// A link beside what it leads to is one of ours; another's file is copied in its place.
  static bool is_kept(const fs::path& target) { return !target.empty() && target == target.filename(); }

  std::string from_, to_;
  backup_manifest& manifest_;
  held_signals& signals_;
};

/// Lists every file that is now in the backup.
result<void> list_parts(const std::string& data, backup_manifest& manifest, held_signals& signals) {
  std::error_code fault;
  fs::recursive_directory_iterator each(data, fault), end;
  for (; !fault && each != end; each.increment(fault)) {
    if (each->is_symlink(fault) || each->is_directory(fault)) continue;
    if (auto on = signals.go_on(); !on) return on;
    auto digest = digest_of(each->path());
    if (!digest) return digest.failure();
    if (::chmod(each->path().c_str(), 0600) != 0) return cannot("write", each->path(), std::strerror(errno));
    manifest.parts.push_back({each->path().lexically_relative(data).string(), digest->bytes, digest->sha256});
  }
  std::sort(manifest.parts.begin(), manifest.parts.end(),
            [](const auto& one, const auto& other) { return one.path < other.path; });
  return fault ? cannot("read", data, fault.message()) : result<void>();
}

void list_files_elsewhere(const settings& config, const std::string& directory, backup_manifest& manifest) {
  std::error_code fault;
  for (const auto& each : all_options()) {
    auto named = each.get(config);
    if (each.path && !named.empty() && !is_below(fs::weakly_canonical(named, fault), directory))
      manifest.not_included.push_back(each.name + " = " + named);
  }
}

}  // namespace

result<backup_manifest> make_backup(const settings& config, const std::string& out,
                                    const std::string& pusher_version, held_signals& signals) {
  auto directory = source_directory(config);
  if (!directory) return directory.failure();
  auto program = find_tool();
  if (!program) return program.failure();
  auto draft = draft_directory::make(out);
  if (!draft) return draft.failure();
  if (is_below(draft->place(), *directory))
    return refused(out + " lies in the data directory " + *directory +
                   "; a backup belongs elsewhere, best on another disk.");
  auto data = draft->path() + backup_data, log_file = *directory + "/log/backup.log";
  for (const auto& each : {data, draft->path() + "/tmp"})
    if (auto made = as_fault(make_private_directory(each)); !made) return made.failure();

  backup_manifest manifest;
  manifest.pusher_version = pusher_version;
  manifest.cluster = config.redis.cluster;
  list_files_elsewhere(config, *directory, manifest);
  auto copied = copy_rows(config, *program, log_file, *draft, manifest, signals);
  if (copied) copied = recover_rows(*program, log_file, *draft, signals);
  // After the rows: a credential's key is in its file before the credential is in a row.
  if (copied) copied = file_copier(*directory, data, manifest, signals).copy_all();
  if (copied) copied = list_parts(data, manifest, signals);
  if (copied) copied = as_fault(write_whole_file(draft->path() + backup_manifest_file, to_json(manifest)));
  if (copied) copied = draft->finish();
  if (!copied) return copied.failure();
  return manifest;
}

}  // namespace pusher
