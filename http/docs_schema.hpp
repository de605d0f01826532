// Schemas of the OpenAPI document as HTML: what a value is, in words, and what is in it.
#pragma once

#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace pusher::http {

class docs_schemas {
 public:
  explicit docs_schemas(const rapidjson::Value& document) : document_(document) {}

  /// What a reference leads to, or the value itself.
  const rapidjson::Value& resolved(const rapidjson::Value& value) const;
  /// What a value of the schema is, in a few words.
  std::string words(const rapidjson::Value& schema) const;
  /// The body of a media type: its schema in words, and its fields when it is written out.
  std::string described(const rapidjson::Value& content) const;
  /// All named schemas.
  std::string section() const;

 private:
  std::string fields(const rapidjson::Value& schema) const;
  std::string of_choices(const rapidjson::Value& choices) const;
  std::string of_type(const rapidjson::Value& schema, std::string_view type) const;

  const rapidjson::Value& document_;
};

}  // namespace pusher::http
