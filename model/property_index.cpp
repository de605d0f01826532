#include "model/property_index.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "model/condition_node.hpp"
#include "model/device.hpp"

namespace pusher {

namespace {

using node = condition::node;

constexpr size_t most_elements = 256;  // of a list; a longer one is not worth its entries
constexpr size_t most_values = 256;    // of a demand

// Part of every hash, so that "1", 1 and true differ. Hashes are stored: never change these.
enum class tag : char { text = 's', number = 'n', boolean = 'b', time = 't', element = 'e' };

uint64_t hash_of(tag kind, std::string_view bytes) {
  thread_local std::string text;
  text.assign(1, static_cast<char>(kind)).append(bytes);
  auto digest = sha256(text);
  uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

template <class Value>
uint64_t hash_of_bytes(tag kind, Value value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  return hash_of(kind, {bytes, sizeof value});
}

/// Numbers that compare equal have the same nearest double. Minus zero equals zero.
uint64_t hash_of_number(const number& value) {
  return hash_of_bytes(tag::number, value.real == 0 ? 0.0 : value.real);
}

index_entries entries_of(device_reader& device, const property_value& value) {
  index_entries made;
  auto& hashes = made.hashes;
  switch (value.type) {
    case property_value::kind::missing:
      break;
    case property_value::kind::text:
      hashes.push_back(hash_of(tag::text, device.text_of(value.raw, value.escaped)));
      made.open = true;
      break;
    case property_value::kind::boolean:
      hashes.push_back(hash_of_bytes(tag::boolean, value.raw == "true"));
      break;
    case property_value::kind::number:
      if (auto read = number::of(value.raw)) hashes.push_back(hash_of_number(*read));
      break;
    case property_value::kind::time:
      if (auto time = parse_rfc3339(device.text_of(value.raw, value.escaped)))
        hashes.push_back(hash_of_bytes(tag::time, *time));
      break;
    case property_value::kind::list:
      made.open = any_element(value.raw, [&](std::string_view raw, bool escaped) {
        hashes.push_back(hash_of(tag::element, device.text_of(raw, escaped)));
        return hashes.size() > most_elements;
      });
      if (made.open) hashes.clear();
      std::sort(hashes.begin(), hashes.end());
      hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
      break;
  }
  return made;
}

uint64_t hash_of_operand(const operand& value) {
  switch (value.type) {
    case operand::kind::text:
      return hash_of(tag::text, value.text);
    case operand::kind::boolean:
      return hash_of_bytes(tag::boolean, value.flag);
    case operand::kind::time:
      return hash_of_bytes(tag::time, value.time);
    case operand::kind::number:
      break;
  }
  return hash_of_number(value.number);
}

/// The demands of one node of a condition.
class analysis {
 public:
  explicit analysis(const std::vector<std::string>& names) : names_(names) {}

  demands of(const node& at) const {
    switch (at.type) {
      case node::kind::all:
        return of_all(at);
      case node::kind::any:
        return of_any(at);
      case node::kind::property:
        return of_property(at);
      case node::kind::attribute:
        return of_attribute(at);
      case node::kind::negation:
      case node::kind::cohort:
      case node::kind::segment:
        break;
    }
    return {};
  }

 private:
  demands of_all(const node& at) const {
    demands made;
    for (const auto& child : at.children) {
      auto found = of(child);
      std::move(found.values.begin(), found.values.end(), std::back_inserter(made.values));
      std::move(found.users.begin(), found.users.end(), std::back_inserter(made.users));
    }
    return made;
  }

  /// Whichever branch holds, one of its values is there: the shortest demand of each, joined.
  demands of_any(const node& at) const {
    std::optional<demand> values = demand();
    std::optional<std::vector<std::string>> users = std::vector<std::string>();
    for (const auto& child : at.children) {
      auto found = of(child);
      join(values, found.values);
      join(users, found.users);
    }
    demands made;
    if (at.children.empty()) return made;
    if (values && values->size() <= most_values) made.values.push_back(std::move(*values));
    if (users) made.users.push_back(std::move(*users));
    return made;
  }

  template <class List>
  static void join(std::optional<List>& onto, std::vector<List>& alternatives) {
    if (!onto) return;
    auto shortest = std::min_element(alternatives.begin(), alternatives.end(),
                                     [](const List& a, const List& b) { return a.size() < b.size(); });
    if (shortest == alternatives.end())
      onto.reset();
    else
      onto->insert(onto->end(), shortest->begin(), shortest->end());
  }

  demands of_property(const node& leaf) const {
    if (std::find(names_.begin(), names_.end(), leaf.name) == names_.end()) return {};
    demand values;
    if (leaf.op == comparison::eq || leaf.op == comparison::in) {
      for (const auto& each : leaf.operands)
        values.push_back({leaf.name, hash_of_operand(each), false});
    } else if (leaf.op == comparison::contains) {
      values.push_back({leaf.name, hash_of(tag::element, leaf.operands[0].text), true});
    } else {
      return {};
    }
    demands made;
    if (values.size() <= most_values) made.values.push_back(std::move(values));
    return made;
  }

  static demands of_attribute(const node& leaf) {
    if (leaf.attribute != attribute::user_id || (leaf.op != comparison::eq && leaf.op != comparison::in))
      return {};
    std::vector<std::string> users;
    for (const auto& each : leaf.operands)
      users.push_back(each.text);
    demands made;
    made.users.push_back(std::move(users));
    return made;
  }

  const std::vector<std::string>& names_;
};

}  // namespace

std::vector<index_entries> index_entries_of(std::string_view properties,
                                            const std::vector<std::string>& names) {
  std::vector<index_entries> made(names.size());
  device_reader reader;
  device_row row;
  row.properties = properties;
  reader.load(row);
  for (size_t i = 0; i < names.size(); ++i)
    made[i] = entries_of(reader, reader.property(names[i]));
  return made;
}

demands demands_of(const condition& where, const std::vector<std::string>& names) {
  return analysis(names).of(where.root());
}

}  // namespace pusher
