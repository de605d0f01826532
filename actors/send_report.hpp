// What `pusher send` shows: for people on a terminal, or as JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <rapidjson/document.h>

namespace pusher::commands {

/// What a gateway's codes mean, from its table of answers.
class code_meanings {
 public:
  code_meanings() = default;
  /// Of the body of GET /v1/gateways.
  explicit code_meanings(const rapidjson::Value& gateways);
  /// Of a code with which a delivery met this outcome. Empty when there is none.
  std::string of(const std::string& code, const std::string& outcome) const;

 private:
  struct row {
    std::string action, meaning;
    bool general = false;  ///< nothing but the code chose it
  };
  std::multimap<std::string, row> rows_;
};

/// One delivery, as the API lists it.
struct shown_delivery {
  std::string device_id, outcome, code, gateway_message_id;
  uint64_t attempts = 0;
};
shown_delivery read_delivery(const rapidjson::Value& from);

/// A line per delivery: what became of it, and why.
std::string delivery_line(const shown_delivery& of, const code_meanings& meanings, bool colours);
/// `2 accepted, 1 unregistered of 3`.
std::string counts_line(const rapidjson::Value& counts);
/// How many of a notification's `counts` bear this name.
uint64_t count_of(const rapidjson::Value& counts, const char* name);

/// What a rehearsal found, in lines.
std::string rehearsal_text(const rapidjson::Value& rehearsal);

}  // namespace pusher::commands
