// What `pusher inspect` prints of an answer: text for people, or JSON for programs, one document a line.
#pragma once

#include <string>

#include <rapidjson/document.h>

#include "model/clock.hpp"

namespace pusher::screen {

struct manner {
  utc_ms now = 0;
  bool colours = false;
  bool as_json = false;
};

struct shown {
  std::string text;
  bool healthy = true;
};

/// The question by which a node is asked for what a command shows.
std::string question_of(const std::string& command);

/// `before`: the answer that many seconds ago, for rates; null = this is the first.
shown show(const std::string& command, const rapidjson::Value& document, const rapidjson::Value* before,
           double seconds_between, const manner& how);

}  // namespace pusher::screen
