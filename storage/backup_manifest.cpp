#include "storage/backup_manifest.hpp"

#include <algorithm>
#include <filesystem>

#include <rapidjson/prettywriter.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

constexpr uint64_t format = 1;
constexpr size_t digest_digits = 64;

using writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void text(writer& to, const std::string& value) {
  to.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void member(writer& to, const char* name, const std::string& value) {
  to.Key(name);
  text(to, value);
}

void member(writer& to, const char* name, uint64_t value) {
  to.Key(name);
  to.Uint64(value);
}

template <class List, class Write>
void list(writer& to, const char* name, const List& from, Write write) {
  to.Key(name);
  to.StartArray();
  for (const auto& each : from)
    write(each);
  to.EndArray();
}

error damaged(const std::string& what) {
  return {errc::corrupt_data, "The backup's manifest.json is damaged: " + what + ". Take another backup.", "",
          0};
}

/// Whether it stays below the directory that it is relative to.
bool stays_inside(const std::string& path) {
  std::filesystem::path given(path);
  return !path.empty() && given.is_relative() && given.lexically_normal() == given &&
         std::none_of(given.begin(), given.end(),
                      [](const auto& each) { return each == ".." || each == "."; });
}

}  // namespace

uint64_t backup_manifest::bytes() const {
  uint64_t sum = 0;
  for (const auto& each : parts)
    sum += each.bytes;
  return sum;
}

std::string to_json(const backup_manifest& manifest) {
  rapidjson::StringBuffer buffer;
  writer to(buffer);
  to.SetIndent(' ', 2);
  to.StartObject();
  member(to, "format", format);
  member(to, "created_at", to_rfc3339(manifest.created_at));
  member(to, "pusher_version", manifest.pusher_version);
  member(to, "schema_version", manifest.schema_version);
  member(to, "mariadb_version", manifest.mariadb_version);
  member(to, "cluster", manifest.cluster);
  member(to, "bytes", manifest.bytes());
  list(to, "not_included", manifest.not_included, [&to](const std::string& each) { text(to, each); });
  list(to, "parts", manifest.parts, [&to](const backup_manifest::part& each) {
    to.StartObject();
    member(to, "path", each.path);
    member(to, "bytes", each.bytes);
    member(to, "sha256", each.sha256);
    to.EndObject();
  });
  list(to, "links", manifest.links, [&to](const backup_manifest::link& each) {
    to.StartObject();
    member(to, "path", each.path);
    member(to, "target", each.target);
    to.EndObject();
  });
  to.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

result<backup_manifest> parse_manifest(const std::string& from) {
  auto read = json::parse(from);
  if (!read) return damaged(read.failure().detail);
  const auto& root = *read;
  auto made_as = json::number_at(root, "format");
  if (made_as > format)
    return error{errc::invalid_configuration,
                 "The backup has format " + std::to_string(made_as) + ", this program knows " +
                     std::to_string(format) + ": install the newer program.",
                 "", 0};
  auto created = parse_rfc3339(json::view_at(root, "created_at"));
  if (made_as == 0 || !created) return damaged("it has no format or no created_at");
  backup_manifest found;
  found.created_at = *created;
  found.pusher_version = json::text_at(root, "pusher_version");
  found.mariadb_version = json::text_at(root, "mariadb_version");
  found.schema_version = json::number_at(root, "schema_version");
  found.cluster = json::text_at(root, "cluster");
  json::each_at(root, "not_included", [&found](const auto& each) {
    found.not_included.emplace_back(each.IsString() ? each.GetString() : "");
  });
  json::each_at(root, "parts", [&found](const auto& each) {
    found.parts.push_back(
        {json::text_at(each, "path"), json::number_at(each, "bytes"), json::text_at(each, "sha256")});
  });
  json::each_at(root, "links", [&found](const auto& each) {
    found.links.push_back({json::text_at(each, "path"), json::text_at(each, "target")});
  });
  if (found.schema_version == 0 || found.parts.empty())
    return damaged("it has no schema_version or no parts");
  for (const auto& each : found.parts)
    if (!stays_inside(each.path) || each.sha256.size() != digest_digits)
      return damaged("the part \"" + each.path + "\" is none");
  for (const auto& each : found.links)
    if (!stays_inside(each.path) || !stays_inside(each.target))
      return damaged("the link \"" + each.path + "\" is none");
  if (found.bytes() != json::number_at(root, "bytes")) return damaged("its sizes do not add up");
  return found;
}

}  // namespace pusher
