// What operators ask of the stores, and what they decide there; answered with JSON.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/node_context.hpp"
#include "actors/protocol.hpp"
#include "http/json_writer.hpp"
#include "storage/database.hpp"
#include "storage/dead_letters.hpp"
#include "storage/journal_survey.hpp"
#include "storage/node_registry.hpp"
#include "storage/operator_queries.hpp"

namespace pusher {

/// Not thread-safe; blocks on connections of its own.
class store_questions {
 public:
  explicit store_questions(node_context_ptr node);

  inspect_answer answer(const inspect_question& asked);

 private:
  using words = std::vector<std::string>;

  inspect_answer hold(bool held, const words& given);
  inspect_answer streams();
  inspect_answer notification(const words& given);
  result<void> write_notification(http::json_text& out, const notification_row& row);
  inspect_answer dead_letters(const words& given);
  inspect_answer list_letters();
  inspect_answer show_letter(const std::string& id);
  /// One of them, or with `all` each that is there now.
  inspect_answer decide_letters(bool requeue, const std::string& which);
  inspect_answer guard(const words& given);
  dead_letter_box letters() const { return {node_->config.redis, node_->run_id()}; }
  std::string id_of(notification_key key);

  node_context_ptr node_;
  node_registry registry_;
  journal_survey survey_;
  std::unique_ptr<database> rows_;  ///< null in a node of senders alone
  bool started_ = false;            ///< the journal was found once
};

}  // namespace pusher
