#include "conf/option_builders.hpp"

namespace pusher {

namespace {

/// The bounds are those of the REST API.
option retention_option(const retention_field& of, const char* meaning) {
  return number_option(
      "retention." + std::string(of.name), meaning, of.least,
      of.most, [field = of.in_force](settings & s) -> auto& { return s.retained.kept.*field; });
}

}  // namespace

void add_retention_options(std::vector<option>& to) {
  const std::array<const char*, retention_fields.size()> meanings{
      "Days that settled notifications stay, with their deliveries and reports; 0 = for ever.",
      "Days that the feed of events and the history of devices reach back; 0 = for ever.",
      "Days that devices stay whose gateway called their token dead; 0 = for ever.",
      "Hours that an Idempotency-Key is known with its answer."};
  for (size_t i = 0; i < retention_fields.size(); ++i)
    to.push_back(retention_option(retention_fields[i], meanings[i]));
  to.push_back(number_option("retention.look_seconds", "How often the leader looks for what is too old.", 1,
                             86'400, FIELD(retained.look_seconds)));
  to.push_back(number_option("retention.purge_percent",
                             "Share of the time that MariaDB may be kept busy with purging.", 1, 100,
                             FIELD(retained.purge_percent)));
}

}  // namespace pusher
