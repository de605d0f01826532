#include "transports/key_ring.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

seal_key key_of(uint8_t byte) {
  seal_key made{};
  made.fill(byte);
  return made;
}

}  // namespace

TEST_CASE("what a ring seals it opens, in the same context alone") {
  key_ring ring({key_of(1)});
  auto sealed = ring.seal("a secret", "credential 1");
  REQUIRE(sealed);
  CHECK(sealed->find("secret") == std::string::npos);
  CHECK(*ring.open(*sealed, "credential 1") == "a secret");
  CHECK(ring.open(*sealed, "credential 2").failure().code == errc::corrupt_data);
  CHECK(*ring.seal("a secret", "credential 1") != *sealed);  // a fresh nonce each time
}

TEST_CASE("a ring opens what older keys sealed, and seals with the first") {
  key_ring old({key_of(1)});
  auto sealed = *old.seal("a secret", "");
  key_ring both({key_of(2), key_of(1)});
  CHECK(*both.open(sealed, "") == "a secret");
  CHECK(both.holds(old.id()));
  CHECK(both.id() != old.id());
  auto fresh = *both.seal("a secret", "");
  CHECK(sealing_key_of(fresh) == both.id());
  key_ring only({key_of(2)});
  CHECK(*only.open(fresh, "") == "a secret");
}

TEST_CASE("what another key sealed is told from what was changed, by the ids of both keys") {
  key_ring ring({key_of(1)}), stranger({key_of(3)});
  auto sealed = *ring.seal("a secret", "");
  auto refused = stranger.open(sealed, "");
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == errc::secrets_key_mismatch);
  CHECK(refused.failure().detail.find(ring.id()) != std::string::npos);
  CHECK(refused.failure().detail.find(stranger.id()) != std::string::npos);
  auto changed = sealed;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  CHECK(ring.open(changed, "").failure().code == errc::corrupt_data);
  CHECK(ring.open("", "").failure().code == errc::secrets_key_mismatch);
}
