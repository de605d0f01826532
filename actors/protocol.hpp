// The actors' protocol: every message and every actor interface of Pusher, in the order in which data flows.
// What crosses to other nodes is under "cluster" and "inspection": to change it is to raise
// `cluster_protocol`.
//
// Jobs travel in the journal, never in messages. A message is a wake-up ("there is work"), control, or a
// request that carries its own way back. Losing a wake-up costs at most one poll interval.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "actors/node_record.hpp"
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

/// store keeper -> supervisor: the journal was rebuilt under another name; whoever holds something of the old
/// one begins anew.
struct renew_roles {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, renew_roles&) {
  return f(caf::meta::type_name("renew_roles"));
}

/// anyone -> role: how do you fare?
struct report_question {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, report_question&) {
  return f(caf::meta::type_name("report_question"));
}

/// role -> supervisor -> directory.
struct actor_report {
  std::string name;           ///< `push-sender/0`
  uint64_t mailbox = 0;       ///< messages that wait
  uint64_t claimed = 0;       ///< jobs that it holds; of fan-out: notifications under way
  std::string last_error;     ///< empty = none yet
  int64_t last_error_at = 0;  ///< UTC milliseconds
  std::string detail;         ///< a JSON object: what only this role knows
  // Thousandths of its last seconds:
  uint32_t busy = 0;           ///< in which it worked, or waited for an answer to go on
  uint32_t waits_redis = 0;    ///< the part of that in which it waited for Redis
  uint32_t waits_mariadb = 0;  ///< likewise for MariaDB
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, actor_report& x) {
  return f(caf::meta::type_name("actor_report"), x.name, x.mailbox, x.claimed, x.last_error, x.last_error_at,
           x.detail, x.busy, x.waits_redis, x.waits_mariadb);
}

/// directory -> supervisor: how do your actors fare? Answered with a JSON array.
struct actors_question {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, actors_question&) {
  return f(caf::meta::type_name("actors_question"));
}

/// directory -> supervisor: play so many of this role, `push-sender:fcm=4`.
struct scale_roles {
  std::string entry;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, scale_roles& x) {
  return f(caf::meta::type_name("scale_roles"), x.entry);
}

// -- cluster --

/// directory -> supervisor, and from node to node: there is work for this role; wake those that are here.
struct wake_own {
  pusher::role role = role::api;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, wake_own& x) {
  return f(caf::meta::type_name("wake_own"), x.role);
}

/// node -> directory: we have given the lead back.
struct lead_given_back {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lead_given_back&) {
  return f(caf::meta::type_name("lead_given_back"));
}

/// From node to node: whoever stands by may take the lead.
struct lead_is_free {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, lead_is_free&) {
  return f(caf::meta::type_name("lead_is_free"));
}

/// From node to node, both ways, when they connect: who we are.
struct peer_hello {
  std::string process;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_hello& x) {
  return f(caf::meta::type_name("peer_hello"), x.process);
}

/// store keeper -> directory: who else is there. Stays within the process.
struct roster_update {
  std::shared_ptr<const std::vector<known_node>> others;
};

/// directory -> itself: wake the other nodes' actors of these roles, as bits.
struct flush_wakes {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, flush_wakes&) {
  return f(caf::meta::type_name("flush_wakes"));
}

/// directory -> dialer: connect to a node.
struct dial {
  std::string host;
  uint16_t port = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, dial& x) {
  return f(caf::meta::type_name("dial"), x.host, x.port);
}

/// dialer -> itself: look whether the certificate's files have changed.
struct look_at_files {};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_at_files&) {
  return f(caf::meta::type_name("look_at_files"));
}

// -- inspection --

/// operator -> directory, and from node to node. Commands: actors/inspection.hpp.
struct inspect_question {
  std::string command;
  std::vector<std::string> arguments;
  bool here = false;  ///< of this node alone
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inspect_question& x) {
  return f(caf::meta::type_name("inspect_question"), x.command, x.arguments, x.here);
}

struct inspect_answer {
  bool ok = true;
  std::string text;  ///< JSON; when not ok, a sentence that says why
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inspect_answer& x) {
  return f(caf::meta::type_name("inspect_answer"), x.ok, x.text);
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
    // Says how it fares.
    caf::replies_to<report_question>::with<actor_report>,
    // Answers what is queued, then ends.
    caf::reacts_to<drain>>;

/// Plays fan-out, push-sender or result-writer: the journal brings its work.
using role_actor = caf::typed_actor<
    // Looks for work at once.
    caf::reacts_to<wake>,
    // Performs the next actions of its state machine.
    caf::reacts_to<proceed>,
    // Says how it fares.
    caf::replies_to<report_question>::with<actor_report>,
    // Finishes or hands back what it holds, then ends.
    caf::reacts_to<drain>>;

/// Starts a node's actors, starts them again when they fail, passes wake-ups on, and ends them in order.
using supervisor_actor = caf::typed_actor<
    // Starts every role of the node.
    caf::reacts_to<play_roles>,
    // Passes a client's request to an api actor; answers 503 itself when there is none.
    caf::reacts_to<client_request>,
    // Wakes every actor of a role, here and on other nodes.
    caf::reacts_to<wake_role>,
    // Wakes every actor of a role of this node.
    caf::reacts_to<wake_own>,
    // Asks its actors how they fare.
    caf::replies_to<actors_question>::with<std::string>,
    // Starts or ends actors of a role.
    caf::replies_to<scale_roles>::with<inspect_answer>,
    // Starts a failed child again.
    caf::reacts_to<restart_child>,
    // Ends those that work with the journal, and starts them again at once.
    caf::reacts_to<renew_roles>,
    // Ends the roles in the order in which data flows, then itself.
    caf::reacts_to<drain>>;

/// The node's face to other nodes and to operators: knows its peers, passes wake-ups to and fro, answers
/// questions.
using directory_actor = caf::typed_actor<
    // Connects to whoever is new, forgets who is gone.
    caf::reacts_to<roster_update>,
    // Wakes the actors of a role on other nodes.
    caf::reacts_to<wake_role>,
    // Another node has work for a role.
    caf::reacts_to<wake_own>,
    // Tells the others that the lead is free.
    caf::reacts_to<lead_given_back>,
    // The lead is free.
    caf::reacts_to<lead_is_free>,
    // Sends the wake-ups that were held back for a moment.
    caf::reacts_to<flush_wakes>,
    // Another node connects.
    caf::replies_to<peer_hello>::with<peer_hello>,
    // An operator or another node asks.
    caf::replies_to<inspect_question>::with<inspect_answer>>;

/// What came of a dial. Stays within the process.
struct dialed {
  directory_actor peer;  ///< null = no connection
  std::string why;       ///< not
};

/// Connects to nodes, blocking, one after the other; in between it looks after the certificate's files.
using dialer_actor = caf::typed_actor<caf::replies_to<dial>::with<dialed>, caf::reacts_to<look_at_files>>;

/// Answers what operators ask of the stores, blocking.
using inspector_actor = caf::typed_actor<caf::replies_to<inspect_question>::with<inspect_answer>>;

}  // namespace pusher

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pusher::client_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pusher::roster_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pusher::dialed)

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
CAF_ADD_TYPE_ID(pusher, (pusher::report_question))
CAF_ADD_TYPE_ID(pusher, (pusher::actor_report))
CAF_ADD_TYPE_ID(pusher, (pusher::actors_question))
CAF_ADD_TYPE_ID(pusher, (pusher::scale_roles))
CAF_ADD_TYPE_ID(pusher, (pusher::wake_own))
CAF_ADD_TYPE_ID(pusher, (pusher::lead_given_back))
CAF_ADD_TYPE_ID(pusher, (pusher::lead_is_free))
CAF_ADD_TYPE_ID(pusher, (pusher::peer_hello))
CAF_ADD_TYPE_ID(pusher, (pusher::roster_update))
CAF_ADD_TYPE_ID(pusher, (pusher::flush_wakes))
CAF_ADD_TYPE_ID(pusher, (pusher::dial))
CAF_ADD_TYPE_ID(pusher, (pusher::dialed))
CAF_ADD_TYPE_ID(pusher, (pusher::look_at_files))
CAF_ADD_TYPE_ID(pusher, (pusher::inspect_question))
CAF_ADD_TYPE_ID(pusher, (pusher::inspect_answer))
CAF_ADD_TYPE_ID(pusher, (pusher::renew_roles))
CAF_END_TYPE_ID_BLOCK(pusher)
