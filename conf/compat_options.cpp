#include "conf/option_builders.hpp"

namespace pusher {

namespace {

option networks_option(std::string name, const char* meaning) {
  option made;
  made.name = std::move(name);
  made.type = option_type::list;
  made.meaning = meaning;
  made.set = [](settings& s, const std::string& text) -> result<void> {
    std::vector<network> networks;
    for (size_t at = 0; at < text.size();) {
      auto end = std::min(text.find(',', at), text.size());
      auto parsed = parse_network(text.substr(at, end - at));
      if (!parsed) return parsed.failure();
      networks.push_back(std::move(*parsed));
      at = end + 1;
    }
    s.compat.gorush_open_to = std::move(networks);
    return {};
  };
  made.get = [](const settings& s) {
    std::string all;
    for (const auto& each : s.compat.gorush_open_to)
      all += (all.empty() ? "" : ",") + each.text;
    return all;
  };
  return made;
}

}  // namespace

void add_compat_options(std::vector<option>& to) {
  to.push_back(yes_no_option("compat.gorush",
                             "Answer gorush's POST /api/push and GET /healthz too, on api.listen.",
                             FIELD(compat.gorush)));
  to.push_back(secret_option("compat.gorush_key",
                             "API key of calls to /api/push that carry none, from gorush_open_to only; empty "
                             "= every call carries a key.",
                             FIELD(compat.gorush_key)));
  to.push_back(networks_option("compat.gorush_open_to",
                               "Networks whose calls to /api/push may come without a key, if there is a "
                               "gorush_key; never a proxy that others can reach."));
  to.push_back(number_option("compat.gorush_max_notifications",
                             "Most notifications in one call to /api/push; gorush's core.max_notification.",
                             1, 1000, FIELD(compat.gorush_max_notifications)));
  to.push_back(number_option("compat.gorush_sync_seconds",
                             "How long /api/push waits for outcomes, so that its answer names what failed; "
                             "0 = not at all. gorush's core.sync.",
                             0, 60, FIELD(compat.gorush_sync_seconds)));
  to.push_back(choice_option("compat.gorush_ios_environment",
                             "production or sandbox: where iOS pushes go that name neither; gorush's "
                             "ios.production.",
                             {"production", "sandbox"}, FIELD(compat.gorush_ios_environment)));
  to.push_back(yes_no_option("compat.gorush_hide_tokens",
                             "Stars in place of tokens in the answers' logs; gorush's log.hide_token.",
                             FIELD(compat.gorush_hide_tokens)));
}

}  // namespace pusher
