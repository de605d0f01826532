#include "model/segment.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace pusher {

namespace {

constexpr size_t name_bytes = 64;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

/// Writes segments out from the innermost to the outermost; each is read once.
class segment_writer {
 public:
  segment_writer(const segment_source& source, const std::string& pointer)
      : source_(source), pointer_(pointer) {}

  result<condition> write(const condition& from) {
    for (const auto& name : from.segments())
      if (auto added = add(name); !added) return added.failure();
    return from.with_segments(done_, pointer_);
  }

 private:
  result<void> add(const std::string& name) {
    if (done_.count(name)) return {};
    if (std::find(path_.begin(), path_.end(), name) != path_.end()) return circle(name);
    auto found = source_(name);
    if (!found) return found.failure();
    if (!*found) return {};  // the one who uses it will say so, and where
    path_.push_back(name);
    auto written = write(**found);
    path_.pop_back();
    if (!written) return inside(name, written.failure());
    done_.emplace(name, std::move(*written));
    return {};
  }

  error circle(const std::string& name) {
    circular_ = true;
    std::string way;
    for (auto at = std::find(path_.begin(), path_.end(), name); at != path_.end(); ++at)
      way += "\"" + *at + "\" uses ";
    return {errc::invalid_condition, "Segments cannot go in a circle: " + way + "\"" + name + "\".", pointer_,
            0};
  }

  /// A fault within a segment has no place in the caller's text.
  error inside(const std::string& name, error why) const {
    if (why.code != errc::invalid_condition) return why;
    why.pointer = pointer_;
    if (!circular_) why.detail = "In segment \"" + name + "\": " + why.detail;
    return why;
  }

  const segment_source& source_;
  const std::string& pointer_;
  std::map<std::string, condition> done_;
  std::vector<std::string> path_;
  bool circular_ = false;
};

}  // namespace

result<void> check_segment_name(std::string_view name) {
  if (!name.empty() && name.size() <= name_bytes && std::all_of(name.begin(), name.end(), is_name_character))
    return {};
  return error{
      errc::invalid_field,
      "A segment's name has 1 to " + std::to_string(name_bytes) + " letters, digits, \"_\", \"-\" and \".\".",
      "", 0};
}

result<condition> write_segments_out(const condition& from, const segment_source& source,
                                     const std::string& pointer) {
  return segment_writer(source, pointer).write(from);
}

}  // namespace pusher
