// What the route of a notification's progress tells those who stream it to watchers.
#pragma once

#include <string>

#include "http/exchange.hpp"

namespace pusher::http {

/// Names of the notes in response::internal.
inline const std::string progress_id_note = "progress-id", progress_settled_note = "progress-settled";

struct progress_news {
  std::string id;        ///< changes whenever the text does
  std::string text;      ///< one line of JSON
  bool settled = false;  ///< nothing will change any more
};

inline progress_news read_news(const response& from) {
  auto id = from.internal.find(progress_id_note);
  return {id == from.internal.end() ? "" : id->second, from.body,
          from.internal.count(progress_settled_note) > 0};
}

}  // namespace pusher::http
