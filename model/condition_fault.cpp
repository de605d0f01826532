#include "model/condition_fault.hpp"

#include "model/json.hpp"

namespace pusher {

namespace {

/// Works on the condition's canonical text: what each part of it means is judged as the whole is.
class search {
 public:
  search(device_reader& device, utc_ms as_of) : device_(device), as_of_(as_of) {}

  std::optional<unmet_part> in(const rapidjson::Value& part, const std::string& pointer) {
    if (met(part)) return std::nullopt;
    if (auto all = part.FindMember("all"); all != part.MemberEnd()) {
      for (rapidjson::SizeType i = 0; i < all->value.Size(); ++i)
        if (auto found = in(all->value[i], json::pointer(pointer + "/all", i))) return found;
    } else if (auto any = part.FindMember("any"); any != part.MemberEnd()) {
      if (any->value.Size() == 1) return in(any->value[0], pointer + "/any/0");
    } else if (auto negated = part.FindMember("not"); negated != part.MemberEnd()) {
      return unmet_part{pointer + "/not", json::to_text(negated->value), true};
    }
    return unmet_part{pointer, json::to_text(part), false};
  }

 private:
  bool met(const rapidjson::Value& part) {
    auto parsed = condition::parse(part);
    return parsed && parsed->matches(device_, as_of_);
  }

  device_reader& device_;
  const utc_ms as_of_;
};

}  // namespace

std::optional<unmet_part> find_unmet_part(const condition& of, device_reader& device, utc_ms as_of) {
  auto document = json::parse(of.to_json());
  if (!document) return std::nullopt;
  return search(device, as_of).in(*document, "");
}

}  // namespace pusher
