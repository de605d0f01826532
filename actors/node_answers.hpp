// How a node's directory answers operators and other nodes: by itself, by asking all nodes, or by passing the
// question to whom it concerns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/cluster_parts.hpp"
#include "actors/inspection.hpp"

namespace pusher {

/// Another node as the directory knows it now.
struct peer_view {
  node_view view;
  directory_actor handle;  ///< null = not connected
};

/// Part of the directory's actor: all calls are on its thread.
class node_answers {
 public:
  node_answers(directory_actor::pointer self, node_context_ptr node, const directory_links& links,
               std::function<std::vector<peer_view>()> peers);

  caf::result<inspect_answer> answer(const inspect_question& asked);

 private:
  caf::result<inspect_answer> report_here();
  /// Every node that is known: what it says, or that it says nothing, and since when.
  caf::result<inspect_answer> report_all();
  caf::result<inspect_answer> order(const inspect_question& asked);
  caf::result<inspect_answer> order_all(const inspect_question& asked);
  caf::result<inspect_answer> do_here(const inspect_question& asked);
  caf::result<inspect_answer> scale(const std::string& entry);
  caf::result<inspect_answer> ask_stores(const inspect_question& asked);
  caf::result<inspect_answer> pass_on(const directory_actor& to, const std::string& name,
                                      const inspect_question& asked, std::chrono::milliseconds wait);
  node_view our_view() const;

  directory_actor::pointer self_;
  node_context_ptr node_;
  const directory_links& links_;
  std::function<std::vector<peer_view>()> peers_;
};

}  // namespace pusher
