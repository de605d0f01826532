// earlier-schema: prints the versions of the schema, one a line.
// earlier-schema VERSION: makes the configured node's database anew with the schema of that version, by the
// migrations' own steps, and runs the statements of standard input in it, one a line.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include "conf/load.hpp"
#include "storage/connection.hpp"
#include "storage/database.hpp"
#include "storage/embedded_stores.hpp"
#include "storage/migrations.hpp"
#include "storage/transaction.hpp"

namespace {

using namespace pusher;

struct far_enough : std::runtime_error {
  far_enough() : std::runtime_error("the version is reached") {}
};

void need(const result<void>& done) {
  if (!done) throw std::runtime_error(done.failure().detail);
}

void run(database& db, const std::string& statement) {
  need(with_connection(
      db, [&](database::connection& on) { return on.run("making an earlier schema", statement); }));
}

void make(unsigned version) {
  auto loaded = load_settings({});
  if (!loaded) need(loaded.failure());
  auto stores = embedded_stores::attach_or_start(loaded->values);
  if (!stores) need(stores.failure());
  {
    database old(loaded->values.mysql);
    need(old.create_if_missing());
    run(old, "DROP DATABASE " + loaded->values.mysql.database);
  }
  try {
    database interrupted(loaded->values.mysql);
    need(migrate(interrupted, [version](unsigned next) {
      if (next > version) throw far_enough();
    }));
  } catch (const far_enough&) {
  }
  database db(loaded->values.mysql);
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty()) run(db, line);
}

void list() {
  for (const auto& step : migrations())
    std::printf("%u\n", step.version);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) return 2;
  try {
    if (argc == 1) {
      list();
      return 0;
    }
    make(static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)));
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "earlier-schema: %s\n", fault.what());
    return 1;
  }
  return 0;
}
