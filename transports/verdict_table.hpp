// What the answers of a gateway mean, as data: one table per gateway, from (status, code) to one action.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transports/transport.hpp"

namespace pusher {

enum class answer_action : uint8_t {
  accepted,
  retry,               ///< later, see the rule's wait
  retry_elsewhere,     ///< at once on a new connection; a second time: later
  dead_token,          ///< disable the device, under the rules of token hygiene
  switch_environment,  ///< try the gateway's other environment once, when there is one; else a dead token
  refresh_credential,  ///< sign in anew and send once more; refused again: as refused_credential, after three
  refused,             ///< this push is wrong or not wanted; neither retry nor touch the device
  refused_credential,  ///< nobody gets through with this credential: pause it and raise an alarm; after a 401
                       ///< or 403 the push waits, else it is rejected
  unknown              ///< nobody knows what became of the push
};
std::string_view to_string(answer_action value);

/// Whom an answer is about.
enum class answer_reach : uint8_t {
  target,      ///< the one device
  credential,  ///< all that is sent with this credential: a quota, a key, a project
  endpoint     ///< this was not the gateway speaking: a wrong address, or something in between
};
std::string_view to_string(answer_reach value);

/// A row of a table. The first row that fits decides; the last rows of each table fit whatever is left.
struct answer_rule {
  int from = 0, to = 0;     ///< HTTP statuses
  std::string_view code;    ///< the gateway's error code; empty = any, or none
  std::string_view detail;  ///< what else the answer says, in the reader's words; empty = any, or nothing
  answer_action action = answer_action::unknown;
  answer_reach reach = answer_reach::target;
  int64_t wait_ms = 0;         ///< with retry, when the answer has no Retry-After: the first wait
  bool wait_is_exact = false;  ///< keep that wait as it is; else it is the least, and grows by our own rule
  std::string_view meaning;    ///< for operators
};

/// A table does not own its rows: they are constants.
class verdict_table {
 public:
  template <size_t Count>
  constexpr explicit verdict_table(const answer_rule (&rules)[Count]) : first_(rules), count_(Count) {}

  const answer_rule* begin() const { return first_; }
  const answer_rule* end() const { return first_ + count_; }
  /// The row's place; nothing for what find() gives when no row fits.
  std::optional<size_t> place_of(const answer_rule& rule) const;
  /// A table without a row for an answer calls it unknown.
  const answer_rule& find(int status, std::string_view code, std::string_view detail) const;

 private:
  const answer_rule* first_;
  size_t count_;
};

// What an attempt that met the rule is counted as: words from a closed list.
/// accepted, unregistered, other_environment, rejected, retry, unknown.
std::string_view attempt_outcome(const answer_rule& rule);
/// The gateway's code; else `http_` with the status, or its class such as `http_5xx`; `none` when accepted.
std::string attempt_reason(const answer_rule& rule);

/// The rule as a verdict. `asked_ms` is the answer's Retry-After, which wins over the rule's wait.
verdict verdict_of(const answer_rule& rule, std::optional<int64_t> asked_ms);

}  // namespace pusher
