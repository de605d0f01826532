// Devices in MariaDB.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/condition.hpp"
#include "model/device.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"
#include "storage/device_erasure.hpp"
#include "storage/device_plan.hpp"

namespace pusher {

/// Bounds of one page of a scan; the page ends at whichever is reached first.
struct page_bounds {
  size_t rows = 5000;
  size_t bytes = 2 * 1024 * 1024;
};

/// Where a page ended.
struct page_end {
  device_key last;  ///< the last key that was read; the page's start when it read none
  size_t rows = 0;
  bool at_end = false;  ///< no row follows within the scan's range
};

/// The devices of an application at one moment.
struct device_range {
  device_key last;   ///< the highest key; 0 when there is none
  utc_ms as_of = 0;  ///< the database's clock
};

class device_store {
 public:
  explicit device_store(database& db) : db_(db) {}

  struct put_result {
    bool created = false;
    stored_device device;
  };
  /// Registers or replaces. A token that another device holds moves here; that device is disabled
  /// (token_moved). Registering enables a disabled device. token_registered_at moves with each registration
  /// of a token.
  result<put_result> put(application_id app, const device& value);
  /// The same for several (at most 1,000) in one transaction, as if one after the other; each result shows
  /// the device as it stands afterwards.
  result<std::vector<put_result>> put(application_id app, const std::vector<device>& values);
  result<stored_device> get(application_id app, const std::string& device_id);
  result<stored_device> update(application_id app, const std::string& device_id,
                               const std::function<result<void>(device&)>& change);
  /// Deletes the device and its history. Errors: not_found.
  result<void> erase(application_id app, const std::string& device_id);
  /// The same for several (at most 1,000) in one transaction; whether each was there.
  result<std::vector<bool>> erase(application_id app, const std::vector<std::string>& device_ids);
  /// A user's devices, disabled ones too, with key > `after`, in key order.
  result<std::vector<stored_device>> of_user(application_id app, const std::string& user_id, device_key after,
                                             size_t limit);
  /// Deletes all devices of a user and their history, in steps; what was deleted. After a failure some may be
  /// gone and the call can be repeated.
  result<erased_counts> erase_user(application_id app, const std::string& user_id);
  /// put() for many in one transaction; whether each is new. A device_id may repeat: the last one stands.
  result<std::vector<bool>> import(application_id app, const std::vector<device>& values);

  // -- by push token (storage/device_tokens.cpp) --

  struct token_holder {
    std::string device_id;
    disabled_reason disabled = disabled_reason::none;
  };
  /// The device that holds the push token of this one. Errors: not_found.
  result<stored_device> holder_of(application_id app, const device& wanted);
  /// Which device holds each token. A token that nobody holds is registered as the device given; one that
  /// somebody holds stays there, disabled or not.
  result<std::vector<token_holder>> hold_tokens(application_id app, const std::vector<device>& values);

  /// Reads enabled devices with `after < key <= last` in key order. The row's views die when `visit` returns.
  result<page_end> scan(application_id app, device_key after, device_key last, const page_bounds& bounds,
                        const std::function<void(const device_row&)>& visit);
  /// How the devices that may meet a condition (segments written out) are found most cheaply.
  result<device_plan> plan(application_id app, const condition& where);
  /// scan() over the devices that the plan leaves. A plan that cannot be used any more becomes a scan.
  result<page_end> read(application_id app, device_plan& plan, device_key after, device_key last,
                        const page_bounds& bounds, const std::function<void(const device_row&)>& visit);
  /// The same for those that need all of a device: `visit` gets each that `wanted` takes.
  result<page_end> scan_whole(application_id app, device_key after, device_key last,
                              const page_bounds& bounds, const std::function<bool(const device_row&)>& wanted,
                              const std::function<void(stored_device&&)>& visit);
  /// The same over the enabled devices that bear one of these ids (at most 10,000), in key order.
  result<page_end> scan_device_ids(application_id app, const std::vector<std::string>& ids, device_key after,
                                   device_key last, const page_bounds& bounds,
                                   const std::function<void(const device_row&)>& visit);
  result<page_end> scan_user_ids(application_id app, const std::vector<std::string>& ids, device_key after,
                                 device_key last, const page_bounds& bounds,
                                 const std::function<void(const device_row&)>& visit);
  /// Devices by key, in key order; those that are gone are left out. At most 1,000.
  result<std::vector<stored_device>> load(application_id app, const std::vector<device_key>& keys);
  result<device_range> range(application_id app);

 private:
  database& db_;
};

}  // namespace pusher
