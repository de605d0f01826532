// Single reports of clients that wait at the same time, stored in one transaction: there can be as many of
// them as pushes, and each would lock its notification's counts for a commit of its own.
#pragma once

#include "actors/request_batch.hpp"
#include "http/operations.hpp"
#include "http/routes.hpp"

namespace pusher {

/// For requests that http::is_device_report says yes to.
class report_batch : public request_batch<http::device_report> {
 public:
  report_batch(http::operations& engine, answered told) : request_batch(std::move(told)), engine_(engine) {}

 private:
  std::variant<http::device_report, http::response> read(const http::request& asked) override;
  void store_together(application_id app, const std::vector<entry*>& all) override;

  http::operations& engine_;
};

}  // namespace pusher
