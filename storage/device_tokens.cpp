// The part of the device store that finds devices by their push tokens.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "storage/device_registration.hpp"
#include "storage/device_rows.hpp"
#include "storage/device_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t list_length = 1000;
constexpr int registration_tries = 4;

using token_key = std::tuple<gateway, environment, sha256_digest>;
using holders = std::map<token_key, device_store::token_holder>;

token_key key_of(const device& value) {
  return {value.gateway, value.environment, sha256(value.push_token)};
}

result<void> find_holders_among(database::connection& on, application_id app, gateway gateway,
                                environment environment, const std::vector<sha256_digest>& hashes,
                                holders& into) {
  for (size_t from = 0; from < hashes.size(); from += list_length) {
    auto to = std::min(from + list_length, hashes.size());
    sql_parameters parameters{app, static_cast<unsigned>(gateway), static_cast<unsigned>(environment)};
    add_padded(parameters, hashes.begin() + static_cast<long>(from), hashes.begin() + static_cast<long>(to));
    auto read = on.query(
        "finding holders of tokens",
        "SELECT token_hash, device_id, disabled FROM devices FORCE INDEX (by_token) WHERE application_id = ? "
        "AND gateway = ? AND environment = ? AND token_hash IN (" +
            placeholders(to - from) + ")",
        parameters, [&](const sql_row& row) {
          sha256_digest hash{};
          auto bytes = row.text(0);
          if (bytes.size() != hash.size()) return;
          std::copy(bytes.begin(), bytes.end(), hash.begin());
          into[{gateway, environment, hash}] = {std::string(row.text(1)),
                                                static_cast<disabled_reason>(row.number(2))};
        });
    if (!read) return read.failure();
  }
  return {};
}

result<holders> find_holders(database& db, application_id app, const std::vector<device>& values) {
  std::map<std::pair<gateway, environment>, std::set<sha256_digest>> groups;
  for (const auto& each : values)
    groups[{each.gateway, each.environment}].insert(sha256(each.push_token));
  return with_connection(db, [&](database::connection& on) -> result<holders> {
    holders found;
    for (const auto& [kind, hashes] : groups) {
      std::vector<sha256_digest> list(hashes.begin(), hashes.end());
      if (auto read = find_holders_among(on, app, kind.first, kind.second, list, found); !read)
        return read.failure();
    }
    return found;
  });
}

/// Those whose token nobody holds, each token once.
std::vector<device> unheld(const std::vector<device>& values, const holders& found) {
  std::vector<device> rest;
  std::set<token_key> seen;
  for (const auto& each : values)
    if (auto key = key_of(each); found.count(key) == 0 && seen.insert(key).second) rest.push_back(each);
  return rest;
}

}  // namespace

result<stored_device> device_store::holder_of(application_id app, const device& wanted) {
  static const std::string sql = "SELECT " + stored_device_columns +
                                 " FROM devices FORCE INDEX (by_token) WHERE application_id = ? AND gateway "
                                 "= ? AND environment = ? AND token_hash = ?";
  return with_connection(db_, [&](database::connection& on) -> result<stored_device> {
    auto hash = sha256(wanted.push_token);
    stored_device found;
    auto read = on.query(
        "finding the holder of a token", sql,
        {app, static_cast<unsigned>(wanted.gateway), static_cast<unsigned>(wanted.environment), hash},
        [&](const sql_row& row) { found = read_stored_device(row); });
    if (!read) return read.failure();
    if (*read == 0) return error{errc::not_found, "No device holds this push token", "", 0};
    return found;
  });
}

result<std::vector<device_store::token_holder>> device_store::hold_tokens(application_id app,
                                                                          const std::vector<device>& values) {
  for (int attempt = 1; attempt <= registration_tries; ++attempt) {
    auto found = find_holders(db_, app, values);
    if (!found) return found.failure();
    auto fresh = unheld(values, *found);
    if (fresh.empty()) {
      std::vector<token_holder> all;
      for (const auto& each : values)
        all.push_back(found->at(key_of(each)));
      return all;
    }
    // Somebody may register one of them at this moment: a token must not be taken from its true device, so
    // the registration gives way and the next look finds the holder.
    auto registered = transact(
        db_,
        [&](database::connection& on) {
          return device_registration(on, app, fresh, held_token::is_refused).run();
        },
        repeats::on_duplicate_too);
    if (!registered && registered.failure().code != errc::conflict) return registered.failure();
  }
  return error{errc::store_unavailable, "Others kept registering the same tokens at the same time", "", 1};
}

}  // namespace pusher
