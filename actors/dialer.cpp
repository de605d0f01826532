// Connects to other nodes over TLS. CAF's connecting blocks, and without limit where packets are dropped:
// hence an actor with a thread of its own, and a probe first.
#include "actors/cluster_parts.hpp"

#include <future>

#include <caf/io/all.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/openssl/all.hpp>

#include "actors/log.hpp"
#include "actors/node_probe.hpp"

namespace pusher {

namespace {

constexpr auto probe_wait = std::chrono::milliseconds(2000);

std::string meaning_of(caf::actor_system& system, const caf::error& fault) {
  if (fault == caf::sec::incompatible_application_ids)
    return "it belongs to another cluster or speaks another version of the protocol";
  if (fault == caf::sec::disconnect_during_handshake || fault == caf::sec::cannot_connect_to_node)
    return "it refused the connection: is its certificate of the same authority (cluster.ca), and still "
           "valid?";
  if (fault == caf::sec::unexpected_actor_messaging_interface)
    return "it speaks another version of the protocol";
  if (fault == caf::sec::connection_timeout)
    return "it took the connection and did not answer in time: is it stopped or very busy, and is its "
           "certificate of the same authority (cluster.ca)?";
  return system.render(fault);
}

}  // namespace

dialed connect_to(caf::actor_system& system, const std::string& host, uint16_t port) {
  const auto& config = system.config();
  cluster_files files{config.openssl_certificate, config.openssl_key, config.openssl_cafile};
  if (auto why = probe_node(host, port, files, probe_wait); !why.empty()) return {{}, why};
  auto connected = caf::openssl::remote_actor<directory_actor>(system, host, port);
  if (!connected) return {{}, meaning_of(system, connected.error())};
  return {std::move(*connected), ""};
}

namespace {

constexpr auto files_interval = std::chrono::seconds(2);

/// What was said last of the files, so that it is said once.
struct dialer_state {
  std::string told;
};

/// Certificate and key are opened one after the other whenever a connection begins: those that come in begin
/// on CAF's I/O thread, which therefore makes the change, and those that go out begin in this actor, which
/// waits for it.
result<bool> renew(caf::actor_system& system, checked_files& files) {
  auto changed = files.prepare();
  if (!changed || !*changed) return changed;
  auto done = std::make_shared<std::promise<result<void>>>();
  system.middleman().backend().post([done, &files] { done->set_value(files.swap()); });
  auto swapped = done->get_future().get();
  return swapped ? result<bool>(true) : swapped.failure();
}

void look(dialer_actor::stateful_pointer<dialer_state> self, checked_files& files, metrics& numbers) {
  auto renewed = renew(self->system(), files);
  auto why = renewed ? std::string() : renewed.failure().detail;
  if (renewed && *renewed)
    log::info("cluster.certificate_renewed", {{"ends_at", to_rfc3339(files.certificate_ends_at())}});
  if (!why.empty() && why != self->state.told)
    log::error("cluster.certificate_refused",
               {{"detail", why + " Until that is mended the node goes on with the files it had."}});
  self->state.told = why;
  numbers.certificate_ends(files.certificate_ends_at());
  self->delayed_send(self, files_interval, look_at_files{});
}

}  // namespace

dialer_actor spawn_dialer(caf::actor_system& system, node_context_ptr node, checked_files& files) {
  return system.spawn<caf::detached>(
      [&files](dialer_actor::stateful_pointer<dialer_state> self,
               const node_context_ptr& shared) -> dialer_actor::behavior_type {
        self->send(self, look_at_files{});
        return {[self](const dial& to) { return connect_to(self->system(), to.host, to.port); },
                [self, shared, &files](look_at_files) { look(self, files, shared->numbers); }};
      },
      std::move(node));
}

}  // namespace pusher
