// Notifications whose creation waits at the same time, stored in one transaction: most are for one device,
// and a commit costs as much as all the rest of such a one.
#pragma once

#include "actors/request_batch.hpp"
#include "http/operations.hpp"
#include "http/routes.hpp"

namespace pusher {

/// For requests that http::is_creation says yes to.
class creation_batch : public request_batch<http::creation> {
 public:
  creation_batch(http::operations& engine, answered told) : request_batch(std::move(told)), engine_(engine) {}

 private:
  std::variant<http::creation, http::response> read(const http::request& asked) override;
  void store_together(application_id app, const std::vector<entry*>& all) override;

  http::operations& engine_;
};

}  // namespace pusher
