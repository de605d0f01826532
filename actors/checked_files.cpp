#include "actors/checked_files.hpp"

#include "actors/cluster_pki.hpp"
#include "storage/file_set.hpp"
#include "storage/private_directory.hpp"

namespace pusher {

namespace {

constexpr const char* link_name = "active";

bool same(const cluster_identity& a, const cluster_identity& b) {
  return a.certificate == b.certificate && a.key == b.key && a.ca == b.ca;
}

}  // namespace

checked_files::checked_files(std::string data_directory, std::optional<cluster_files> configured)
    : data_directory_(std::move(data_directory)),
      configured_(std::move(configured)),
      active_(cluster_files_in(data_directory_ + "/cluster/" + link_name)) {}

result<cluster_identity> checked_files::read() {
  if (configured_) return read_cluster_files(*configured_);
  auto own = ensure_local_pki(data_directory_);
  if (!own) return own.failure();
  return read_cluster_files(*own);
}

result<bool> checked_files::prepare() {
  auto found = read();
  if (!found) return found.failure();
  if (same(*found, current_)) {
    version_.clear();
    return false;
  }
  if (!version_.empty() && same(*found, prepared_)) return true;
  auto parent = make_private_directory(data_directory_ + "/cluster");
  if (!parent) return parent.failure();
  file_set copies(*parent, link_name);
  auto version = file_set::fresh_version();
  // What was read and checked is written, not what the files may hold by now.
  auto directory = copies.prepare(
      {{"certificate.pem", found->certificate}, {"key.pem", found->key}, {"ca.pem", found->ca}}, version);
  if (!directory) return directory.failure();
  if (auto loaded = try_cluster_files(cluster_files_in(*directory)); !loaded) {
    copies.remove(version);
    return loaded.failure();
  }
  if (!version_.empty()) copies.remove(version_);
  prepared_ = std::move(*found);
  version_ = version;
  return true;
}

result<void> checked_files::swap() {
  if (version_.empty()) return {};
  file_set copies(data_directory_ + "/cluster", link_name);
  if (auto turned = copies.turn(version_); !turned) return turned;
  current_ = std::move(prepared_);
  version_.clear();
  return {};
}

result<bool> checked_files::refresh() {
  auto changed = prepare();
  if (!changed || !*changed) return changed;
  if (auto swapped = swap(); !swapped) return swapped.failure();
  return true;
}

}  // namespace pusher
