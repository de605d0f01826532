// Which routes a sender works on: those with work in the journal and a credential, as the journal tells both.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/sender_machine.hpp"
#include "actors/sender_transports.hpp"
#include "storage/journal.hpp"

namespace pusher {

class sender_routes {
 public:
  sender_routes(journal& from, sender_transports& transports, sender_machine& machine)
      : journal_(from), transports_(transports), machine_(machine) {}

  /// Reads what there is to do and with which credentials, and tells the machine. Errors: the journal's,
  /// corrupt_data.
  result<void> look(utc_ms now);
  /// Reads the credentials alone.
  result<void> follow_credentials(utc_ms now);
  /// Before the first look of this kind nothing is known of credentials, and nothing may be skipped.
  bool known() const { return !version_.empty(); }
  bool is_closed(push_route route) const {
    return closed_.count(route) > 0 && transports_.is_ours(route.channel);
  }

  /// A route's queues, the transactional lane first.
  const std::vector<std::string>& queues_of(push_route route) const;
  /// Routes with work that are served from here, or closed.
  std::vector<push_route> busy(utc_ms now) const;
  /// Tells the machine how it stands with a route.
  void decide(push_route route, utc_ms now);

 private:
  journal& journal_;
  sender_transports& transports_;
  sender_machine& machine_;
  std::string version_, closed_text_;
  std::set<push_route> closed_;
  std::map<push_route, std::vector<std::string>> queues_;
};

}  // namespace pusher
