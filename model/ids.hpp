// Distinct types for the ids that rows carry, so that one is never passed for another.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pusher {

/// A row id of MariaDB (BIGINT UNSIGNED); 0 = none.
template <class Tag>
struct row_id {
  uint64_t value = 0;

  explicit operator bool() const { return value != 0; }
  friend bool operator==(row_id a, row_id b) { return a.value == b.value; }
  friend bool operator!=(row_id a, row_id b) { return a.value != b.value; }
  friend bool operator<(row_id a, row_id b) { return a.value < b.value; }
};

using application_id = row_id<struct application_tag>;
/// Internal key of a device. Clients know a device by its device_id, a string of their own choice.
using device_key = row_id<struct device_tag>;
/// Internal key of a notification. Clients know it by its public id (UUIDv7).
using notification_key = row_id<struct notification_tag>;
using api_key_id = row_id<struct api_key_tag>;

/// A fresh UUIDv7 (RFC 9562) as 36 lower-case characters.
std::string make_uuid_v7();

/// Whether the text has the form of a UUID in lower case.
bool is_uuid(const std::string& text);

}  // namespace pusher

template <class Tag>
struct std::hash<pusher::row_id<Tag>> {
  size_t operator()(pusher::row_id<Tag> id) const noexcept { return std::hash<uint64_t>{}(id.value); }
};
