#include "actors/send_command.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "actors/commands.hpp"
#include "actors/rest_client.hpp"
#include "actors/send_report.hpp"
#include "conf/secret_file.hpp"
#include "http/json_writer.hpp"
#include "model/ids.hpp"
#include "model/json.hpp"
#include "model/token_device.hpp"
#include "storage/api_key_store.hpp"
#include "storage/database.hpp"
#include "storage/embedded_stores.hpp"

namespace pusher::commands {

namespace {

constexpr int launched = 0, not_accepted = 1, usage_fault = 2, unreachable = 3;
constexpr size_t most_lines = 50;
constexpr auto first_look = std::chrono::milliseconds(20), last_look = std::chrono::milliseconds(500);
constexpr auto unusually_long = std::chrono::seconds(5);
constexpr const char* key_variable = "PUSHER_API_KEY";
constexpr uint8_t scopes_needed = 7;                  // devices, send, read
constexpr utc_ms longest_life_ms = 24 * 3600 * 1000;  // of its key, should nobody be left to revoke it

/// A key for one call, made in the stores of a node on this machine and revoked behind it. A process that is
/// killed leaves a key that nobody knows and that ends by itself.
class borrowed_key {
 public:
  ~borrowed_key() {
    if (db_) (void)api_key_store(*db_).revoke(prefix_).ok();
  }

  result<std::string> make(settings config, const std::string& application) {
    if (config.embedded_mysql() && !data_directory::is_in_use(config.data_directory))
      return error{errc::invalid_field,
                   "No API key, and no node works in " + config.data_directory + ": give a key in " +
                       key_variable + " or by --key-file, or the node's --config or --data-directory.",
                   "", 0};
    auto attached = embedded_stores::attach_or_start(config);
    if (!attached) return attached.failure();
    stores_ = std::move(*attached);
    auto db = std::make_unique<database>(config.mysql);
    auto made = api_key_store(*db).create(
        application, {"pusher send", scopes_needed, std::nullopt, now_ms() + longest_life_ms});
    if (!made) return made.failure();
    prefix_ = made->value.id;
    db_ = std::move(db);
    return std::move(made->secret);
  }

 private:
  std::unique_ptr<embedded_stores> stores_;
  std::unique_ptr<database> db_;
  std::string prefix_;
};

std::string url_of(const send_wish& wish, const std::optional<settings>& config) {
  return wish.url.empty() ? local_url(config->api) : wish.url;
}

/// Sends, follows, reports. Every step gives the exit code when it is the last one.
class sender {
 public:
  sender(const send_wish& wish, rest_client& node) : wish_(wish), node_(node) {}

  int run() {
    auto devices = find_devices();
    if (!devices) return give_up(devices.failure());
    auto body = notification_for(wish_, *devices);
    if (!body) return give_up(body.failure());
    return wish_.dry_run ? rehearse(*body) : push(*body);
  }

 private:
  static int give_up(const error& why) {
    std::fprintf(stderr, "pusher: %s\n", why.detail.c_str());
    if (why.code == errc::invalid_field) return usage_fault;
    return why.code == errc::gateway_unavailable ? unreachable : not_accepted;
  }

  static error refusal(const rest_client::answer& answered) {
    auto code = answered.status < 500 ? errc::invalid_field : errc::gateway_unavailable;
    return {code, answered.problem(), "", 0};
  }

  /// The device behind a token; one that nobody knows is registered.
  result<std::vector<std::string>> find_devices() {
    if (wish_.token.empty()) return wish_.devices;
    auto gateway = parse_gateway(wish_.gateway);
    auto environment = parse_environment(wish_.environment);
    if (!gateway || !environment || *gateway == gateway::webpush) return std::vector<std::string>();
    auto device = token_device(*gateway, *environment, wish_.token, "send");
    http::json_text query;
    query.open();
    query.field("gateway", to_string(device.gateway));
    query.field("push_token", device.push_token);
    query.field("environment", to_string(device.environment));
    query.close();
    auto found = node_.call("POST", "/v1/devices:lookup", query.take());
    if (!found) return found.failure();
    if (found->good()) return std::vector<std::string>{found->text_at("device_id")};
    if (found->status != 404) return refusal(*found);
    if (!wish_.dry_run)
      if (auto registered = register_device(device); !registered) return registered.failure();
    return std::vector<std::string>{device.device_id};
  }

  result<void> register_device(const device& value) {
    http::json_text body;
    body.open();
    body.field("gateway", to_string(value.gateway));
    body.field("platform", to_string(value.platform));
    body.field("push_token", value.push_token);
    body.field("environment", to_string(value.environment));
    body.raw("properties", value.properties);
    body.close();
    auto made = node_.call("PUT", "/v1/devices/" + value.device_id, body.take());
    if (!made) return made.failure();
    return made->good() ? result<void>() : refusal(*made);
  }

  int rehearse(const std::string& body) {
    auto answered = node_.call("POST", "/v1/notifications:rehearse", body);
    if (!answered) return give_up(answered.failure());
    if (!answered->good()) return give_up(refusal(*answered));
    std::fputs(wish_.as_json ? (answered->text + "\n").c_str() : rehearsal_text(answered->body).c_str(),
               stdout);
    return launched;
  }

  int push(const std::string& body) {
    // Asked again after a lost answer, it is the same notification.
    auto created = node_.call("POST", "/v1/notifications", body, make_uuid_v7());
    if (!created) return give_up(created.failure());
    if (!created->good()) return give_up(refusal(*created));
    auto id = created->text_at("id");
    if (!wish_.wait) {
      if (wish_.as_json)
        std::printf("%s\n", created->text.c_str());
      else
        std::printf("Launched: notification %s\n", id.c_str());
      return launched;
    }
    return follow(id);
  }

  int follow(const std::string& id) {
    auto began = std::chrono::steady_clock::now();
    auto until = began + std::chrono::seconds(wish_.timeout_seconds);
    bool told = false;
    for (auto pause = first_look;; pause = std::min(pause * 2, last_look)) {
      auto now = node_.call("GET", "/v1/notifications/" + id);
      if (!now) return give_up(now.failure());
      if (!now->good()) return give_up(refusal(*now));
      bool settled = now->at("settled").IsTrue();
      if (settled || std::chrono::steady_clock::now() >= until) return report(id, *now, settled);
      // A gateway or credential in trouble makes pushes wait, which from here looks like nothing at all.
      if (!told && std::chrono::steady_clock::now() >= began + unusually_long) {
        told = true;
        std::fputs("Still waiting. What holds it up: pusher inspect gateways\n", stderr);
      }
      std::this_thread::sleep_for(pause);
    }
  }

  int report(const std::string& id, const rest_client::answer& notification, bool settled) {
    auto deliveries = node_.call("GET", "/v1/notifications/" + id + "/deliveries?limit=1000");
    if (!deliveries) return give_up(deliveries.failure());
    if (!deliveries->good()) return give_up(refusal(*deliveries));
    const auto& counts = notification.at("counts");
    auto audience = count_of(counts, "audience");
    bool all = settled && audience > 0 && count_of(counts, "accepted") == audience;
    if (wish_.as_json)
      print_json(notification, *deliveries);
    else
      print_text(id, counts, *deliveries, settled);
    return all ? launched : not_accepted;
  }

  static void print_json(const rest_client::answer& notification, const rest_client::answer& deliveries) {
    http::json_text out;
    out.open();
    out.raw("notification", notification.text);
    out.raw("deliveries", json::to_text(deliveries.at("items")));
    out.field("more_deliveries", deliveries.at("has_more").IsTrue());
    out.close();
    std::printf("%s\n", out.take().c_str());
  }

  void print_text(const std::string& id, const rapidjson::Value& counts,
                  const rest_client::answer& deliveries, bool settled) {
    code_meanings meanings;
    if (auto gateways = node_.call("GET", "/v1/gateways"); gateways && gateways->good())
      meanings = code_meanings(gateways->body);
    std::printf("Notification %s\n", id.c_str());
    bool colours = isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
    size_t shown = 0;
    const auto& items = deliveries.at("items");
    for (rapidjson::SizeType i = 0; items.IsArray() && i < items.Size(); ++i) {
      if (++shown > most_lines) break;
      std::fputs(delivery_line(read_delivery(items[i]), meanings, colours).c_str(), stdout);
    }
    if (shown > most_lines)
      std::printf("  and more: GET /v1/notifications/%s/deliveries lists all\n", id.c_str());
    std::fputs(counts_line(counts).c_str(), stdout);
    if (!settled)
      std::printf(
          "Not all is settled after %u seconds; the notification goes on. What holds it up: pusher inspect "
          "gateways\n",
          wish_.timeout_seconds);
  }

  const send_wish& wish_;
  rest_client& node_;
};

/// The key that was given, or nothing. Never from the command line: every user of the machine sees that.
result<std::string> given_key(const send_wish& wish) {
  if (!wish.key_file.empty()) return read_secret("--key-file", wish.key_file);
  const char* from_environment = std::getenv(key_variable);
  return std::string(from_environment ? from_environment : "");
}

}  // namespace

int send(const send_wish& wish, const std::optional<settings>& config) {
  // What is wrong with the wish shows before anybody is asked.
  auto probe = notification_for(wish, wish.token.empty() ? wish.devices : std::vector<std::string>{"-"});
  if (!probe) return fail(probe.failure());
  auto key = given_key(wish);
  if (!key) return fail(key.failure());
  if (key->empty() && !wish.url.empty())
    return fail({errc::invalid_field,
                 std::string("With --url a key is needed: in ") + key_variable + " or by --key-file.", "",
                 0});
  rest_client node(url_of(wish, config), *key, wish.ca_file);
  if (auto alive = node.call("GET", "/livez"); !alive) {
    std::fprintf(stderr, "pusher: %s Is the node running?\n", alive.failure().detail.c_str());
    return unreachable;
  }
  borrowed_key borrowed;
  if (key->empty()) {
    auto made = borrowed.make(*config, wish.application);
    if (!made) return fail(made.failure());
    node.use_key(*made);
  }
  return sender(wish, node).run();
}

}  // namespace pusher::commands
