// The actors' protocol: every message and every actor interface of Pusher, in the order in which data flows.
//
// Jobs travel in the journal, never in messages. A message is a wake-up ("there is work"), control, or a
// request that carries its own way back. Losing a wake-up costs at most one poll interval.
#pragma once

#include <cstdint>
#include <memory>

#include <caf/all.hpp>

#include "conf/settings.hpp"
#include "http/exchange.hpp"

namespace pusher {

// -- messages --

/// http -> api: a client waits for an answer. Stays within the process.
struct client_request {
  std::shared_ptr<http::exchange> exchange;
};

/// anyone -> supervisor: there is work for this role; the supervisor tells every actor that plays it.
struct wake_role {
  pusher::role role = role::api;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wake_role& x) {
  return f(caf::meta::type_name("wake_role"), x.role);
}

/// supervisor -> role: there may be work for you.
struct wake {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wake&) {
  return f(caf::meta::type_name("wake"));
}

/// role -> itself: go on with your work, or look whether there is some.
struct proceed {
  bool poll = false;  ///< the periodic look, which needs no wake-up
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, proceed& x) {
  return f(caf::meta::type_name("proceed"), x.poll);
}

/// supervisor -> role: take no new work, finish or hand back what you have, then end.
struct drain {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, drain&) {
  return f(caf::meta::type_name("drain"));
}

/// api -> itself: store the registrations, reports and creations that have gathered.
struct store_registrations {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, store_registrations&) {
  return f(caf::meta::type_name("store_registrations"));
}

/// api -> itself: look whether answers that wait for outcomes can be given.
struct look_at_answers {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_at_answers&) {
  return f(caf::meta::type_name("look_at_answers"));
}

/// supervisor -> itself: start the child again, its back-off is over.
struct restart_child {
  uint64_t child = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, restart_child& x) {
  return f(caf::meta::type_name("restart_child"), x.child);
}

/// main -> supervisor: the stores are ready, play the roles.
struct play_roles {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, play_roles&) {
  return f(caf::meta::type_name("play_roles"));
}

// -- interfaces --

/// Answers clients. Blocks on the stores, so it has a thread of its own; several share the load.
using api_actor = caf::typed_actor<
    // Answers the request that waits in the exchange.
    caf::reacts_to<client_request>,
    // Stores the registrations, deletions, reports and creations that have gathered, and answers them.
    caf::reacts_to<store_registrations>,
    // Gives the answers that have waited for outcomes and can be given.
    caf::reacts_to<look_at_answers>,
    // Answers what is queued, then ends.
    caf::reacts_to<drain>>;

/// Plays fan-out, push-sender or result-writer: the journal brings its work.
using role_actor = caf::typed_actor<
    // Looks for work at once.
    caf::reacts_to<wake>,
    // Performs the next actions of its state machine.
    caf::reacts_to<proceed>,
    // Finishes or hands back what it holds, then ends.
    caf::reacts_to<drain>>;

/// Starts a node's actors, starts them again when they fail, passes wake-ups on, and ends them in order.
using supervisor_actor = caf::typed_actor<
    // Starts every role of the node.
    caf::reacts_to<play_roles>,
    // Passes a client's request to an api actor; answers 503 itself when there is none.
    caf::reacts_to<client_request>,
    // Wakes every actor of a role.
    caf::reacts_to<wake_role>,
    // Starts a failed child again.
    caf::reacts_to<restart_child>,
    // Ends the roles in the order in which data flows, then itself.
    caf::reacts_to<drain>>;

}  // namespace pusher

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pusher::client_request)

CAF_BEGIN_TYPE_ID_BLOCK(pusher, first_custom_type_id)
CAF_ADD_TYPE_ID(pusher, (pusher::client_request))
CAF_ADD_TYPE_ID(pusher, (pusher::wake_role))
CAF_ADD_TYPE_ID(pusher, (pusher::wake))
CAF_ADD_TYPE_ID(pusher, (pusher::proceed))
CAF_ADD_TYPE_ID(pusher, (pusher::drain))
CAF_ADD_TYPE_ID(pusher, (pusher::store_registrations))
CAF_ADD_TYPE_ID(pusher, (pusher::look_at_answers))
CAF_ADD_TYPE_ID(pusher, (pusher::restart_child))
CAF_ADD_TYPE_ID(pusher, (pusher::play_roles))
CAF_END_TYPE_ID_BLOCK(pusher)
