// What the service manager is told, and when.
#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "actors/service_notices.hpp"
#include "storage/child_process.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

struct manager {
  texts told;
  service_notices::clock::time_point now{};
  service_notices notices{{[this](const std::string& text) { told.push_back(text); }, 60s}, now};

  texts after(std::chrono::seconds wait, bool playing, bool migrating, const std::string& status = "s") {
    now += wait;
    told.clear();
    notices.look(now, playing, migrating, status);
    return told;
  }
};

}  // namespace

TEST_CASE_FIXTURE(manager, "a node has started when its roles play, and says so once") {
  CHECK(after(1s, false, false, "Not ready: redis") == texts{"STATUS=Not ready: redis"});
  CHECK(after(1s, false, false, "Not ready: redis") == texts{});
  CHECK(after(1s, true, false, "Ready") == texts{"STATUS=Ready", "READY=1"});
  CHECK(after(1s, true, false, "Ready") == texts{});
}

TEST_CASE_FIXTURE(manager,
                  "stores of others that are away keep a node from having started for twenty seconds") {
  CHECK(after(19s, false, false) == texts{"STATUS=s"});
  CHECK(after(1s, false, false) == texts{"READY=1"});
}

TEST_CASE_FIXTURE(manager, "a migration is given the time that it takes") {
  CHECK(after(1s, false, true) == texts{"STATUS=s", "EXTEND_TIMEOUT_USEC=60000000"});
  CHECK(after(9s, false, true) == texts{});
  CHECK(after(1s, false, true) == texts{"EXTEND_TIMEOUT_USEC=60000000"});
  CHECK(after(3600s, false, true) == texts{"EXTEND_TIMEOUT_USEC=60000000"});
  CHECK(after(1s, true, false) == texts{"READY=1"});
}

TEST_CASE_FIXTURE(manager, "signs of life are due at half of the watchdog's time, once it has started") {
  CHECK(after(10s, false, false) == texts{"STATUS=s"});
  CHECK_FALSE(notices.wants_life(now + 100s));
  CHECK(after(1s, true, false) == texts{"READY=1"});
  CHECK_FALSE(notices.wants_life(now + 29s));
  CHECK(notices.wants_life(now + 30s));
  told.clear();
  notices.lives(now + 30s);
  CHECK(told == texts{"WATCHDOG=1"});
  CHECK_FALSE(notices.wants_life(now + 59s));
}

TEST_CASE_FIXTURE(manager, "a status is one line, whatever is in it") {
  CHECK(after(1s, false, false, "a\nREADY=1\r") == texts{"STATUS=a READY=1 "});
}

TEST_CASE("without a service manager nothing is sent, and nothing is wanted") {
  service_notices::clock::time_point now{};
  service_notices notices({}, now);
  notices.look(now, true, false, "Ready");
  notices.ends();
  CHECK_FALSE(notices.wants_life(now + 1h));
}

TEST_CASE("the service manager is found in the environment, which children do not see") {
  owned_fd listener(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto name = "@pusher-test-" + std::to_string(::getpid());
  name.copy(address.sun_path, name.size());
  address.sun_path[0] = '\0';
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  auto found = find_service_manager();
  for (const char* each : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    CHECK(std::getenv(each) == nullptr);
  CHECK(found.watchdog == 2s);
  REQUIRE(found.send);
  found.send("READY=1");
  char text[16] = {};
  CHECK(::recv(listener.get(), text, sizeof(text) - 1, 0) == 7);
  CHECK(std::string(text) == "READY=1");
  CHECK_FALSE(find_service_manager().send);

  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK(find_service_manager().watchdog == 0s);  // another's
}
