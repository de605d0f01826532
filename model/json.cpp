#include "model/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <vector>

#include "model/limits.hpp"

namespace pusher::json {

namespace {

constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                           rapidjson::kParseFullPrecisionFlag;

/// Refuses nesting that is too deep before any of it is built.
struct depth_guard : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, depth_guard> {
  size_t depth = 0;
  bool Default() { return true; }
  bool StartObject() { return ++depth <= limits::json_depth; }
  bool StartArray() { return ++depth <= limits::json_depth; }
  bool EndObject(rapidjson::SizeType) { return --depth, true; }
  bool EndArray(rapidjson::SizeType) { return --depth, true; }
};

error malformed(std::string detail) {
  return {errc::malformed_json, std::move(detail), "", 0};
}

/// The first name that an object holds twice, or nothing. Depth is bounded, so recursion is too.
const rapidjson::Value* repeated_name(const rapidjson::Value& value) {
  if (value.IsArray()) {
    for (const auto& each : value.GetArray())
      if (const auto* found = repeated_name(each)) return found;
    return nullptr;
  }
  if (!value.IsObject()) return nullptr;
  std::vector<const rapidjson::Value*> names;
  names.reserve(value.MemberCount());
  for (const auto& member : value.GetObject()) {
    names.push_back(&member.name);
    if (const auto* found = repeated_name(member.value)) return found;
  }
  auto less = [](const auto* a, const auto* b) { return view(*a) < view(*b); };
  auto same = [](const auto* a, const auto* b) { return view(*a) == view(*b); };
  std::sort(names.begin(), names.end(), less);
  auto twice = std::adjacent_find(names.begin(), names.end(), same);
  return twice == names.end() ? nullptr : *twice;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

result<rapidjson::Document> parse(std::string_view text) {
  // The reader takes a NUL for the end of the text and would overlook what follows it.
  if (text.find('\0') != std::string_view::npos) return malformed("The body holds a NUL byte.");
  if (text.substr(0, 3) == "\xef\xbb\xbf")
    return malformed("The body begins with a byte order mark; send UTF-8 without one.");
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> input(stream);
  depth_guard guard;
  auto checked = reader.Parse<flags>(input, guard);
  if (checked.IsError()) {
    if (checked.Code() == rapidjson::kParseErrorTermination)
      return malformed("The JSON is nested deeper than " + std::to_string(limits::json_depth) + " levels.");
    return malformed(
        "The body is not valid JSON: " + std::string(rapidjson::GetParseError_En(checked.Code())) +
        " At byte " + std::to_string(checked.Offset()) + ".");
  }
  rapidjson::Document document;
  document.Parse<flags>(text.data(), text.size());
  if (const auto* twice = repeated_name(document))
    return malformed("The name \"" + std::string(view(*twice).substr(0, 64)) +
                     "\" stands twice in one object.");
  return document;
}

std::string pointer(const std::string& base, std::string_view key) {
  std::string made = base + "/";
  for (char c : key) {
    if (c == '~')
      made += "~0";
    else if (c == '/')
      made += "~1";
    else
      made += c;
  }
  return made;
}

std::string pointer(const std::string& base, size_t index) {
  return base + "/" + std::to_string(index);
}

std::string to_text(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string_view nearest(std::string_view name, const std::string_view* known, size_t count) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (size_t i = 0; i < count; ++i) {
    // A long name cannot be near a short one; this also bounds the work that a hostile name can cause.
    if (name.size() > known[i].size() + best_distance) continue;
    auto distance = edit_distance(name, known[i]);
    if (distance < best_distance) {
      best = known[i];
      best_distance = distance;
    }
  }
  return best;
}

void merge_patch(rapidjson::Value& into, const rapidjson::Value& patch,
                 rapidjson::Document::AllocatorType& memory) {
  if (!into.IsObject()) into.SetObject();
  for (auto& change : patch.GetObject()) {
    auto found = into.FindMember(change.name);
    if (change.value.IsNull()) {
      if (found != into.MemberEnd()) into.EraseMember(found);
      continue;
    }
    if (found == into.MemberEnd()) {
      rapidjson::Value name(change.name, memory);
      into.AddMember(name, rapidjson::Value(), memory);
      found = into.FindMember(change.name);
    }
    if (change.value.IsObject())
      merge_patch(found->value, change.value, memory);
    else
      found->value.CopyFrom(change.value, memory);
  }
}

}  // namespace pusher::json
