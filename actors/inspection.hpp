// What operators can ask and order, and the documents they get: shared by the nodes, which answer, and
// `pusher inspect`, which asks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/node_record.hpp"
#include "actors/protocol.hpp"
#include "conf/network.hpp"
#include "http/json_writer.hpp"

namespace pusher {

// How long each waits for the next: whoever asks learns what is missing before its own time is over.
constexpr auto node_wait = std::chrono::milliseconds(800);    ///< a directory for its supervisor
constexpr auto peer_wait = std::chrono::milliseconds(1500);   ///< a directory for another one
constexpr auto store_wait = std::chrono::milliseconds(8000);  ///< a directory for its inspector
constexpr auto operator_wait = std::chrono::seconds(10);      ///< `pusher inspect` for a directory

struct inspection {
  enum class answered_by : uint8_t { all_nodes, this_node, stores };
  const char* command;
  answered_by who;
  bool needs_rows = false;  ///< of the stores MariaDB, which a node of senders alone does not have
};
std::optional<inspection> find_inspection(const std::string& command);

/// HOST:PORT; nothing when it is not.
std::optional<listen_address> split_address(const std::string& text);

/// A node as another one knows it.
struct node_view {
  node_record record;
  uint64_t age_ms = 0;
  bool alive = false;
  std::string trouble;
};

struct link_report {
  std::string process;
  bool connected = false;
  std::string trouble;
};

/// JSON of one node. `actors`: a JSON array; empty = they did not answer.
std::string node_report(const node_context& node, const std::vector<link_report>& links,
                        const std::string& actors);

/// JSON of all nodes, as their answers come.
class cluster_report {
 public:
  /// `asked`: who gathers them.
  cluster_report(const node_context& asked, size_t expected);
  /// Whether that was the last one. `said`: null when it did not answer.
  bool add(const node_view& of, const inspect_answer* said);
  std::string text();

 private:
  http::json_text out_;
  size_t missing_;
};

}  // namespace pusher
