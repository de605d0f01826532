#include "storage/backup_manifest.hpp"

#include <doctest/doctest.h>

using namespace pusher;

namespace {

const std::string digest(64, 'a');

backup_manifest sample() {
  backup_manifest made;
  made.pusher_version = "0.1.0";
  made.mariadb_version = "10.11.19-MariaDB";
  made.schema_version = 11;
  made.created_at = 1'795'000'000'123;
  made.cluster = "name with \"quotes\"";
  made.parts = {{"mysql/ibdata1", 5'000'000'000, digest}, {"secrets.key", 153, digest}};
  made.links = {{"cluster/node", ".node-1"}};
  made.not_included = {"fcm.service_account_file = /etc/pusher/account.json"};
  return made;
}

errc failure_of(const backup_manifest& manifest) {
  auto read = parse_manifest(to_json(manifest));
  REQUIRE_FALSE(read.ok());
  return read.failure().code;
}

}  // namespace

TEST_CASE("a manifest is read as it was written") {
  auto read = parse_manifest(to_json(sample()));
  REQUIRE(read.ok());
  auto expected = sample();
  CHECK(read->pusher_version == expected.pusher_version);
  CHECK(read->mariadb_version == expected.mariadb_version);
  CHECK(read->schema_version == expected.schema_version);
  CHECK(read->created_at == expected.created_at);
  CHECK(read->cluster == expected.cluster);
  CHECK(read->bytes() == 5'000'000'153);
  CHECK(read->not_included == expected.not_included);
  REQUIRE(read->parts.size() == 2);
  CHECK(read->parts[1].path == "secrets.key");
  CHECK(read->parts[1].sha256 == digest);
  REQUIRE(read->links.size() == 1);
  CHECK(read->links[0].target == ".node-1");
}

TEST_CASE("a manifest that leads out of the data directory is damaged") {
  for (const std::string path : {"", "/etc/passwd", "../key", "mysql/../../key", "mysql/..", "./key"}) {
    CAPTURE(path);
    auto part = sample();
    part.parts[0].path = path;
    CHECK(failure_of(part) == errc::corrupt_data);
    auto link = sample();
    link.links[0].path = path;
    CHECK(failure_of(link) == errc::corrupt_data);
    auto target = sample();
    target.links[0].target = path;
    CHECK(failure_of(target) == errc::corrupt_data);
  }
}

TEST_CASE("a manifest that was cut, or whose sizes were changed, is damaged") {
  auto whole = to_json(sample());
  for (size_t length = 0; length + 2 < whole.size(); ++length)
    CHECK_FALSE(parse_manifest(whole.substr(0, length)).ok());
  auto changed = whole;
  changed.replace(changed.find("\"bytes\": 153"), 12, "\"bytes\": 154");
  CHECK(parse_manifest(changed).failure().code == errc::corrupt_data);
}

TEST_CASE("a manifest of a format to come asks for the newer program") {
  auto newer = to_json(sample());
  newer.replace(newer.find("\"format\": 1"), 11, "\"format\": 2");
  auto read = parse_manifest(newer);
  REQUIRE_FALSE(read.ok());
  CHECK(read.failure().code == errc::invalid_configuration);
}
