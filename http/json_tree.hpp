// Builds a JSON object by the places of its values: for overrides, which are nested and mostly empty.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

namespace pusher::http {

class json_tree {
 public:
  json_tree() { document_.SetObject(); }

  using path = std::initializer_list<const char*>;

  void set(path to, std::string_view text) { place(to) = copy(text); }
  void set(path to, const char* text) { set(to, std::string_view(text)); }
  void set(path to, int64_t number) { place(to).SetInt64(number); }
  void set(path to, double number) { place(to).SetDouble(number); }
  void set(path to, bool flag) { place(to).SetBool(flag); }
  void set(path to, const rapidjson::Value& value) { place(to).CopyFrom(value, memory()); }
  /// Nothing for an empty text.
  void set_text(path to, const std::string& text) {
    if (!text.empty()) set(to, std::string_view(text));
  }
  /// Lays an object over what is there, as a merge patch.
  void merge(path to, const rapidjson::Value& object);

  /// The value there, or nullptr.
  rapidjson::Value* find(path to);
  bool has(path to) const { return const_cast<json_tree*>(this)->find(to) != nullptr; }
  /// Empty when nothing was set.
  std::string text() const;

 private:
  rapidjson::Document::AllocatorType& memory() { return document_.GetAllocator(); }
  rapidjson::Value copy(std::string_view text) {
    return {text.data(), static_cast<rapidjson::SizeType>(text.size()), memory()};
  }
  /// The value there; objects on the way and a null at the end come into being.
  rapidjson::Value& place(path to);

  rapidjson::Document document_;
};

}  // namespace pusher::http
