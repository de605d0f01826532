#include "actors/supervisor.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

#include "actors/name_exception.hpp"

using namespace pusher;
using namespace std::chrono_literals;

namespace {

struct test_config : caf::actor_system_config {
  test_config() {
    add_message_types<caf::id_block::pusher>();
    config_file_path.clear();
    set("scheduler.max-threads", 1);
  }
};

/// A role actor that throws at wake-ups while `throws`, and counts what it did.
struct lab {
  explicit lab(const char* roles) {
    settings of_node;
    of_node.roles = *parse_roles(roles);
    node = std::make_shared<node_context>(std::move(of_node));
    supervisor_links links;
    links.spawn = [this](const role_place& place, const supervisor_actor&) { return spawn(place); };
    links.tell_others = [](role) {};
    links.budget = {2ms, 20ms, 5, 60s};
    supervisor = spawn_supervisor(system, node, std::move(links));
    self->monitor(supervisor);
    caf::anon_send(supervisor, play_roles{});
  }

  ~lab() { caf::anon_send(supervisor, drain{}); }

  caf::strong_actor_ptr spawn(const role_place& place) {
    {
      std::lock_guard<std::mutex> guard(mutex);
      ++starts[to_string(place.plays) + std::string("/") + std::to_string(place.index)];
    }
    bool fails = place.plays == role::push_sender && place.index == 0;
    auto made = system.spawn([this, fails](role_actor::pointer actor) -> role_actor::behavior_type {
      name_exceptions(actor);
      return {[this, fails](wake) {
                if (fails && throws) throw std::runtime_error("injected");
                ++wakes;
              },
              [](proceed) {}, [](report_question) { return actor_report{}; },
              [this, actor](drain) {
                ++drained;
                actor->quit();
              }};
    });
    return caf::actor_cast<caf::strong_actor_ptr>(made);
  }

  unsigned starts_of(const std::string& name) {
    std::lock_guard<std::mutex> guard(mutex);
    return starts[name];
  }

  template <class Condition>
  bool soon(Condition condition) {
    for (auto end = std::chrono::steady_clock::now() + 20s; !condition();)
      if (std::chrono::steady_clock::now() > end)
        return false;
      else
        self->receive([](const caf::down_msg&) {}, caf::after(1ms) >> [] {});
    return true;
  }

  std::mutex mutex;
  std::map<std::string, unsigned> starts;
  std::atomic<bool> throws{false};
  std::atomic<unsigned> wakes{0}, drained{0};
  node_context_ptr node;
  test_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  supervisor_actor supervisor;
};

}  // namespace

TEST_CASE("an exception ends one actor, which is started again; the others go on") {
  lab of("push-sender=2,result-writer");
  REQUIRE(of.soon([&] { return of.starts_of("result-writer/0") == 1; }));
  of.throws = true;
  caf::anon_send(of.supervisor, wake_own{role::push_sender});
  REQUIRE(of.soon([&] { return of.starts_of("push-sender/0") == 2; }));
  of.throws = false;
  auto before = of.wakes.load();
  caf::anon_send(of.supervisor, wake_own{role::push_sender});
  CHECK(of.soon([&] { return of.wakes >= before + 2; }));
  CHECK(of.starts_of("push-sender/1") == 1);
  CHECK(of.starts_of("result-writer/0") == 1);
  CHECK_FALSE(of.node->failed);
}

TEST_CASE("past its budget of restarts the node gives up, and ends the actors that live") {
  lab of("push-sender=2,result-writer");
  of.throws = true;
  REQUIRE(of.soon([&] {
    caf::anon_send(of.supervisor, wake_own{role::push_sender});
    return of.node->failed.load();
  }));
  CHECK(of.starts_of("push-sender/0") == 6);  // the first start, and five restarts
  CHECK(of.soon([&] { return of.drained == 2; }));
  CHECK(of.starts_of("push-sender/1") == 1);
}

TEST_CASE(
    "when the journal was rebuilt all that work with it begin anew, however often, and nobody has failed") {
  lab of("push-sender=2,result-writer");
  for (unsigned times = 2; times <= 8; ++times) {  // beyond the budget
    caf::anon_send(of.supervisor, renew_roles{});
    for (const char* name : {"push-sender/0", "push-sender/1", "result-writer/0"})
      REQUIRE(of.soon([&] { return of.starts_of(name) == times; }));
  }
  auto before = of.wakes.load();
  caf::anon_send(of.supervisor, wake_own{role::push_sender});
  CHECK(of.soon([&] { return of.wakes == before + 2; }));
  CHECK_FALSE(of.node->failed);
  // While the node is ending nobody is started again.
  caf::anon_send(of.supervisor, drain{});
  caf::anon_send(of.supervisor, renew_roles{});
  bool ended = false;
  CHECK(of.soon([&] {
    of.self->receive([&](const caf::down_msg&) { ended = true; }, caf::after(1ms) >> [] {});
    return ended;
  }));
  CHECK(of.starts_of("result-writer/0") == 8);
}

TEST_CASE("counts of roles change at run time, and what leaves ends what it holds") {
  lab of("push-sender:fcm=1,push-sender:apns=1,result-writer");
  caf::scoped_actor asks{of.system};
  auto scale = [&](const char* to) {
    inspect_answer said;
    asks->request(of.supervisor, 5s, scale_roles{to})
        .receive([&](const inspect_answer& answer) { said = answer; },
                 [&](const caf::error&) {
                   said = {false, "error"};
                 });
    return said;
  };
  CHECK(scale("push-sender:fcm=4").ok);
  REQUIRE(of.soon([&] { return of.starts_of("push-sender/4") == 1; }));
  CHECK(to_text(of.node->roles()) == "push-sender:fcm=4,push-sender:apns,result-writer");
  CHECK(scale("push-sender:fcm=1").ok);
  auto actors = [&] {
    std::string text;
    asks->request(of.supervisor, 5s, actors_question{})
        .receive([&](const std::string& said) { text = said; }, [](const caf::error&) {});
    return text;
  };
  CHECK(of.soon([&] { return actors().find("push-sender/3") == std::string::npos; }));
  CHECK(actors().find("push-sender/1") != std::string::npos);  // apns's
  for (const char* bad :
       {"push-sender:hms=2", "api=2", "fan-out", "push-sender:fcm=0", "worker=1", "push-sender:fcm=1,api"})
    CHECK_FALSE(scale(bad).ok);
}
