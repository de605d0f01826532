#include "conf/option_builders.hpp"

namespace pusher {

void add_webhook_options(std::vector<option>& to) {
  to.push_back(numbers_option("webhooks.ports", "Ports that receivers may listen on.", 1, 65535,
                              FIELD(webhooks.ports)));
  to.push_back(
      yes_no_option("webhooks.allow_private_addresses",
                    "Webhooks may lead into private networks, over http and on any port: for tests only.",
                    FIELD(webhooks.allow_private_addresses)));
  to.push_back(path_option("webhooks.ca_file", "Certificate authorities for receivers; empty = the system's.",
                           FIELD(webhooks.ca_file)));
  to.push_back(number_option("webhooks.per_application", "Most webhooks of an application.", 1, 1000,
                             FIELD(webhooks.per_application)));
  to.push_back(
      number_option("webhooks.concurrent_requests",
                    "Webhooks that are delivered to at the same time; each gets one request at a time.", 1,
                    1000, FIELD(webhooks.concurrent_requests)));
  to.push_back(number_option("webhooks.body_bytes", "Largest body of a request; batches are cut to fit.",
                             16 * 1024, 256 * 1024, FIELD(webhooks.body_bytes)));
  to.push_back(number_option("webhooks.timeout_seconds", "Longest wait for a receiver's answer.", 1, 60,
                             FIELD(webhooks.timeout_seconds)));
  to.push_back(numbers_option("webhooks.retry_seconds",
                              "Waits between tries; when the last try failed too, the webhook is disabled.",
                              1, 604'800, FIELD(webhooks.retry_seconds)));
  to.push_back(number_option("webhooks.secret_overlap_seconds",
                             "How long a rotated secret signs beside the new one.", 0, 2'592'000,
                             FIELD(webhooks.secret_overlap_seconds)));
  to.push_back(number_option("webhooks.attempts_kept", "Recent attempts that are kept of each webhook.", 1,
                             10'000, FIELD(webhooks.attempts_kept)));
}

}  // namespace pusher
