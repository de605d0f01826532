#include "storage/database.hpp"

#include <mysqld_error.h>

#include "storage/connection.hpp"

namespace pusher {

database::database(mysql_settings endpoint) : endpoint_(std::move(endpoint)) {}

database::~database() = default;

result<database::connection*> database::open() {
  if (connection_ && connection_->usable()) return connection_.get();
  connection_ = std::make_unique<connection>();
  if (auto connected = connection_->connect(endpoint_, true); !connected) return connected.failure();
  return connection_.get();
}

void database::drop() {
  connection_.reset();
}

result<void> database::ping() {
  auto open_connection = open();
  if (!open_connection) return open_connection.failure();
  return (*open_connection)->execute("asking for an answer", "DO 1", {}).ok()
             ? result<void>()
             : error{errc::store_unavailable, "MariaDB does not answer", "", 1};
}

result<void> database::create_if_missing() {
  auto opened = open();
  if (opened) return {};
  if (!connection_ || connection_->last_error() != ER_BAD_DB_ERROR) return opened.failure();
  connection server;
  if (auto connected = server.connect(endpoint_, false); !connected) return connected.failure();
  std::string name;
  for (char c : endpoint_.database)
    name += c == '`' ? std::string("``") : std::string(1, c);
  return server.run("creating the database", "CREATE DATABASE IF NOT EXISTS `" + name +
                                                 "` CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
}

}  // namespace pusher
