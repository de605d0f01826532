#include "http/server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pistache/listener.h>
#include <pistache/peer.h>
#include <pistache/transport.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <thread>

#include "http/caretaker.hpp"
#include "http/connection.hpp"
#include "http/progress_hub.hpp"
#include "http/server_core.hpp"
#include "http/stream_pool.hpp"

namespace pusher::http {

namespace {

using namespace std::chrono_literals;

constexpr rlim_t wanted_descriptors = 65'536;
constexpr int backlog = 1024;
const std::string slot = "c";  // where a peer keeps its connection

/// The usual soft limit of 1,024 descriptors is less than the connections that we allow.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted_descriptors) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted_descriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// What Pistache calls. Each I/O thread has a copy of its own.
class input_handler final : public Pistache::Tcp::Handler, private socket_owner {
  PROTOTYPE_OF(Pistache::Tcp::Handler, input_handler)

 public:
  explicit input_handler(std::shared_ptr<server_core> core) : core_(std::move(core)) {}
  input_handler(const input_handler& other) : Pistache::Tcp::Handler(), core_(other.core_) {}
  input_handler& operator=(const input_handler&) = delete;

  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    ++core_->connections;
    int on = 1;
    setsockopt(peer->fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (core_->open_count() >= core_->most_connections) make_room();
    auto opened = std::make_shared<connection>(core_, peer->fd(), peer->address().host());
    core_->add(opened);
    peer->putData(slot, opened);
  }

  void onInput(const char* bytes, size_t count, const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    auto from = of(peer);
    try {
      from->received({bytes, count}, *this);
    } catch (const std::exception&) {
      // Out of memory, most likely. An exception here would end the process.
      from->cut();
    }
  }

  void onDisconnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    of(peer)->disconnected();
  }

 private:
  static std::shared_ptr<connection> of(const std::shared_ptr<Pistache::Tcp::Peer>& peer) {
    return std::static_pointer_cast<connection>(peer->tryGetData(slot));
  }

  /// Whoever has least time left gives way: slow senders before idle ones, and never a request under way.
  void make_room() {
    std::shared_ptr<connection> first;
    auto soonest = connection::clock::time_point::max();
    for (const auto& each : core_->open_connections()) {
      auto until = each->waits_until();
      if (until >= soonest) continue;
      soonest = until;
      first = each;
    }
    if (first) first->cut();
  }

  /// Pistache keeps the number and one end of a socket pair behind it; the socket itself goes to the caller.
  detached_socket detach(int descriptor) override {
    detached_socket taken;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return taken;
    taken.socket = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    taken.guard = pair[1];
    if (taken.socket < 0) {
      close(pair[0]);
      close(pair[1]);
      return {};
    }
    using Pistache::Polling::NotifyOn;
    auto* reactor = transport()->reactor();
    reactor->removeFd(transport()->key(), descriptor);
    dup3(pair[0], descriptor, O_CLOEXEC);
    close(pair[0]);
    reactor->registerFd(transport()->key(), descriptor, NotifyOn::Read | NotifyOn::Shutdown,
                        Pistache::Polling::Mode::Edge);
    return taken;
  }

  const std::shared_ptr<server_core> core_;
};

}  // namespace

struct server::parts {
  std::shared_ptr<server_core> core;
  std::unique_ptr<Pistache::Tcp::Listener> listener;
  std::unique_ptr<caretaker> keeper;
  uint16_t port = 0;

  void listen(const listen_address& address, unsigned io_threads) {
    using Pistache::Tcp::Options;
    // Pistache wants an IPv6 address in brackets.
    bool bare_v6 = address.host.find(':') != std::string::npos && address.host.front() != '[';
    auto host = bare_v6 ? "[" + address.host + "]" : address.host;
    listener =
        std::make_unique<Pistache::Tcp::Listener>(Pistache::Address(host, Pistache::Port(address.port)));
    listener->init(io_threads, Pistache::Flags<Options>(Options::ReuseAddr | Options::CloseOnExec), "http",
                   backlog);
    listener->setHandler(std::make_shared<input_handler>(core));
    listener->bind();
    port = listener->getPort();
    listener->runThreaded();
    keeper = std::make_unique<caretaker>(core);
  }

  /// Waits until no connection is open any more.
  bool wait_for_end(std::chrono::milliseconds most) const {
    for (auto deadline = connection::clock::now() + most; core->open_count() > 0;) {
      if (connection::clock::now() >= deadline) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }
};

result<std::unique_ptr<server>> server::start(const listen_address& address, const limits_settings& limits,
                                              dispatcher& target, const health_source* health,
                                              unsigned io_threads, std::vector<std::string> allowed_origins,
                                              std::optional<unsigned> trace_percent) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  auto made = std::make_unique<parts>();
  made->core =
      std::make_shared<server_core>(limits, target, health, std::move(allowed_origins), trace_percent);
  try {
    made->listen(address, std::max(io_threads, 1U));
  } catch (const std::exception& fault) {
    made->listener.reset();
    return error{
        errc::invalid_configuration,
        "Cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " + fault.what(), "", 0};
  }
  return std::make_unique<server>(std::move(made));
}

server::server(std::unique_ptr<parts> made) : parts_(std::move(made)) {}

server::~server() {
  stop();
}

uint16_t server::port() const {
  return parts_->port;
}

void server::stop_accepting() {
  auto& core = *parts_->core;
  core.draining = true;
  for (const auto& each : core.open_connections())
    each->cut_if_idle();
}

void server::stop() {
  if (!parts_->listener) return;
  auto& core = *parts_->core;
  stop_accepting();
  core.streams->stop();
  core.progress->stop();
  parts_->wait_for_end(1000ms);
  for (const auto& each : core.open_connections())
    each->cut();
  parts_->wait_for_end(2000ms);
  parts_->keeper.reset();
  // Ends and joins Pistache's threads; after this nobody but us knows the descriptors that are still open.
  parts_->listener.reset();
  for (const auto& each : core.open_connections()) {
    int left = each->descriptor();
    each->disconnected();
    if (left >= 0) close(left);
  }
}

server_stats server::stats() const {
  const auto& core = *parts_->core;
  server_stats now;
  now.connections = core.connections;
  now.open_connections = core.open_count();
  now.requests = core.requests;
  now.refused_requests = core.refused;
  now.answers_without_client = core.without_client;
  now.timed_out_connections = core.timed_out;
  now.waiting_requests = core.waiting_requests.used();
  now.request_bytes = core.request_bytes.used();
  now.open_streams = core.streams->open();
  now.progress_watchers = core.progress->open();
  return now;
}

}  // namespace pusher::http
