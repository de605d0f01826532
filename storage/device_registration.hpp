// Registering a batch of devices: who is new, who changes, whose token moves.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/device.hpp"
#include "storage/connection.hpp"
#include "storage/property_index_rows.hpp"

namespace pusher {

/// The hash in a row whose token moved to another device. The unique key must stay satisfied, so it is unique
/// to the device; no token has it, because tokens are UTF-8 and what is hashed here is not.
sha256_digest moved_token_hash(const std::string& device_id);

/// What happens to a token that another device holds.
enum class held_token : uint8_t {
  moves,      ///< to the device of the batch
  is_refused  ///< the batch fails with `conflict`
};

/// Writes a batch within the caller's transaction, as if the devices were registered one after the other; of
/// several with the same device_id the last one stands. Looks up and locks all rows concerned by two kinds of
/// queries, decides here, then writes in bulk. Rows keep their ids. A concurrent registration of the same
/// device or token makes it fail with a duplicate key: the transaction must then be repeated.
class device_registration {
 public:
  device_registration(database::connection& on, application_id app, const std::vector<device>& values,
                      held_token held = held_token::moves);

  /// Whether each device is new.
  result<std::vector<bool>> run();

 private:
  struct entry {
    const device* value = nullptr;
    sha256_digest hash{};  ///< of its token, or the tombstone when it loses that
    device_key key;        ///< 0 = new, and not known yet
    bool is_new = true;
    bool loses_token = false;  ///< to a later entry of the batch
    bool other_token = false;  ///< than the one it had
    bool was_disabled = false;
    std::string properties_before;  ///< only read when names are indexed
  };
  /// A token that a device loses to an entry.
  struct moved_token {
    device_key from;  ///< 0 when `from_entry` says it
    size_t from_entry = 0;
    size_t to_entry = 0;
    sha256_digest tombstone{};
  };

  void collect(const std::vector<device>& values);
  result<void> find_existing();
  void found_existing(entry& of, const sql_row& row);
  result<void> find_holders();
  result<void> find_holders_among(gateway gateway, environment environment,
                                  const std::vector<size_t>& entries);
  result<void> vacate();
  result<void> update_existing();
  result<void> insert_new();
  result<void> note_last_key();
  result<void> learn_new_keys();
  result<void> write_index();
  result<void> write_events();
  void add_row(bulk_rows& rows, const entry& each) const;

  database::connection& on_;
  application_id app_;
  const held_token held_;
  std::vector<entry> entries_;
  std::vector<size_t> entry_of_value_;  ///< per device of the call
  std::unordered_map<std::string_view, size_t> by_device_;
  std::vector<moved_token> moved_;
  std::optional<property_index_rows> index_;
  bool keys_wanted_ = false;  ///< of new rows
  device_key last_key_;       ///< before they were inserted
};

}  // namespace pusher
