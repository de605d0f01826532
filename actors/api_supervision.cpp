// The part of the API for those who watch over sending.
#include <algorithm>
#include <mutex>
#include <set>

#include <rapidjson/document.h>

#include "actors/api_cursor.hpp"
#include "actors/api_operations.hpp"
#include "actors/inspect/cluster_tables.hpp"
#include "actors/log.hpp"
#include "model/json.hpp"
#include "model/json_members.hpp"
#include "storage/dead_letters.hpp"
#include "storage/operator_queries.hpp"

namespace pusher {

namespace {

constexpr size_t letters_a_step = 500;
constexpr size_t most_letters_looked_through = 5'000;
constexpr std::string_view sandbox_end = "-sandbox";

/// `apns-sandbox` is a path of its own to the devices and no gateway of its own.
void name_gateway(http::gateway_state& made, const std::string& channel) {
  auto cut = channel.size() - std::min(channel.size(), sandbox_end.size());
  bool sandbox = channel.substr(cut) == sandbox_end;
  made.gateway = sandbox ? channel.substr(0, cut) : channel;
  if (made.gateway == to_string(gateway::apns))
    made.environment = to_string(sandbox ? environment::sandbox : environment::production);
}

bool has_senders(const std::string& roles) {
  return roles.find("push-sender") != std::string::npos;
}

/// Senders that should have said something, and did not.
uint64_t missing_senders(const screen::cluster_status& of) {
  uint64_t missing = 0;
  for (const auto& node : of.nodes) {
    if (!has_senders(node.roles)) continue;
    if (!node.report || json::has(*node.report, "actors_missing")) {
      ++missing;
      continue;
    }
    json::each_at(*node.report, "actors", [&](const rapidjson::Value& actor) {
      if (json::has(actor, "missing") && has_senders(json::text_at(actor, "name"))) ++missing;
    });
  }
  return missing;
}

result<http::gateway_states> read_states(const std::string& report, const std::string& application) {
  auto document = json::parse(report);
  if (!document) return document.failure();
  auto status = screen::read_cluster(*document);
  http::gateway_states made;
  made.missing = missing_senders(status);
  for (const auto& line : screen::gateways_of(status)) {
    if (line.application != application) continue;
    http::gateway_state each;
    name_gateway(each, line.gateway);
    each.credential = line.credential;
    each.senders = line.senders;
    each.requests = line.requests;
    each.in_flight = line.in_flight;
    each.queued = line.queued;
    each.connections = line.connections;
    each.breakers_open = line.breakers_open;
    each.quota_per_minute = line.quota_per_minute;
    each.refused = line.refused;
    each.expires_at = line.expires_at;
    each.troubles.assign(line.troubles.begin(), line.troubles.end());
    made.items.push_back(std::move(each));
  }
  return made;
}

/// The nodes' answer, on its way from a thread of CAF to that of the API.
class cluster_look final : public http::gateway_look {
 public:
  explicit cluster_look(std::string application) : application_(std::move(application)) {}

  void told(const std::string& report) {
    std::lock_guard<std::mutex> guard(mutex_);
    report_ = report;
    ready_ = true;
  }
  bool ready() const override {
    std::lock_guard<std::mutex> guard(mutex_);
    return ready_;
  }
  result<http::gateway_states> found() const override {
    std::lock_guard<std::mutex> guard(mutex_);
    if (report_.empty())
      return error{errc::timed_out, "The nodes did not say in time how they fare; ask again.", "", 1};
    return read_states(report_, application_);
  }

 private:
  const std::string application_;
  mutable std::mutex mutex_;
  bool ready_ = false;
  std::string report_;
};

/// That of an application of which nothing can be known now.
class refused_look final : public http::gateway_look {
 public:
  explicit refused_look(error why) : why_(std::move(why)) {}
  bool ready() const override { return true; }
  result<http::gateway_states> found() const override { return why_; }

 private:
  const error why_;
};

/// Whose a letter is, by its notification where its queue does not say it.
struct letter_owners {
  std::map<notification_key, notification_row> rows;
  bool operates = false;

  static result<letter_owners> find(database& db, const std::vector<dead_letter>& letters, bool operates) {
    std::set<notification_key> keys;
    for (const auto& each : letters)
      if (each.notification()) keys.insert(each.notification());
    letter_owners made;
    made.operates = operates;
    auto found = operator_queries(db).rows_of({keys.begin(), keys.end()});
    if (!found) return found.failure();
    for (auto& each : *found)
      made.rows.emplace(each.key, std::move(each));
    return made;
  }

  bool belongs_to(const dead_letter& letter, application_id app) const {
    if (auto queue = push_queue::parse(letter.queue)) return queue->application == app;
    auto row = rows.find(letter.notification());
    return row == rows.end() ? operates : row->second.application == app;
  }

  http::dead_letter_facts describe(const dead_letter& letter) const {
    http::dead_letter_facts made;
    made.id = letter.id;
    if (auto queue = push_queue::parse(letter.queue)) {
      made.gateway = queue->gateway;
      made.environment = queue->environment;
      made.lane = queue->lane;
    }
    if (auto row = rows.find(letter.notification()); row != rows.end()) made.notification_id = row->second.id;
    made.readable = letter.readable();
    made.targets = letter.targets();
    made.settled = letter.settled;
    made.reason = letter.reason;
    made.owner = letter.owner;
    made.buried_at = letter.buried_at;
    return made;
  }
};

error no_such_letter() {
  return {errc::not_found, "There is no dead letter with this id: it was decided, or never was.", "", 0};
}

/// `MILLISECONDS-NUMBER`, as Redis names entries.
std::string letter_id(const std::array<uint64_t, 2>& from) {
  return from[0] == 0 ? std::string() : std::to_string(from[0]) + "-" + std::to_string(from[1]);
}

std::string letter_cursor(const std::string& id) {
  auto cut = id.find('-');
  return to_cursor(std::stoull(id.substr(0, cut)), std::stoull(id.substr(cut + 1)));
}

}  // namespace

std::shared_ptr<http::gateway_look> api_operations::look_at_gateways(application_id app) {
  auto own = applications_.get(app);
  if (!own) return std::make_shared<refused_look>(own.failure());
  auto look = std::make_shared<cluster_look>(own->name);
  node_->ask_nodes([look](const std::string& report) { look->told(report); });
  return look;
}

result<http::page<http::dead_letter_facts>> api_operations::list_dead_letters(
    application_id app, bool operates, const http::page_request& request) {
  auto from = from_cursor<2>(request.cursor);
  if (!from) return from.failure();
  dead_letter_box box(node_->config.redis, node_->run_id());
  auto after = letter_id(*from);
  http::page<http::dead_letter_facts> page;
  for (size_t looked_at = 0; looked_at < most_letters_looked_through;) {
    auto some = box.list(after, "", letters_a_step);
    if (!some) return some.failure();
    auto owners = letter_owners::find(database_, *some, operates);
    if (!owners) return owners.failure();
    for (const auto& each : *some) {
      if (page.items.size() == request.limit) {
        page.next = letter_cursor(after);
        return page;
      }
      after = each.id;
      if (owners->belongs_to(each, app)) page.items.push_back(owners->describe(each));
    }
    looked_at += some->size();
    if (some->size() < letters_a_step) return page;
  }
  page.next = letter_cursor(after);
  return page;
}

result<http::dead_letter_facts> api_operations::decide_dead_letter(application_id app, bool operates,
                                                                   const std::string& id,
                                                                   http::dead_letter_decision as) {
  dead_letter_box box(node_->config.redis, node_->run_id());
  auto letter = box.get(id);
  if (!letter) return letter.failure().code == errc::not_found ? no_such_letter() : letter.failure();
  auto owners = letter_owners::find(database_, {*letter}, operates);
  if (!owners) return owners.failure();
  if (!owners->belongs_to(*letter, app)) return no_such_letter();
  bool requeue = as == http::dead_letter_decision::requeue;
  if (requeue && !letter->readable())
    return error{errc::conflict, "This dead letter cannot be read, so it can only be dropped.", "", 0};
  auto done = requeue ? box.requeue(*letter) : box.drop(*letter);
  if (!done) return done.failure();
  if (!*done) return no_such_letter();
  log::warn(requeue ? "dead_letter.requeued" : "dead_letter.dropped",
            {{"letter", letter->id}, {"targets", std::to_string(letter->targets())}});
  return owners->describe(*letter);
}

}  // namespace pusher
