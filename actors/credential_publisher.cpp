#include "actors/credential_publisher.hpp"

namespace pusher {

result<void> publish_credentials(const credential_snapshot& snapshot, journal& to, uint64_t epoch) {
  std::vector<std::pair<std::string, std::string>> sealed;
  for (const auto& each : snapshot.active)
    sealed.emplace_back(each.value.id, each.value.sealed);
  auto published = to.publish_credentials(epoch, snapshot.version, to_text(index_of(snapshot)), sealed);
  if (!published) return published.failure();
  if (*published == commit_status::fenced) return error{errc::fenced, "someone else leads fan-out", "", 0};
  return {};
}

}  // namespace pusher
