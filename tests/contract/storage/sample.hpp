// Sample values and short questions to the database, for the stores' tests.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "private_stores.hpp"
#include "storage/connection.hpp"
#include "storage/device_store.hpp"
#include "storage/notification_store.hpp"

namespace pusher::testing {

/// An application of the test's own, so that tests do not see each other's rows.
inline application_id new_application(database& db) {
  static int count = 0;
  auto open = db.open();
  REQUIRE(open.ok());
  REQUIRE((*open)
              ->execute("making an application", "INSERT INTO applications (name, created_at) VALUES (?, 0)",
                        {"test " + std::to_string(++count)})
              .ok());
  return {(*open)->last_insert_id()};
}

inline device sample_device(const std::string& id, const std::string& token) {
  device value;
  value.device_id = id;
  value.platform = platform::android;
  value.push_token = token;
  value.properties = R"({"plan":"pro"})";
  return value;
}

/// The single number that a query gives.
inline uint64_t number_of(database& db, const std::string& sql, const sql_parameters& parameters = {}) {
  uint64_t value = 0;
  auto open = db.open();
  REQUIRE(open.ok());
  auto read = (*open)->query("testing", sql, parameters, [&](const sql_row& row) { value = row.number(0); });
  REQUIRE_MESSAGE(read.ok(), read.failure().detail);
  return value;
}

inline void change(database& db, const std::string& sql, const sql_parameters& parameters = {}) {
  auto done = (*db.open())->execute("testing", sql, parameters);
  REQUIRE_MESSAGE(done.ok(), done.failure().detail);
}

/// A launched notification to everyone.
inline notification launched(database& db, application_id app) {
  notification_draft draft;
  draft.content.title.emplace("Hello");
  draft.audience = audience_all{};
  draft.launch = true;
  auto made = notification_store(db).create(app, draft, std::nullopt, nullptr);
  REQUIRE_MESSAGE(made.ok(), made.failure().detail);
  return made->value;
}

}  // namespace pusher::testing
