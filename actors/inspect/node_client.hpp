// Asks a node over CAF, as a guest of its cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conf/settings.hpp"
#include "model/result.hpp"

namespace pusher {

class node_client {
 public:
  struct answer {
    bool ok = true;
    std::string text;  ///< JSON; when not ok, a sentence that says why not
  };

  /// `node`: HOST:PORT; empty = the node of the data directory, or where the configured node listens. Errors:
  /// invalid_configuration; gateway_unavailable when there is nobody, or nobody who takes us.
  static result<std::unique_ptr<node_client>> connect(const settings& config, const std::string& node);

  virtual ~node_client() = default;
  /// Where the node is.
  virtual const std::string& address() const = 0;
  /// Errors: timed_out. The connection may be gone then: connect() anew.
  virtual result<answer> ask(const std::string& command, const std::vector<std::string>& arguments) = 0;
};

}  // namespace pusher
