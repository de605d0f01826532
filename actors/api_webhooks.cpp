// The part of the API that administers webhooks.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"
#include "actors/webhook_batch.hpp"
#include "actors/webhook_delivery.hpp"
#include "transports/address_guard.hpp"
#include "transports/host_resolver.hpp"
#include "transports/webhook_client.hpp"
#include "transports/webhook_signature.hpp"

namespace pusher {

namespace {

constexpr auto lookup_patience = std::chrono::seconds(2);
constexpr auto test_patience = std::chrono::seconds(10);

http::described_webhook described(webhook&& value) {
  auto cursor = to_cursor(value.cursor.row, value.cursor.at, value.cursor.offset);
  return {std::move(value), std::move(cursor)};
}

result<http::described_webhook> described(result<webhook>&& found) {
  if (!found) return std::move(found).failure();
  return described(std::move(*found));
}

/// The addresses of a name; nothing when they are not known in time.
std::vector<socket_address> look_up(const origin& of) {
  std::mutex mutex;
  std::condition_variable spoken;
  bool ready = false;
  host_resolver resolver([&] {
    std::lock_guard lock(mutex);
    ready = true;
    spoken.notify_all();
  });
  resolver.start(of.host, of.port);
  auto found = resolver.take();  // an address is there at once
  if (!found) {
    std::unique_lock lock(mutex);
    spoken.wait_for(lock, lookup_patience, [&] { return ready; });
    lock.unlock();
    found = resolver.take();
  }
  return found ? std::move(found->addresses) : std::vector<socket_address>();
}

/// A first look, for a clear answer at once: what counts is the check of each connection. A name that is not
/// known yet may come to be.
result<void> check_destination(const std::string& url, const outside_rules& rules) {
  auto parsed = parse_outside_url(url, rules, "the URL");
  if (!parsed) {
    auto why = parsed.failure();
    why.pointer = "/url";
    return why;
  }
  if (rules.allow_private) return {};
  for (const auto& address : look_up(parsed->origin))
    if (!is_public(address.storage))
      return error{errc::invalid_field, "the URL's host leads to an address that is not public", "/url", 0};
  return {};
}

}  // namespace

result<http::webhook_with_secret> api_operations::create_webhook(application_id app,
                                                                 const webhook_options& options) {
  const auto& config = node_->config.webhooks;
  if (auto good = check_destination(options.url, webhook_rules(config).outside); !good) return good.failure();
  auto secret = make_webhook_secret();
  if (!secret) return secret.failure();
  auto id = make_uuid_v7();
  auto sealed = node_->secrets->seal(*secret, webhook_secret_context(id));
  if (!sealed) return sealed.failure();
  auto end = feed_.end(app);
  if (!end) return end.failure();
  auto made = webhooks_.create(app, id, options, *sealed, *end, config.per_application);
  if (!made) return made.failure();
  return http::webhook_with_secret{described(std::move(*made)), std::move(*secret)};
}

result<http::described_webhook> api_operations::get_webhook(application_id app, const std::string& id) {
  return described(webhooks_.get(app, id));
}

result<http::page<http::described_webhook>> api_operations::list_webhooks(application_id app,
                                                                          const http::page_request& request) {
  auto after = from_cursor(request.cursor);
  if (!after) return after.failure();
  auto found = webhooks_.list(app, {*after}, request.limit + 1);
  if (!found) return found.failure();
  http::page<http::described_webhook> page;
  for (auto& each : *found) {
    if (page.items.size() == request.limit) {
      page.next = to_cursor(page.items.back().value.key.value);
      break;
    }
    page.items.push_back(described(std::move(each)));
  }
  return page;
}

result<http::described_webhook> api_operations::change_webhook(
    application_id app, const std::string& id, const std::function<result<void>(webhook_options&)>& change) {
  // Names are looked up before the transaction: it holds the row.
  auto before = webhooks_.get(app, id);
  if (!before) return before.failure();
  auto wanted = before->options;
  if (auto good = change(wanted); !good) return good.failure();
  if (wanted.url != before->options.url)
    if (auto good = check_destination(wanted.url, webhook_rules(node_->config.webhooks).outside); !good)
      return good.failure();
  return described(webhooks_.update(app, id, change));
}

result<void> api_operations::delete_webhook(application_id app, const std::string& id) {
  return webhooks_.erase(app, id);
}

result<http::webhook_with_secret> api_operations::rotate_webhook_secret(application_id app,
                                                                        const std::string& id) {
  auto secret = make_webhook_secret();
  if (!secret) return secret.failure();
  auto sealed = node_->secrets->seal(*secret, webhook_secret_context(id));
  if (!sealed) return sealed.failure();
  auto made = webhooks_.rotate(app, id, *sealed, node_->config.webhooks.secret_overlap_seconds);
  if (!made) return made.failure();
  return http::webhook_with_secret{described(std::move(*made)), std::move(*secret)};
}

result<webhook_attempt> api_operations::test_webhook(application_id app, const std::string& id) {
  auto of = webhooks_.get(app, id);
  if (!of) return of.failure();
  auto sealed = webhooks_.sealed_secrets(app, id);
  if (!sealed) return sealed.failure();
  std::vector<std::string> secrets;
  for (const auto& each : *sealed) {
    auto secret = node_->secrets->open(each, webhook_secret_context(id));
    if (!secret) return secret.failure();
    secrets.push_back(std::move(*secret));
  }
  // One at a time in this process: a receiver that hangs holds up an actor for so long.
  std::unique_lock<std::mutex> alone(node_->testing_webhook, std::try_to_lock);
  if (!alone.owns_lock())
    return error{errc::rate_limited, "Another webhook is being tested just now; try again.", "", 1};
  webhook_request request;
  request.url = of->options.url;
  request.body = webhook_ping(id, now_ms());
  webhook_attempt made;
  made.message_id = "msg_" + make_uuid_v7();
  made.type = "ping";
  made.at = now_ms();
  auto headers = webhook_headers(secrets, made.message_id, made.at / 1000, request.body);
  if (!headers) return headers.failure();
  request.headers = std::move(*headers);
  auto rules = webhook_rules(node_->config.webhooks);
  rules.timeout = std::min<std::chrono::milliseconds>(rules.timeout, test_patience);
  webhook_client client(rules);
  client.start(std::move(request));
  std::vector<webhook_answer> answers;
  while (answers.empty())
    answers = client.wait(std::chrono::seconds(1));
  const auto& answer = answers.front();
  made.status = answer.status;
  made.latency_ms = answer.latency_ms;
  made.excerpt = answer.excerpt;
  if (!answer.taken())
    made.trouble = answer.trouble.empty() ? "answered " + std::to_string(answer.status) : answer.trouble;
  auto noted = webhooks_.add_attempt(of->key, made, node_->config.webhooks.attempts_kept);
  if (!noted) return noted.failure();
  return made;
}

result<http::described_webhook> api_operations::replay_webhook(application_id app, const std::string& id,
                                                               const http::webhook_start& from) {
  feed_position start;
  if (from.cursor) {
    auto numbers = from_cursor<3>(*from.cursor);
    if (!numbers) return error{errc::invalid_cursor, numbers.failure().detail, "/cursor", 0};
    start = {(*numbers)[0], static_cast<utc_ms>((*numbers)[1]), (*numbers)[2]};
    // Whether it lies in what the feed still has.
    if (auto readable = feed_.read(app, start, 1); !readable) return readable.failure();
  } else {
    auto found = feed_.position_at(app, *from.since);
    if (!found) return found.failure();
    start = *found;
  }
  return described(webhooks_.replay(app, id, start));
}

result<http::page<webhook_attempt>> api_operations::list_webhook_attempts(application_id app,
                                                                          const std::string& id,
                                                                          const http::page_request& request) {
  auto before = from_cursor(request.cursor);
  if (!before) return before.failure();
  auto found = webhooks_.attempts(app, id, *before, request.limit + 1);
  if (!found) return found.failure();
  http::page<webhook_attempt> page;
  page.items = std::move(*found);
  if (page.items.size() > request.limit) {
    page.items.resize(request.limit);
    page.next = to_cursor(page.items.back().number);
  }
  return page;
}

}  // namespace pusher
