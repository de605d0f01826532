// The fields of FCM HTTP v1's send request and their types, as tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pusher::emulator {

enum class field_type : uint8_t {
  text,
  boolean,
  int32,
  number,
  text_list,
  text_map,
  data_map,     ///< text_map without reserved keys
  object,       ///< of its own table
  free_object,  ///< any JSON object
  duration,     ///< "3.5s"
  duration_list,
  ttl,        ///< duration of at most four weeks
  timestamp,  ///< RFC 3339
  color,      ///< #rrggbb
  label,      ///< analytics label
  topic,      ///< name without /topics/
  priority,
  notification_priority,
  visibility,
  proxy
};

struct field;

struct schema {
  const field* fields;
  size_t count;
};

struct field {
  std::string_view name;  ///< in snake_case; the lowerCamelCase spelling is accepted as well, as by Google
  field_type type;
  const schema* members = nullptr;  ///< with field_type::object
};

/// The whole request body: {validate_only, message}.
extern const schema send_request_schema;

/// The field of that name, or null.
const field* find_field(const schema& of, std::string_view name);

/// Whether a string has the form that its type demands.
bool well_formed(field_type type, std::string_view text);

/// What the type is called in Google's error messages.
std::string_view name_of(field_type type);

bool reserved_data_key(std::string_view key);

}  // namespace pusher::emulator
