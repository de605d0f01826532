#include "transports/apns/push_type.hpp"

#include <algorithm>
#include <iterator>

namespace pusher {

namespace {

constexpr apns_push_type types[] = {
    {"alert", "", "10"},
    {"background", "", "5", true},
    {"voip", ".voip", "10", false, false, true, 5120},
    {"complication", ".complication", "10"},
    {"fileprovider", ".pushkit.fileprovider", "10"},
    {"location", ".location-query", "10", false, true},
    {"liveactivity", ".push-type.liveactivity", "10"},
    {"pushtotalk", ".voip-ptt", "10"},
    {"widgets", ".push-type.widgets", "10"},
    {"controls", ".push-type.controls", "10"},
    {"mdm", "", "10", false, false, false},
};

}  // namespace

const apns_push_type* find_apns_push_type(std::string_view name) {
  auto found =
      std::find_if(std::begin(types), std::end(types), [&](auto& each) { return each.name == name; });
  return found == std::end(types) ? nullptr : found;
}

std::string_view apns_push_type_names() {
  return "alert, background, voip, complication, fileprovider, location, liveactivity, pushtotalk, widgets, "
         "controls, mdm";
}

}  // namespace pusher
