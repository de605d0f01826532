// Single registrations and deletions that wait at the same time, stored in one transaction per kind: a commit
// costs the same for one as for two hundred.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/operations.hpp"
#include "http/routes.hpp"

namespace pusher {

/// Not thread-safe. Requests that are added and never stored are answered 500 by their exchange.
class registration_batch {
 public:
  using clock = std::chrono::steady_clock;
  /// Told of each answer before it is given, and when its request came.
  using answered = std::function<void(const http::exchange&, const http::response&, clock::time_point)>;

  registration_batch(http::operations& engine, answered told) : engine_(engine), told_(std::move(told)) {}

  /// Takes a request that http::is_registration says yes to. What refuses it is answered at once; what is
  /// waiting is stored first when it concerns the same device and is of the other kind, or when there is no
  /// more room.
  void add(std::shared_ptr<http::exchange> exchange);
  /// Stores and answers all that waits.
  void store();
  size_t size() const { return puts_.size() + deletions_.size(); }

  static constexpr size_t most = 200;

 private:
  struct waiting {
    std::shared_ptr<http::exchange> exchange;
    http::registration wanted;
    clock::time_point since;
  };
  using group = std::vector<waiting*>;

  static std::string name_of(const http::registration& of);
  void store_puts(const group& all);
  void store_deletions(const group& all);
  void answer(const waiting& to, http::response made);
  template <class Store>
  static void per_application(std::vector<waiting>& all, const Store& store);

  http::operations& engine_;
  answered told_;
  std::vector<waiting> puts_, deletions_;
  std::set<std::string> put_names_, deletion_names_;
};

}  // namespace pusher
