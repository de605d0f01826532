#include "private_stores.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include "storage/database.hpp"

namespace pusher::testing {

namespace {

// As every program of ours does first: a store that goes away must be an error, not a signal.
const auto ignore_broken_pipes = ::signal(SIGPIPE, SIG_IGN);

struct running {
  temporary_directory directory;
  settings config;
  std::unique_ptr<embedded_stores> stores;

  running() {
    config.data_directory = directory.path();
    config.embedded.buffer_pool = "128M";
    auto started = embedded_stores::start(config);
    REQUIRE_MESSAGE(started.ok(), started.failure().detail);
    stores = std::move(*started);
    database db(config.mysql);
    auto migrated = migrate(db);
    REQUIRE_MESSAGE(migrated.ok(), migrated.failure().detail);
  }
};

}  // namespace

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "pusher-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const settings& shared_stores() {
  static running all;
  return all.config;
}

}  // namespace pusher::testing
