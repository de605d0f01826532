// Devices of an engine for tests of the routes, in memory.
#pragma once

#include "fake_access.hpp"

class fake_devices : public fake_access {
 public:
  std::map<std::string, pusher::stored_device> devices;
  int imports = 0;
  std::string poison;  ///< a device_id that no batch takes

  result<pusher::http::registered_device> put_device(application_id, const pusher::device& value) override {
    if (fails) return *fails;
    bool created = devices.count(value.device_id) == 0;
    auto& stored = devices[value.device_id];
    stored.value = value;
    stored.created_at = 1'000;
    return pusher::http::registered_device{created, stored};
  }
  result<std::vector<pusher::http::registered_device>> put_devices(
      application_id app, const std::vector<pusher::device>& values) override {
    ++batches;
    std::vector<pusher::http::registered_device> stored;
    for (const auto& each : values)
      if (each.device_id == poison) return failure(pusher::errc::internal, "This row cannot be stored.");
    for (const auto& each : values) {
      auto one = put_device(app, each);
      if (!one) return one.failure();
      stored.push_back(std::move(*one));
    }
    return stored;
  }
  result<std::vector<bool>> delete_devices(application_id app, const std::vector<std::string>& ids) override {
    ++batches;
    if (fails) return *fails;
    std::vector<bool> was_there;
    for (const auto& id : ids)
      was_there.push_back(delete_device(app, id).ok());
    return was_there;
  }
  result<pusher::stored_device> get_device(application_id, const std::string& device_id) override {
    auto found = devices.find(device_id);
    if (found == devices.end()) return failure(pusher::errc::not_found, "There is no such device.");
    return found->second;
  }
  result<pusher::stored_device> patch_device(
      application_id app, const std::string& device_id,
      const std::function<result<void>(pusher::device&)>& change) override {
    auto found = get_device(app, device_id);
    if (!found) return found;
    if (auto changed = change(found->value); !changed) return changed.failure();
    return devices[device_id] = *found;
  }
  result<void> delete_device(application_id, const std::string& device_id) override {
    if (devices.erase(device_id) == 0) return failure(pusher::errc::not_found, "There is no such device.");
    return {};
  }
  result<pusher::stored_device> find_token(application_id, const pusher::device& wanted) override {
    for (const auto& [id, each] : devices)
      if (each.value.gateway == wanted.gateway && each.value.environment == wanted.environment &&
          each.value.push_token == wanted.push_token)
        return each;
    return failure(pusher::errc::not_found, "No device holds this push token.");
  }
  result<std::vector<pusher::http::token_holder>> hold_tokens(
      application_id app, const std::vector<pusher::device>& values) override {
    if (fails) return *fails;
    std::vector<pusher::http::token_holder> holders;
    for (const auto& each : values) {
      auto held = find_token(app, each);
      if (!held) put_device(app, each).ok();
      holders.push_back({held ? held->value.device_id : each.device_id,
                         held && held->disabled == pusher::disabled_reason::unregistered});
    }
    return holders;
  }
  result<std::vector<bool>> import_devices(application_id app,
                                           const std::vector<pusher::device>& values) override {
    ++imports;
    if (fails) return *fails;
    std::vector<bool> created;
    for (const auto& each : values)
      created.push_back(put_device(app, each)->created);
    return created;
  }
  result<pusher::http::page<pusher::stored_device>> search_devices(
      application_id, const pusher::http::device_filter&,
      const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::stored_device> page;
    for (const auto& [id, each] : devices)
      page.items.push_back(each);
    page.next = next;
    return page;
  }
  result<pusher::http::device_count> count_devices(application_id,
                                                   const pusher::http::device_filter&) override {
    return pusher::http::device_count{devices.size(), devices.size(), "scan", "", 0};
  }
  result<pusher::http::export_range> begin_export(application_id, const pusher::http::device_filter& which,
                                                  const std::optional<std::string>& after) override {
    if (fails) return *fails;
    if (after && devices.count(*after) == 0)
      return failure(pusher::errc::not_found, "There is no such device.");
    return pusher::http::export_range{{0}, {devices.size()}, 0, which.where};
  }
  /// Two devices a page; keys are places in the order of the ids.
  result<pusher::http::exported_devices> export_devices(application_id,
                                                        const pusher::http::export_range& range) override {
    if (fails) return *fails;
    pusher::http::exported_devices page;
    page.reached = range.after;
    uint64_t place = 0;
    for (const auto& [id, each] : devices) {
      if (++place <= range.after.value || page.devices.size() == 2) continue;
      page.devices.push_back(each.value);
      page.reached.value = place;
    }
    page.at_end = !(page.reached < range.last);
    return page;
  }
  result<pusher::http::page<pusher::stored_device>> list_user_devices(
      application_id app, const std::string&, const pusher::http::page_request& request) override {
    return search_devices(app, {}, request);
  }
};
