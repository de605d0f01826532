#include "http/etag.hpp"

#include <algorithm>
#include <optional>

#include "http/text.hpp"
#include "model/device.hpp"
#include "model/hex.hpp"

namespace pusher::http {

namespace {

constexpr std::string_view gzip_mark = "-gzip";

std::string hex_of(std::string_view content, size_t digits) {
  return to_hex(sha256(content)).substr(0, digits);
}

/// A tag as a client sent it: weak or not, without its quotes and without what gzip adds.
struct given_tag {
  bool weak = false;
  std::string_view text;
  /// Nothing when it is not a tag of ours.
  std::string_view version() const {
    auto dot = text.find('.');
    return dot == std::string_view::npos ? std::string_view() : text.substr(0, dot);
  }
};

/// Takes the next tag off a list; nothing at its end, or where it is no list of tags.
std::optional<given_tag> next_tag(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  given_tag made;
  if (list.substr(0, 2) == "W/") made.weak = true, list.remove_prefix(2);
  if (list.empty() || list.front() != '"') return std::nullopt;
  auto end = list.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  made.text = list.substr(1, end - 1);
  list.remove_prefix(end + 1);
  if (made.text.size() > gzip_mark.size() &&
      made.text.substr(made.text.size() - gzip_mark.size()) == gzip_mark)
    made.text.remove_suffix(gzip_mark.size());
  return made;
}

/// The header's value, nothing when it was not sent.
std::optional<std::string_view> header(const request& asked, const char* name) {
  auto found = asked.headers.find(name);
  if (found == asked.headers.end()) return std::nullopt;
  return trimmed(found->second);
}

template <class Holds>
bool any_tag(std::string_view list, const Holds& holds) {
  while (auto tag = next_tag(list))
    if (holds(*tag)) return true;
  return false;
}

error failed(std::string detail) {
  return {errc::precondition_failed, std::move(detail), "", 0};
}

}  // namespace

response tagged(response made, const request& asked, std::string_view version) {
  auto tag = tag_of(version, made.body);
  return tagged_as(tag, std::move(made), asked);
}

std::string tag_of(std::string_view version, std::string_view body) {
  return "\"" + std::string(version) + "." + hex_of(body, 12) + "\"";
}

response tagged_as(const std::string& tag, response made, const request& asked) {
  auto wanted = header(asked, "if-none-match");
  auto is_this = [&](const given_tag& each) {
    return each.text == std::string_view(tag).substr(1, tag.size() - 2);
  };
  bool known = wanted && asked.method == "GET" && (*wanted == "*" || any_tag(*wanted, is_this));
  made.headers.emplace_back("ETag", tag);
  if (known) {
    made.status = 304;
    made.body.clear();
  }
  return made;
}

result<void> may_change(const request& asked, std::string_view version) {
  if (auto unless = header(asked, "if-none-match"); unless && *unless == "*")
    return failed("If-None-Match: * asks that nothing is there yet, and there is something.");
  auto wanted = header(asked, "if-match");
  if (!wanted || *wanted == "*") return {};
  bool same =
      any_tag(*wanted, [&](const given_tag& each) { return !each.weak && each.version() == version; });
  if (same) return {};
  return failed("It was changed since the version that If-Match names; read it again and decide anew.");
}

result<void> may_create(const request& asked) {
  if (header(asked, "if-match"))
    return failed("If-Match asks for something that is there, and there is nothing.");
  return {};
}

std::string gzipped_tag(const std::string& tag) {
  if (tag.empty() || tag.back() != '"') return tag;
  return tag.substr(0, tag.size() - 1) + std::string(gzip_mark) + "\"";
}

std::string version_of(std::string_view content) {
  return hex_of(content, 16);
}

}  // namespace pusher::http
