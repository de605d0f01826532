#include <algorithm>

#include "model/condition.hpp"
#include "model/condition_faults.hpp"
#include "model/condition_node.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

using namespace condition_faults;
using node = condition::node;

/// Writes segments out, and holds the result to the same limits.
class expansion {
 public:
  explicit expansion(const std::map<std::string, condition>& known) : known_(known) {}

  result<node> expand(const node& of, const std::string& pointer, size_t depth) {
    if (of.type == node::kind::segment) {
      auto found = known_.find(of.name);
      auto at = json::pointer(pointer, "segment");
      if (found == known_.end()) return wrong(at, "There is no segment " + quoted(of.name) + ".");
      inside_ = inside_.empty() ? at : inside_;
      auto written = expand(found->second.root(), pointer, depth);
      if (inside_ == at) inside_.clear();
      return written;
    }
    const auto& where = inside_.empty() ? pointer : inside_;
    if (depth > limits::condition_depth) return with_segments(too_deep(where));
    bool list = of.type == node::kind::all || of.type == node::kind::any;
    if (!list && of.type != node::kind::negation) {
      if (++leaves_ > limits::condition_leaves) return with_segments(too_many(where));
      return of;
    }
    node made;
    made.type = of.type;
    auto inner = json::pointer(pointer, list ? (of.type == node::kind::all ? "all" : "any") : "not");
    for (size_t i = 0; i < of.children.size(); ++i) {
      auto child = expand(of.children[i], list ? json::pointer(inner, i) : inner, depth + 1);
      if (!child) return child.failure();
      made.children.push_back(std::move(*child));
    }
    return made;
  }

 private:
  static error with_segments(error why) {
    why.detail += " Its segments count as if they were written out.";
    return why;
  }

  const std::map<std::string, condition>& known_;
  std::string inside_;  ///< pointer to the reference that is being written out; empty = none
  size_t leaves_ = 0;
};

void collect_segments(const node& of, std::vector<std::string>& into) {
  if (of.type == node::kind::segment) into.push_back(of.name);
  for (const auto& child : of.children)
    collect_segments(child, into);
}

void collect_needs(const node& of, condition::needs& into) {
  using kind = node::kind;
  bool always_read = of.attribute == attribute::platform || of.attribute == attribute::gateway;
  into.properties = into.properties || of.type == kind::property;
  into.attributes =
      into.attributes || of.type == kind::cohort || (of.type == kind::attribute && !always_read);
  for (const auto& child : of.children)
    collect_needs(child, into);
}

}  // namespace

condition::needs condition::looks_at() const {
  needs found;
  collect_needs(*root_, found);
  return found;
}

std::vector<std::string> condition::segments() const {
  std::vector<std::string> names;
  collect_segments(*root_, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

result<condition> condition::with_segments(const std::map<std::string, condition>& known,
                                           const std::string& pointer) const {
  auto written = expansion(known).expand(*root_, pointer, 1);
  if (!written) return std::move(written).failure();
  condition made(std::make_shared<const node>(std::move(*written)));
  if (made.to_json().size() > limits::condition_bytes) return too_long(pointer);
  return made;
}

}  // namespace pusher
