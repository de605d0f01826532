#include "actors/node.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>

#include <caf/openssl/all.hpp>

#include "actors/caf_config.hpp"
#include "actors/checked_files.hpp"
#include "actors/cluster_address.hpp"
#include "actors/cluster_parts.hpp"
#include "actors/house_keeper.hpp"
#include "actors/journal_keeper.hpp"
#include "actors/key_keeper.hpp"
#include "actors/lease_keeper.hpp"
#include "actors/log.hpp"
#include "actors/node_context.hpp"
#include "actors/protocol.hpp"
#include "actors/roles.hpp"
#include "actors/self_check.hpp"
#include "actors/service_notices.hpp"
#include "actors/store_keeper.hpp"
#include "actors/supervisor.hpp"
#include "actors/webhook_deliverer.hpp"
#include "conf/key_file.hpp"
#include "conf/load.hpp"
#include "http/admin.hpp"
#include "http/gate.hpp"
#include "http/gorush.hpp"
#include "http/health.hpp"
#include "http/server.hpp"
#include "storage/embedded_stores.hpp"

namespace pusher {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int exit_drained = 0, exit_fault = 1, exit_configuration = 78;

/// Hands requests from the server's threads to the supervisor.
class to_supervisor : public http::dispatcher {
 public:
  explicit to_supervisor(supervisor_actor target) : target_(std::move(target)) {}
  void dispatch(std::shared_ptr<http::exchange> exchange) override {
    caf::anon_send(target_, client_request{std::move(exchange)});
  }

 private:
  supervisor_actor target_;
};

class node_health : public http::health_source {
 public:
  explicit node_health(node_context_ptr node) : node_(std::move(node)) {}
  std::vector<http::health_check> checks() const override {
    std::vector<http::health_check> all;
    for (auto& each : node_->board.entries())
      all.push_back({each.name, each.ok, each.detail});
    return all;
  }
  bool ready() const override { return node_->board.ready(); }
  std::string metrics(http::metrics_format format) const override {
    return node_->numbers.text(format, moment());
  }

 private:
  node_moment moment() const {
    node_moment now;
    now.ready = node_->board.ready();
    for (auto& each : node_->board.entries())
      now.checks.emplace_back(each.name, each.ok);
    now.epoch = node_->lead.epoch();
    if (now.epoch != 0)
      now.lease_remaining_seconds =
          std::max(0.0, std::chrono::duration<double>(node_->lead.until() - clock::now()).count());
    auto spans = node_->spans.counted();
    now.spans_exported = spans.exported;
    now.spans_dropped = spans.dropped;
    now.spans_failed = spans.failed;
    return now;
  }

  node_context_ptr node_;
};

bool plays(const settings& config, role which) {
  return std::any_of(config.roles.begin(), config.roles.end(),
                     [which](const auto& each) { return each.role == which; });
}

/// Enough for each api actor to fill a batch of registrations; two of the long requests wait for each actor
/// that serves them.
http::gate::windows windows(const settings& config) {
  unsigned actors = 0;
  for (const auto& each : config.roles)
    if (each.role == role::api) actors += each.count;
  return {size_t{256} * std::max(actors, 1U), 4};
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// The next signal to end, or nothing after the wait.
bool told_to_end(std::chrono::milliseconds wait) {
  auto set = ending_signals();
  timespec most{wait.count() / 1000, static_cast<long>(wait.count() % 1000) * 1'000'000};
  return sigtimedwait(&set, nullptr, &most) > 0;
}

/// Becomes true when the actor has ended. Not by a message: CAF's blocking actors wait until a moment of the
/// wall clock, which is an hour away once that is set back.
template <class Handle>
std::shared_ptr<const std::atomic<bool>> end_of(const Handle& actor) {
  auto ended = std::make_shared<std::atomic<bool>>(false);
  actor->attach_functor([ended] { *ended = true; });
  return ended;
}

int refuse(const error& why) {
  log::error("node.cannot_start", {{"code", std::string(to_string(why.code))}, {"detail", why.detail}});
  bool mendable = why.code == errc::invalid_configuration || why.code == errc::schema_too_new;
  return mendable ? exit_configuration : exit_fault;
}

/// The keys that seal credentials: the configured ones, or one of the data directory's own.
result<std::shared_ptr<const key_ring>> read_secrets(const settings& config) {
  auto path = config.secrets_key_file;
  if (path.empty()) {
    path = config.data_directory + "/secrets.key";
    if (auto there = ensure_key_file(path); !there) return there.failure();
  }
  auto keys = read_key_file("secrets.key_file", path);
  if (!keys) return std::move(keys).failure();
  return std::shared_ptr<const key_ring>(std::make_shared<key_ring>(*std::move(keys)));
}

/// What the embedded stores do by themselves, in the log.
store_notices notices_of_stores() {
  store_notices made;
  made.redis_starts_anew = [](const std::string& why, const std::string& kept) {
    log::warn("redis.started_anew",
              {{"detail", why}, {"files", kept.empty() ? "removed, for want of room to keep them" : kept}});
  };
  made.not_started = [](const error& why) { log::error("store.not_started", {{"detail", why.detail}}); };
  return made;
}

/// The parts of a running node, in the order in which they start; they end in the opposite order.
class running_node {
 public:
  running_node(node_context_ptr node, checked_files& files, service_notices& notices)
      : node_(std::move(node)),
        notices_(notices),
        caf_config_(node_->config, files.active()),
        system_(caf_config_),
        supervisor_(spawn_supervisor(system_, node_, links_of_supervisor())),
        dialer_(spawn_dialer(system_, node_, files)),
        inspector_(spawn_inspector(system_, node_)),
        directory_(spawn_directory(
            system_, node_,
            {supervisor_, dialer_, inspector_, [this] { told_to_end_ = true; }, [this] { try_to_lead(); }})),
        dispatcher_(supervisor_),
        health_(node_) {
    gate_.emplace(dispatcher_, *node_->keys, node_->config.limits, windows(node_->config),
                  [this](int status) { node_->numbers.request_answered(status, 0); });
    door_.emplace(*gate_, node_->config.compat);
    node_->ask_nodes = [this](auto told) { spawn_question(std::move(told)); };
    node_->board.report(check_roles, false, "waits for the stores");
  }

  result<void> open_ports() {
    auto admin = http::admin_server::start(node_->config.admin, node_->config.limits, health_);
    if (!admin) return std::move(admin).failure();
    admin_ = std::move(*admin);
    node_->config.admin.port = admin_->port();
    if (auto joined = open_cluster_port(); !joined) return joined;
    if (!plays(node_->config, role::api)) return {};
    const auto& traced = node_->config.trace;
    auto server = http::server::start(node_->config.api, node_->config.limits, *door_, &health_, 2,
                                      node_->config.cors_allowed_origins,
                                      traced.enabled() ? std::optional(traced.sample_percent) : std::nullopt);
    if (!server) return std::move(server).failure();
    server_ = std::move(*server);
    log::info("node.listens", {{"api", to_text(listen_address{node_->config.api.host, server_->port()})},
                               {"admin", to_text(listen_address{node_->config.admin.host, admin_->port()})}});
    node_->config.api.port = server_->port();
    return {};
  }

  void keep_stores() {
    auto usable = [this] {
      caf::anon_send(supervisor_, play_roles{});
      log::info("node.ready", {{"process", node_->process}});
      playing_ = true;
    };
    auto roster = [this](auto others) { caf::anon_send(directory_, roster_update{std::move(others)}); };
    auto stages = [this] {
      for (auto which : {role::fan_out, role::push_sender, role::result_writer})
        caf::anon_send(supervisor_, wake_own{which});
    };
    auto renewed = [this] { caf::anon_send(supervisor_, renew_roles{}); };
    auto migrating = [this](bool now) { migrating_ = now; };
    stores_.emplace(node_, store_keeper::hooks{usable, roster, stages, renewed, migrating});
    if (plays(node_->config, role::api)) keys_.emplace(node_);
    if (!plays(node_->config, role::fan_out)) return;
    {
      std::lock_guard<std::mutex> guard(lease_mutex_);
      lease_ = std::make_unique<lease_keeper>(
          node_, [this] { caf::anon_send(supervisor_, wake_own{role::fan_out}); });
    }
    webhooks_.emplace(node_);
    journals_.emplace(node_, [this] { try_to_lead(); });
    checks_.emplace(node_);
    keeper_.emplace(node_);
  }

  /// Until a signal comes, an operator says so, or the node cannot go on: its supervisor gave up, or who has
  /// no supervisor failed. False in the last case.
  bool serve() {
    caf::scoped_actor self{system_};
    auto supervisor_ended = end_of(supervisor_), directory_ended = end_of(directory_);
    while (!told_to_end(200ms) && !told_to_end_) {
      if (*supervisor_ended) unsupervised_ = !node_->failed;
      if (node_->failed || *supervisor_ended || *directory_ended) return false;
      tell_service_manager(self);
    }
    return true;
  }

  /// Ends the roles in order; false when it took too long, or there is nobody to do it.
  bool drain() {
    notices_.ends();
    log::info("node.draining");
    node_->board.start_draining();
    give_lead_back();
    if (server_) server_->stop_accepting();
    auto ended = end_of(supervisor_);
    caf::anon_send(supervisor_, pusher::drain{});
    auto deadline = clock::now() + std::chrono::seconds(node_->config.limits.drain_seconds);
    while (!*ended && clock::now() < deadline)
      if (told_to_end(50ms)) _exit(exit_fault);
    if (!*ended) log::error("node.drain_timed_out");
    return *ended && !unsupervised_;
  }

  ~running_node() {
    give_lead_back();
    keys_.reset();
    stores_.reset();
    if (server_) server_->stop();
    gate_->close();
    admin_.reset();
    caf::anon_send_exit(directory_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(inspector_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(dialer_, caf::exit_reason::user_shutdown);
  }

 private:
  /// A sign of life needs more than this thread: the supervisor must have its turn, and answer.
  void tell_service_manager(caf::scoped_actor& self) {
    auto now = clock::now();
    notices_.look(now, playing_, migrating_, status_text());
    if (!notices_.wants_life(now)) return;
    self->request<caf::message_priority::high>(supervisor_, caf::duration{2s}, actors_question{})
        .receive([&](const std::string&) { notices_.lives(now); },
                 [&](const caf::error&) { log::warn("node.supervisor_silent"); });
  }

  std::string status_text() const {
    std::string failing;
    for (const auto& each : node_->board.entries())
      if (!each.ok) failing += (failing.empty() ? "Not ready: " : ", ") + each.name;
    return failing.empty() ? "Ready, plays " + to_text(node_->roles()) : failing;
  }

  void try_to_lead() {
    std::lock_guard<std::mutex> guard(lease_mutex_);
    if (lease_) lease_->look();
  }

  /// First of all, so that another node leads while this one finishes what it has begun.
  void give_lead_back() {
    journals_.reset();
    keeper_.reset();
    checks_.reset();
    webhooks_.reset();
    std::unique_ptr<lease_keeper> ours;
    {
      std::lock_guard<std::mutex> guard(lease_mutex_);
      ours = std::move(lease_);
    }
    if (!ours) return;
    ours.reset();
    caf::anon_send(directory_, lead_given_back{});
  }

  /// Through an actor of its own: whoever wants to know is among those who are asked.
  void spawn_question(std::function<void(const std::string&)> told) {
    system_.spawn([to = directory_, told = std::move(told)](caf::event_based_actor* self) {
      self->request(to, caf::duration{2s}, inspect_question{"status", {}, false})
          .then([told](const inspect_answer& said) { told(said.ok ? said.text : std::string()); },
                [told](const caf::error&) { told(""); });
    });
  }

  supervisor_links links_of_supervisor() {
    supervisor_links made;
    made.spawn = [this](const role_place& place, const supervisor_actor& above) {
      return spawn_role_of(system_, node_, place, above);
    };
    made.tell_others = [this](role which) { caf::anon_send(directory_, wake_role{which}); };
    return made;
  }

  result<void> open_cluster_port() {
    const auto& at = node_->config.cluster.listen;
    // `true`: connections of the process before us may still be in TIME_WAIT there.
    auto port = caf::openssl::publish(directory_, at.port, at.host.c_str(), true);
    if (!port)
      return error{errc::internal,
                   "cluster.listen: cannot listen on " + to_text(at) + " (" + system_.render(port.error()) +
                       "). Is another node running there? Set another port, or 0 for a free one.",
                   "", 0};
    const auto& told = node_->config.cluster.advertise;
    node_->address = told.empty() ? to_text(listen_address{at.host, *port}) : told;
    log::info("cluster.listens",
              {{"listen", to_text(listen_address{at.host, *port})}, {"address", node_->address}});
    return write_address(node_->config.data_directory, to_text(listen_address{at.host, *port}));
  }

  node_context_ptr node_;
  service_notices& notices_;
  std::atomic<bool> playing_{false}, migrating_{false};
  std::optional<http::gate> gate_;  // outlives the actors, in whose mailboxes requests may end
  std::optional<http::gorush_door> door_;
  caf_config caf_config_;
  caf::actor_system system_;
  supervisor_actor supervisor_;
  dialer_actor dialer_;
  inspector_actor inspector_;
  directory_actor directory_;
  std::atomic<bool> told_to_end_{false};
  bool unsupervised_ = false;  ///< the supervisor itself failed: its actors live on, and nobody can end them
  to_supervisor dispatcher_;
  node_health health_;
  std::unique_ptr<http::admin_server> admin_;
  std::unique_ptr<http::server> server_;
  std::optional<store_keeper> stores_;
  std::optional<key_keeper> keys_;
  std::mutex lease_mutex_;
  std::unique_ptr<lease_keeper> lease_;
  std::optional<webhook_deliverer> webhooks_;
  std::optional<journal_keeper> journals_;
  std::optional<self_check> checks_;
  std::optional<house_keeper> keeper_;
};

}  // namespace

int run_node(settings config) {
  std::signal(SIGPIPE, SIG_IGN);
  // Blocked in every thread from here on; the main thread waits for them.
  auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  service_notices notices(find_service_manager(), clock::now());
  log::set_up(config.log_level, config.log_format);

  auto directory = data_directory::open(config.data_directory);
  if (!directory) return refuse(directory.failure());
  checked_files files(config.data_directory, configured_cluster_files(config.cluster));
  if (auto sound = files.refresh(); !sound) return refuse(sound.failure());
  auto secrets = read_secrets(config);
  if (!secrets) return refuse(secrets.failure());
  auto node = std::make_shared<node_context>(std::move(config));
  node->secrets = *std::move(secrets);
  node->process = node->config.node_name + "/" + make_uuid_v7();
  node->predecessor = directory->predecessor();
  http::key_ring::bounds bounds;
  bounds.requests_per_second = node->config.limits.requests_per_second_per_key;
  bounds.wrong_keys_per_second = node->config.limits.wrong_keys_per_second;
  node->keys = std::make_unique<http::key_ring>(bounds);

  // Declared before the node that uses them, so that they end after it.
  std::unique_ptr<embedded_stores> stores;
  running_node running(node, files, notices);
  if (auto open = running.open_ports(); !open) return refuse(open.failure());
  auto started = embedded_stores::start(node->config, notices_of_stores());
  if (!started) return refuse(started.failure());
  stores = std::move(*started);
  // From now on our claims and lease are under this name.
  if (auto told = directory->announce(node->process); !told) return refuse(told.failure());
  running.keep_stores();
  bool asked = running.serve();
  if (!running.drain()) {
    // An actor hangs or lives on, and waiting for it could take for ever. What it holds is in the journal.
    stores.reset();
    _exit(exit_fault);
  }
  return asked ? exit_drained : exit_fault;
}

}  // namespace pusher
