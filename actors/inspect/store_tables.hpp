// What the stores hold, as tables: the journal's streams, a notification's stages, dead letters, held
// deletions.
#pragma once

#include <string>

#include <rapidjson/document.h>

#include "model/clock.hpp"

namespace pusher::screen {

struct told {
  std::string text;
  bool healthy = true;
};

told streams_text(const rapidjson::Value& document, bool colours);
told notifications_text(const rapidjson::Value& document, utc_ms now, bool colours);
std::string dead_letters_text(const rapidjson::Value& document, utc_ms now, bool colours);
std::string guard_text(const rapidjson::Value& document, utc_ms now, bool colours);

}  // namespace pusher::screen
