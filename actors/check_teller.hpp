// Reports checks to the health board, and to the log when something changes.
#pragma once

#include <map>
#include <string>

#include "actors/log.hpp"
#include "actors/node_context.hpp"
#include "model/result.hpp"

namespace pusher {

/// Of one thread.
class check_teller {
 public:
  explicit check_teller(node_context& node) : node_(node) {}

  /// Whether it went well.
  bool told(const std::string& check, const result<void>& outcome) {
    std::string detail = outcome ? "" : outcome.failure().detail;
    auto& before = told_[check];
    if (before != detail && !outcome) log::error("store.away", {{"check", check}, {"detail", detail}});
    if (outcome && !node_.board.ok(check)) log::info("store.ready", {{"check", check}});
    node_.board.report(check, outcome.ok(), detail);
    before = std::move(detail);
    return outcome.ok();
  }

 private:
  node_context& node_;
  std::map<std::string, std::string> told_;  ///< what the log heard last of each check
};

}  // namespace pusher
