#include "storage/feed_codec.hpp"

#include "storage/byte_codec.hpp"

namespace pusher {

namespace {

constexpr char feed_mark = 'F', version = 1;

bool names_another(event_type type) {
  return type == event_type::token_moved_in || type == event_type::token_moved_out;
}

}  // namespace

std::string encode(const std::vector<feed_group>& groups) {
  size_t subjects = 0;
  for (const auto& group : groups)
    subjects += group.subjects.size();
  byte_writer out(feed_mark, version, 16 + groups.size() * 16 + subjects * 3);
  out.number(groups.size());
  for (const auto& group : groups) {
    out.byte(static_cast<uint8_t>(group.type));
    out.number(group.notification.value);
    out.number(group.subjects.size());
    // Mostly in the order of their keys, and near each other.
    uint64_t before = 0;
    for (const auto& each : group.subjects) {
      out.difference(static_cast<int64_t>(each.device.value - before));
      before = each.device.value;
      if (names_another(group.type)) out.number(each.other.value);
    }
  }
  return out.take();
}

result<std::vector<feed_group>> decode_feed(std::string_view bytes) {
  byte_reader in(bytes, feed_mark, version);
  std::vector<feed_group> groups(in.count(3));
  for (auto& group : groups) {
    auto type = event_type_from_number(in.byte());
    if (!type) in.fail();
    group.type = type.value_or(event_type::unknown);
    group.notification = {in.number()};
    group.subjects.resize(in.count(1));
    uint64_t before = 0;
    for (auto& each : group.subjects) {
      each.device = {before + static_cast<uint64_t>(in.difference())};
      before = each.device.value;
      if (names_another(group.type)) each.other = {in.number()};
    }
  }
  if (!in.finished()) return error{errc::corrupt_data, "a row of the feed is not readable", "", 0};
  return groups;
}

}  // namespace pusher
