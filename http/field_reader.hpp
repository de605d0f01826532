// Reads the fields of a JSON object from a client: typed, each at most once, and none that is not asked for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <rapidjson/document.h>

#include "model/result.hpp"

namespace pusher::http {

/// After the first fault every read gives nothing, and `finish` returns that fault. Fields may be absent
/// unless they are required.
class field_reader {
 public:
  field_reader(const rapidjson::Value& object, std::string pointer);

  /// Longest and shortest text in bytes; control characters are refused unless `multiline`.
  struct text_rule {
    size_t most = 4096;
    size_t least = 0;
    bool multiline = false;
  };
  std::optional<std::string> text(const char* name, const text_rule& rule);
  std::optional<int64_t> number(const char* name, int64_t least, int64_t most);
  std::optional<bool> flag(const char* name);
  const rapidjson::Value* object(const char* name);
  std::optional<std::vector<std::string>> texts(const char* name, size_t most_items, const text_rule& rule);
  std::optional<std::map<std::string, std::string>> text_map(const char* name);
  /// Any value; for fields that have a reader of their own.
  const rapidjson::Value* any(const char* name);
  /// A field that the plan has and this version has not.
  void refuse(const char* name);

  /// Fails unless the field was there (a null counts as absent).
  void require(const char* name);
  void fail(errc code, const std::string& name, std::string detail);
  /// Takes over the fault of a reader of a part.
  void fail(const error& of_part);
  std::string pointer_of(const std::string& name) const;
  /// A fault if there was one; else unknown_field when a field was not asked for.
  result<void> finish();

 private:
  const rapidjson::Value* find(const char* name);
  bool good_text(const rapidjson::Value& value, const std::string& name, const text_rule& rule);

  const rapidjson::Value& object_;
  std::string pointer_;
  std::set<std::string> asked_;
  std::optional<error> fault_;
};

}  // namespace pusher::http
