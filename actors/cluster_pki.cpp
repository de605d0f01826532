#include "actors/cluster_pki.hpp"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "actors/cluster_authority.hpp"
#include "conf/secret_file.hpp"
#include "storage/file_set.hpp"
#include "storage/private_directory.hpp"
#include "transports/jwt.hpp"

namespace pusher {

namespace {

constexpr utc_ms day_ms = 24 * 3600 * 1000LL;
constexpr utc_ms renewed_before_ms = 30 * day_ms;
/// An authority is renewed so early that what it issues has its full time.
constexpr utc_ms authority_renewed_before_ms = certificate_days * day_ms + renewed_before_ms;
const std::vector<std::string> local_hosts{"localhost", "127.0.0.1", "::1"};

error wrong(const std::string& detail) {
  return {errc::invalid_configuration, detail, "", 0};
}

bool exists(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0;
}

/// The certificate is written last: with it the authority is whole.
result<void> make_ca(const std::string& directory) {
  auto key_file = directory + "/ca.key";
  std::string key;
  if (exists(key_file)) {
    auto kept = read_secret("The authority's key", key_file);
    if (!kept) return kept.failure();
    key = *kept;
  } else {
    auto fresh = ec_key::generate();
    if (!fresh) return fresh.failure();
    auto text = fresh->to_pem();
    if (!text) return text.failure();
    key = *text;
    if (auto written = write_whole_file(key_file, key); !written) return written;
  }
  // Crash here => the next call makes a certificate for this key.
  auto made = make_authority(key);
  if (!made) return wrong(made.failure().detail + ": " + key_file + "; move it away and repeat this.");
  return write_whole_file(directory + "/ca.pem", made->certificate);
}

/// The key is nobody else's; the certificate is no secret.
result<cluster_authority> read_authority(const std::string& directory) {
  auto certificate = directory + "/ca.pem", key_file = directory + "/ca.key";
  for (const auto& path : {certificate, key_file})
    if (!exists(path))
      return wrong("There is no " + path + "; `pusher cluster init-ca --directory " + directory +
                   "` makes an authority.");
  auto key = read_secret("The authority's key", key_file);
  if (!key) return key.failure();
  std::ostringstream text;
  text << std::ifstream(certificate, std::ios::binary).rdbuf();
  return cluster_authority{text.str(), *key + "\n"};
}

bool ends_soon(const std::string& certificate, utc_ms before) {
  auto end = certificate_ends_at(certificate);
  return !end || *end - now_ms() < before;
}

/// The authority of <data>/cluster. One that is replaced by another of the same key disturbs nobody.
result<void> ensure_local_ca(const std::string& directory) {
  auto certificate = directory + "/ca.pem";
  if (exists(certificate) && !exists(directory + "/ca.key"))
    return wrong("The key " + directory + "/ca.key is missing; remove " + directory +
                 " and restart the nodes of this machine, and a new authority is made.");
  if (exists(certificate) && !ends_soon(certificate, authority_renewed_before_ms)) return {};
  return make_ca(directory);
}

/// Into a directory that is held.
result<issued_files> issue_into(const std::string& out, const std::string& ca_directory,
                                const std::string& name, const std::vector<std::string>& hosts) {
  auto authority = read_authority(ca_directory);
  if (!authority) return authority.failure();
  auto made = issue_certificate(*authority, name, hosts);
  if (!made) return made.failure();
  file_set files(out, name);
  auto prepared = files.prepare(
      {{"certificate.pem", made->certificate}, {"key.pem", made->key}, {"ca.pem", authority->certificate}},
      made->serial);
  if (!prepared) return prepared.failure();
  // An authority that has run out, say: better known now than at the nodes.
  if (auto sound = check_cluster_files(cluster_files_in(*prepared)); !sound) {
    files.remove(made->serial);
    return sound.failure();
  }
  if (auto turned = files.turn(made->serial); !turned) return turned.failure();
  return issued_files{files.path(), cluster_files_in(files.path()), made->ends_at};
}

}  // namespace

result<void> init_ca(const std::string& directory) {
  auto full = make_private_directory(directory);
  if (!full) return full.failure();
  auto hold = directory_hold::take(*full);
  if (!hold) return hold.failure();
  if (exists(*full + "/ca.pem"))
    return error{errc::conflict,
                 "There is an authority in " + *full +
                     " already, and nodes may trust it; give another --directory for a new one.",
                 "", 0};
  return make_ca(*full);
}

result<issued_files> issue(const std::string& ca_directory, const std::string& name,
                           const std::string& out_directory, const std::vector<std::string>& hosts) {
  auto out = make_private_directory(out_directory);
  if (!out) return out.failure();
  auto hold = directory_hold::take(*out);
  if (!hold) return hold.failure();
  return issue_into(*out, ca_directory, name, hosts);
}

result<cluster_files> ensure_local_pki(const std::string& data_directory) {
  auto directory = make_private_directory(data_directory + "/cluster");
  if (!directory) return directory.failure();
  auto hold = directory_hold::take(*directory);
  if (!hold) return hold.failure();
  auto ca = make_private_directory(*directory + "/ca");
  if (!ca) return ca.failure();
  if (auto made = ensure_local_ca(*ca); !made) return made.failure();
  auto files = cluster_files_in(*directory + "/node");
  bool good = check_cluster_files({files.certificate, files.key, *ca + "/ca.pem"}).ok() &&
              !ends_soon(files.certificate, renewed_before_ms);
  if (good) return files;
  auto issued = issue_into(*directory, *ca, "node", local_hosts);
  if (!issued) return issued.failure();
  return issued->files;
}

cluster_files local_cluster_files(const std::string& data_directory) {
  return cluster_files_in(data_directory + "/cluster/node");
}

}  // namespace pusher
