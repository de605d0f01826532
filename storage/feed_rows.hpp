// Writing the feed, within the transaction that does what the events tell of.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "storage/connection.hpp"
#include "storage/feed_codec.hpp"

namespace pusher {

/// Collects the events of a transaction and writes them as a row or a few: what is told of a thousand devices
/// costs about as much as of one.
///
/// Rows of an application are numbered without gaps in the order in which they are committed, so that a
/// reader who has seen one has missed none before it: the number is taken from a counter whose row stays
/// locked until the commit. Therefore write() must be the last statement of its transaction: then the lock is
/// held no longer than a commit takes, and as nothing is locked after it, it is in no deadlock.
class feed_rows {
 public:
  void add(application_id app, event_type type, notification_key notification, device_key device,
           device_key other = {});
  bool empty() const { return applications_.empty(); }
  result<void> write(database::connection& on);

 private:
  struct row {
    std::vector<feed_group> groups;
    std::array<size_t, 64> last_of_type{};  ///< the type's last group in this row, plus 1
    size_t subjects = 0;
  };
  result<void> write_of(database::connection& on, application_id app, const std::vector<row>& rows);

  std::map<application_id, std::vector<row>>
      applications_;  ///< in an order, so that counters are locked in it
};

}  // namespace pusher
