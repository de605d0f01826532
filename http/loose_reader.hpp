// Reads a JSON object as services written in Go do: fields that nobody asks for are ignored, a null counts as
// absent, a wrong type is a fault.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <rapidjson/document.h>

#include "model/result.hpp"

namespace pusher::http {

/// After the first fault every read gives nothing, and `fault` tells of it.
class loose_reader {
 public:
  loose_reader(const rapidjson::Value& object, std::string pointer);

  /// Without the field, or when it is empty: an empty text.
  std::string text(const char* name);
  std::optional<int64_t> number(const char* name);
  std::optional<double> decimal(const char* name);
  bool flag(const char* name);
  std::vector<std::string> texts(const char* name);
  const rapidjson::Value* object(const char* name);
  /// Any value; nullptr when it is absent.
  const rapidjson::Value* any(const char* name);

  void fail(const char* name, std::string detail);
  const std::optional<error>& fault() const { return fault_; }

 private:
  const rapidjson::Value& object_;
  const std::string pointer_;
  std::optional<error> fault_;
};

}  // namespace pusher::http
