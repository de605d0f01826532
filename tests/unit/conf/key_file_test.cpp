#include "conf/key_file.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace pusher;

namespace {

struct fixture {
  fixture() {
    char name[] = "/tmp/pusher-keys-XXXXXX";
    directory = mkdtemp(name);
  }
  ~fixture() { std::filesystem::remove_all(directory); }
  result<std::vector<secrets_key>> read(const std::string& text, mode_t mode = 0600) {
    auto path = directory + "/keys";
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return read_key_file("secrets.key_file", path);
  }
  std::string directory;
};

const std::string key(64, 'a');

}  // namespace

TEST_CASE_FIXTURE(fixture, "a key file holds one key per line, and remarks") {
  auto keys = read("# the new one\n" + key + "\n\n  " + std::string(64, 'B') + "  \r\n");
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[0][0] == 0xaa);
  CHECK((*keys)[1][31] == 0xbb);
}

TEST_CASE_FIXTURE(fixture,
                  "what is no key is refused by its line, a file that everyone can read by its mode") {
  CHECK(read("").failure().detail.find("no key") != std::string::npos);
  CHECK(read(key + "\nshort\n").failure().detail.find("line 2") != std::string::npos);
  CHECK(read(std::string(64, 'g')).failure().code == errc::invalid_configuration);
  CHECK(read(key + "a").failure().code == errc::invalid_configuration);
  CHECK(read(key, 0644).failure().detail.find("can be read by everyone") != std::string::npos);
  // What a wrong line says is nobody's business.
  CHECK(read("hush").failure().detail.find("hush") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a node's own key is made once, for it alone to read") {
  auto path = directory + "/own";
  REQUIRE(ensure_key_file(path));
  struct stat facts {};
  REQUIRE(stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  auto first = read_key_file("secrets.key_file", path);
  REQUIRE(first);
  CHECK(first->size() == 1);
  REQUIRE(ensure_key_file(path));
  CHECK(*read_key_file("secrets.key_file", path) == *first);
  CHECK_FALSE(ensure_key_file("/nonexistent/own"));
}
