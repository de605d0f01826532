// Writes JSON answers straight into text, without a document in between.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/clock.hpp"

namespace pusher::http {

class json_text {
 public:
  void open() { writer_.StartObject(); }
  void close() { writer_.EndObject(); }
  void open_list() { writer_.StartArray(); }
  void close_list() { writer_.EndArray(); }

  void key(std::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void value(std::string_view text) {
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }

  void field(std::string_view name, std::string_view text) {
    key(name);
    value(text);
  }
  void field(std::string_view name, const std::string& text) { field(name, std::string_view(text)); }
  void field(std::string_view name, const char* text) { field(name, std::string_view(text)); }
  void field(std::string_view name, const std::optional<std::string>& text) {
    if (text) field(name, std::string_view(*text));
  }
  void field(std::string_view name, bool flag) {
    key(name);
    writer_.Bool(flag);
  }
  void field(std::string_view name, int number) {
    key(name);
    writer_.Int(number);
  }
  void field(std::string_view name, uint32_t number) {
    key(name);
    writer_.Uint(number);
  }
  void field(std::string_view name, uint64_t number) {
    key(name);
    writer_.Uint64(number);
  }
  void field(std::string_view name, double number) {
    key(name);
    writer_.Double(number);
  }
  void integer(std::string_view name, int64_t number) {
    key(name);
    writer_.Int64(number);
  }
  void null(std::string_view name) {
    key(name);
    writer_.Null();
  }
  /// RFC 3339, or nothing for 0.
  void time(std::string_view name, utc_ms at) {
    if (at != 0) field(name, to_rfc3339(at));
  }
  /// JSON that is known to be well-formed; nothing for an empty text.
  void raw(std::string_view name, std::string_view json) {
    if (json.empty()) return;
    key(name);
    raw_value(json);
  }
  void raw_value(std::string_view json) {
    writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  }

  std::string take() { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace pusher::http
