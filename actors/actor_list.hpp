// The reports of a node's actors, gathered into one JSON array.
#pragma once

#include <string>

#include "actors/protocol.hpp"
#include "http/json_writer.hpp"

namespace pusher {

/// What the supervisor knows of an actor.
struct actor_facts {
  std::string name, role;
  unsigned restarts = 0;
  std::string missing;  ///< why there is no report
};

class actor_list {
 public:
  explicit actor_list(size_t expected) : missing_(expected) { out_.open_list(); }

  /// Whether that was the last one.
  bool add(const actor_facts& facts, const actor_report* said) {
    out_.open();
    out_.field("name", facts.name);
    out_.field("role", facts.role);
    out_.field("restarts", facts.restarts);
    if (said) {
      out_.field("mailbox", said->mailbox);
      out_.field("claimed", said->claimed);
      out_.field("busy_permille", said->busy);
      out_.field("waits_redis_permille", said->waits_redis);
      out_.field("waits_mariadb_permille", said->waits_mariadb);
      if (!said->last_error.empty()) {
        out_.field("last_error", said->last_error);
        out_.time("last_error_at", said->last_error_at);
      }
      out_.raw("detail", said->detail);
    } else {
      out_.field("missing", facts.missing);
    }
    out_.close();
    return --missing_ == 0;
  }

  std::string text() {
    out_.close_list();
    return out_.take();
  }

 private:
  http::json_text out_;
  size_t missing_;
};

}  // namespace pusher
