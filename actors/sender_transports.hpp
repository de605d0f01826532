// The transports of one push-sender: one per route that has work, each for the credential that its
// application uses now, and the way of their answers to the sender's actor.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/configured_channels.hpp"
#include "actors/credential_index.hpp"
#include "actors/rate_governor.hpp"
#include "actors/sender_machine.hpp"
#include "conf/settings.hpp"
#include "model/result.hpp"
#include "transports/apns/provider_token.hpp"
#include "transports/credential.hpp"
#include "transports/key_ring.hpp"
#include "transports/transport.hpp"

namespace pusher {

class sender_transports {
 public:
  struct arrival {
    outlet_id outlet;
    std::vector<push_answer> answers;
  };

  /// A transport and what the sender has to know of it.
  class outlet final : public answer_sink {
   public:
    outlet(sender_transports& owner, outlet_id number, push_route to, std::string signs_in)
        : id(number), route(to), credential(std::move(signs_in)), owner_(owner) {}

    const outlet_id id;
    const push_route route;
    const std::string credential;  ///< its public id; empty = the configuration's
    std::optional<rate_governor> governor;
    std::shared_ptr<provider_token_keeper> tokens;
    size_t open_targets = 0;  ///< submitted and not answered yet
    utc_ms opened_at = 0, used_at = 0;
    bool retired = false;             ///< its credential is not used any more: it ends what it has begun
    std::optional<std::string> told;  ///< trouble that was spoken of last; nothing = it was never looked at
    std::unique_ptr<pusher::transport> transport;

    void on_answers(std::vector<push_answer> answers) override { owner_.arrived(id, std::move(answers)); }

   private:
    sender_transports& owner_;
  };

  /// Serves `gateways` alone unless that is empty. `poke` is called on the transports' threads when answers
  /// arrive, once until they are taken.
  sender_transports(const settings& config, std::vector<std::string> gateways,
                    std::shared_ptr<const key_ring> secrets, provider_token_memory& tokens,
                    std::function<void()> poke);
  ~sender_transports();
  sender_transports(const sender_transports&) = delete;
  sender_transports& operator=(const sender_transports&) = delete;

  /// The credentials changed. Transports of those that are not used any more send no more: what they had not
  /// written comes back as answers.
  void adopt(credential_index index);
  const credential_index& index() const { return index_; }

  bool is_ours(channel which) const;
  /// Routes that the configuration's credentials are used for.
  std::vector<push_route> configured_routes() const;
  /// Whether there is a credential, and a transport for it is there or can be made.
  bool serves(push_route route, utc_ms now) const;
  /// The route's transport, made if there is none; null when that is not possible now: then serves() is false
  /// for a while. Errors: the journal's.
  result<outlet*> open(push_route route, journal& from, utc_ms now);
  /// Hands over targets.
  void submit(outlet& to, push_order order, utc_ms now);

  /// The route's transport for new work; null when there is none.
  outlet* find(push_route route);
  outlet* find(outlet_id id);
  template <class Each>
  void each(Each each) {
    for (auto& [id, one] : outlets_)
      each(*one);
  }

  std::vector<arrival> take_answers();
  /// Brings tokens that the cluster shares up to date. Errors: the store's.
  result<void> synchronize(shared_values& store);
  /// Closes what has ended and what was idle for long.
  void tidy(utc_ms now);
  /// Counters of transports that are closed now, in place of their stats.
  template <class Each>
  void each_past(Each each) const {
    for (const auto& [whose, totals] : past_)
      each(whose.first, totals);
  }

  /// Credentials that no transport could be made for, with the reason, since the last call.
  std::vector<std::pair<std::string, std::string>> take_failures() { return std::exchange(failures_, {}); }

 private:
  void arrived(outlet_id from, std::vector<push_answer> answers);
  /// The credential for a route: nothing, the configuration's (an empty text), or an uploaded one's id.
  std::optional<std::string> credential_for(push_route route) const;
  bool make_room(utc_ms now);
  void retire(outlet& which);
  void close(outlet_id id);
  result<void> make_configured(outlet& into);
  result<void> make_uploaded(outlet& into, const std::string& sealed);
  void govern(outlet& which, const std::string& rate_name);
  std::shared_ptr<provider_token_keeper> known_tokens(const std::string& credential) const;

  const settings& config_;
  const std::vector<std::string> gateways_;
  const std::shared_ptr<const key_ring> secrets_;
  provider_token_memory& tokens_;  ///< of all senders of this process
  const channel_set configured_;
  const std::function<void()> poke_;
  credential_index index_;
  std::map<std::string, utc_ms> not_before_;  ///< credentials that could not be opened: when to try again
  utc_ms full_until_ = 0;                     ///< no transport can be made before
  std::vector<std::pair<std::string, std::string>> failures_;
  std::mutex mutex_;
  std::vector<arrival> waiting_;
  std::atomic<bool> poked_{false};
  outlet_id last_outlet_ = 0;
  std::map<push_route, outlet*> current_;
  /// By route and the gateway's table, as FCM has two.
  std::map<std::pair<push_route, const verdict_table*>, transport_stats> past_;
  std::map<outlet_id, std::unique_ptr<outlet>> outlets_;  ///< last: their threads end first
};

}  // namespace pusher
