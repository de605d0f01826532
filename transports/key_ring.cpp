#include "transports/key_ring.hpp"

#include <algorithm>

#include "model/device.hpp"
#include "model/hex.hpp"

namespace pusher {

namespace {

constexpr size_t id_bytes = 6;

std::string id_of(const seal_key& key) {
  std::string text = "pusher secrets key ";
  text.append(reinterpret_cast<const char*>(key.data()), key.size());
  auto digest = sha256(text);
  return to_hex(digest).substr(0, 2 * id_bytes);
}

}  // namespace

key_ring::key_ring(std::vector<seal_key> keys) : keys_(std::move(keys)) {
  for (const auto& each : keys_)
    ids_.push_back(id_of(each));
}

bool key_ring::holds(std::string_view id) const {
  return std::find(ids_.begin(), ids_.end(), id) != ids_.end();
}

result<std::string> key_ring::seal(std::string_view text, std::string_view context) const {
  auto sealed = pusher::seal(keys_.front(), text, context);
  if (sealed.empty()) return error{errc::internal, "cannot seal a credential", "", 0};
  return id() + "." + sealed;
}

result<std::string> key_ring::open(std::string_view sealed, std::string_view context) const {
  auto id = sealing_key_of(sealed);
  auto found = std::find(ids_.begin(), ids_.end(), id);
  if (found == ids_.end())
    return error{errc::secrets_key_mismatch,
                 "It is sealed by the key " + std::string(id) + ", and this node's secrets.key_file has " +
                     ids_.front() + ": every node needs the same file.",
                 "", 60};
  auto text = unseal(keys_[static_cast<size_t>(found - ids_.begin())], sealed.substr(id.size() + 1), context);
  if (!text) return error{errc::corrupt_data, "a sealed credential was changed or moved", "", 0};
  return *std::move(text);
}

std::string_view sealing_key_of(std::string_view sealed) {
  return sealed.substr(0, std::min(sealed.find('.'), sealed.size()));
}

}  // namespace pusher
