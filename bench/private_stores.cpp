#include "bench/private_stores.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/journal.hpp"
#include "storage/journal_identity.hpp"

namespace pusher::bench {

namespace {

pid_t redis_process(const redis_settings& endpoint) {
  redis asking(endpoint);
  auto facts = must(asking.command({"INFO", "server"})).text;
  const std::string name = "process_id:";
  return static_cast<pid_t>(std::atol(facts.c_str() + facts.find(name) + name.size()));
}

pid_t mysql_process(database& db) {
  std::string file;
  auto* on = must(db.open());
  must(on->query("finding the server", "SELECT @@datadir, @@pid_file", {}, [&](const sql_row& row) {
    file = std::filesystem::path(row.text(0)) / std::filesystem::path(row.text(1));
  }));
  pid_t process = 0;
  std::ifstream(file) >> process;
  return process;
}

}  // namespace

private_stores::private_stores(kind which, const std::string& buffer_pool) {
  auto name = (std::filesystem::temp_directory_path() / "pusher-bench-XXXXXX").string();
  if (!::mkdtemp(name.data())) give_up({errc::internal, "no temporary directory", "", 0});
  directory_ = name;
  config.data_directory = name;
  config.embedded.buffer_pool = buffer_pool;
  config.embedded.maxmemory = "4G";
  if (which == kind::redis_alone) config.roles = {{role::push_sender, {}, 1}};
  stores_ = must(embedded_stores::start(config));
  if (which == kind::both) {
    db = std::make_unique<database>(config.mysql);
    must(migrate(*db));
    run_id = must(journal_identity_store(*db).get_or_create()).run_id;
  }
  must(journal(config.redis, run_id, "bench").create());
  if (db) must(journal_identity_store(*db).mark_created(run_id));
  find_processes();
}

void private_stores::find_processes() {
  processes_ = {redis_process(config.redis)};
  if (db) processes_.push_back(mysql_process(*db));
}

private_stores::~private_stores() {
  db.reset();
  stores_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

application_id private_stores::new_application(const std::string& name) {
  auto* on = must(db->open());
  must(on->execute("making an application", "INSERT INTO applications (name, created_at) VALUES (?, 0)",
                   {name}));
  return {on->last_insert_id()};
}

}  // namespace pusher::bench
