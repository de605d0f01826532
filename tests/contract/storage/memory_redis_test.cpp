// The Redis in memory, on which the simulation of the whole pipeline rests, answers as the real one does:
// random sequences of everything that the journal asks, compared reply by reply and key by key.
#include "tests/stores/memory_redis.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "sample.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_scripts.hpp"

using namespace pusher;
using testing::memory_redis;
using testing::memory_stream;

namespace {

constexpr uint32_t sequences = 60;
constexpr int commands = 80;
constexpr const char* run_id = "run-a";

void write(const redis_reply& value, std::string& to) {
  switch (value.type) {
    case redis_reply::kind::nil:
      to += "nil ";
      break;
    case redis_reply::kind::integer:
      to += std::to_string(value.integer) + ' ';
      break;
    case redis_reply::kind::failure:
      to += "failure ";  // the words may differ
      break;
    case redis_reply::kind::text:
      to += '"' + value.text + "\" ";
      break;
    case redis_reply::kind::list:
      to += "[ ";
      for (const auto& each : value.items)
        write(each, to);
      to += "] ";
  }
}

/// A claim as one of the consumers knows it; ids are the real Redis's.
struct held {
  std::string queue, id, consumer, token;
};

class both_redis {
 public:
  explicit both_redis(uint32_t seed) : random_(seed) {
    REQUIRE(real_.command({"FLUSHALL"}));
    model_.give_ids([this](const std::string& stream) { return next_id(stream); });
    run(scripts::create_run, {keys_.epoch, keys_.launches, keys_.results},
        {keys::launch_group, keys::result_group});
  }

  void step() {
    using action = void (both_redis::*)();
    static const std::vector<action> actions{
        &both_redis::raise_epoch, &both_redis::begin,   &both_redis::begin,   &both_redis::commit_page,
        &both_redis::commit_page, &both_redis::claim,   &both_redis::claim,   &both_redis::take_over,
        &both_redis::record,      &both_redis::record,  &both_redis::record,  &both_redis::record,
        &both_redis::promote,     &both_redis::control, &both_redis::release, &both_redis::hasten,
        &both_redis::settle,      &both_redis::settle,  &both_redis::bury,    &both_redis::forget,
        &both_redis::heartbeat,   &both_redis::read,    &both_redis::letter,  &both_redis::credentials,
        &both_redis::shared};
    (this->*actions[below(actions.size())])();
  }

  /// Everything that either of them holds.
  void compare_keys() {
    auto names = *real_.command({"KEYS", "*"});
    std::vector<std::string> there;
    for (const auto& each : names.items)
      there.push_back(each.text);
    std::sort(there.begin(), there.end());
    std::vector<std::string> modelled;
    for (const auto& [key, value] : model_.keys())
      modelled.push_back(key);
    CHECK(there == modelled);
    for (const auto& key : there)
      compare_key(key, real_.command({"TYPE", key})->text);
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  std::string number(uint64_t n) { return std::to_string(below(n)); }
  std::string some() { return std::to_string(1 + below(3)); }
  std::string queue() { return below(2) ? "1.fcm.production.campaign" : "2.hms.production.campaign"; }
  std::string consumer() { return "n" + number(2) + "/b/push-sender/0"; }
  std::string payload() { return "payload " + std::to_string(++payloads_); }
  notification_key key_of(const std::string& notification) { return {std::stoull(notification)}; }

  // -- both are asked --

  redis_reply ask(const redis_arguments& command) {
    auto answer = real_.pipeline({command});
    REQUIRE(answer);
    learn_ids();
    auto named = command;
    if (command.front() == "EVALSHA") named[1] = script_;
    compare(answer->front(), model_.call(named), command.front() == "EVALSHA" ? script_ : command[0]);
    return answer->front();
  }
  redis_reply run(const redis_script& script, std::vector<std::string> keys,
                  std::vector<std::string> arguments) {
    keys.insert(keys.begin(), keys_.run);
    arguments.insert(arguments.begin(), below(40) == 0 && payloads_ > 0 ? "another run" : run_id);
    script_ = script.name;
    return ask(redis::call(script, keys, arguments));
  }
  void compare(const redis_reply& real, const redis_reply& modelled, const std::string& what) {
    std::string a, b;
    write(real, a);
    write(modelled, b);
    CAPTURE(what);
    CHECK(a == b);
  }
  /// The ids that the real one gave are those that the model gives.
  void learn_ids() {
    for (const auto& stream : streams()) {
      auto behind = "(" + memory_stream::text_of(last_seen_[stream]);
      auto fresh = real_.command({"XRANGE", stream, behind, "+"});
      REQUIRE(fresh);
      for (const auto& each : fresh->items) {
        last_seen_[stream] = memory_stream::parse(each.items.front().text);
        ids_[stream].push_back(last_seen_[stream]);
      }
    }
  }
  memory_stream::id next_id(const std::string& stream) {
    auto& ids = ids_[stream];
    if (ids.empty()) return {};  // it gives one of its own, and what follows differs
    auto id = ids.front();
    ids.pop_front();
    return id;
  }
  std::vector<std::string> streams() {
    std::vector<std::string> names{keys_.results, keys_.dead_letters};
    for (const char* each : {"1.fcm.production.campaign", "2.hms.production.campaign"})
      names.push_back(keys_.push(each));
    return names;
  }

  // -- what is asked --

  void raise_epoch() {
    auto to = std::to_string(epoch_ + below(2) - (epoch_ > 0 ? below(2) : 0));
    auto name = "turn-" + std::to_string(below(3));
    if (run(scripts::raise_epoch, {keys_.epoch, keys_.pages, keys_.turn}, {to, name}).items.front().text !=
        "ok")
      return;
    epoch_ = std::stoull(to);
    turn_ = name;
  }
  std::string epoch() { return std::to_string(below(5) == 0 ? below(4) : epoch_); }
  std::string turn() { return below(8) == 0 ? "turn-" + std::to_string(below(3)) : turn_; }
  void begin() {
    std::vector<std::string> keys{keys_.epoch, keys_.turn}, arguments{epoch(), turn()};
    auto steps = 1 + below(3);
    arguments.push_back(std::to_string(steps));
    for (; steps > 0; --steps) {
      auto of = some();
      for (const auto& each : {keys_.fan_out(key_of(of)), keys_.content(key_of(of))})
        keys.push_back(each);
      for (const auto& each : {payload(), number(3), number(3)})
        arguments.push_back(each);
    }
    run(scripts::begin_fan_out, keys, arguments);
  }
  void commit_page() {
    std::vector<std::string> keys{keys_.epoch,  keys_.turn,    keys_.outstanding, keys_.pending,
                                  keys_.queues, keys_.results, keys_.control,     keys_.pages};
    std::vector<std::string> arguments{turn(), keys_.push_prefix, keys::sender_group};
    auto steps = 1 + below(3);
    arguments.push_back(std::to_string(steps));
    for (; steps > 0; --steps)
      add_page(keys, arguments);
    for (auto times = 1 + below(2); times > 0; --times)
      run(scripts::commit_page, keys, arguments);
  }
  void add_page(std::vector<std::string>& keys, std::vector<std::string>& arguments) {
    auto of = some();
    keys.push_back(keys_.fan_out(key_of(of)));
    auto at = real_.command({"HGET", keys.back(), "cursor"})->text;
    auto expected = at.empty() || below(6) == 0 ? number(20) : at;
    for (const auto& each : {epoch(), of, expected, std::to_string(std::stoull(expected) + below(3))})
      arguments.push_back(each);
    auto batches = below(3);
    arguments.push_back(std::to_string(batches));
    for (; batches > 0; --batches) {
      auto to = queue();
      for (const auto& each : {to, below(3) ? to : to + "~" + of, std::to_string(1 + below(4)), payload()})
        arguments.push_back(each);
    }
    auto results = below(2);
    arguments.push_back(std::to_string(results));
    for (; results > 0; --results) {
      arguments.push_back(std::to_string(1 + below(3)));
      arguments.push_back(payload());
    }
  }
  void note_claims(const redis_reply& entries, const std::string& of, const std::string& by,
                   const char* token) {
    for (const auto& each : entries.items)
      if (each.items.size() >= 2)
        claims_.push_back({of, each.items[0].text, by, token ? token : each.items[2].text});
  }
  void claim() {
    bool results = below(3) == 0;
    auto of = results ? std::string() : queue();
    auto by = consumer();
    auto reply =
        ask({"XREADGROUP", "GROUP", results ? keys::result_group : keys::sender_group, by, "COUNT",
             std::to_string(1 + below(2)), "STREAMS", results ? keys_.results : keys_.push(of), ">"});
    if (reply.type == redis_reply::kind::list) note_claims(reply.items.front().items.at(1), of, by, "1");
  }
  void take_over() {
    bool results = below(3) == 0;
    auto of = results ? std::string() : queue();
    if (real_.command({"EXISTS", results ? keys_.results : keys_.push(of)})->integer == 0) return;
    auto by = consumer();
    std::vector<std::string> arguments{results ? keys::result_group : keys::sender_group, by,
                                       below(4) ? keys_.heartbeat_prefix : std::string(),
                                       std::to_string(1 + below(3)), keys::last_strike};
    for (const auto& each : claims_)
      if (each.queue == of && each.consumer == by && below(2)) arguments.push_back(each.id);
    auto reply = run(scripts::take_over,
                     {results ? keys_.results : keys_.push(of),
                      results ? keys_.result_progress : keys_.push_progress(of), keys_.dead_letters},
                     arguments);
    note_claims(reply, of, by, nullptr);
  }
  const held* some_claim(bool of_results) {
    std::vector<const held*> fitting;
    for (const auto& each : claims_)
      if (each.queue.empty() == of_results) fitting.push_back(&each);
    return fitting.empty() ? nullptr : fitting[below(fitting.size())];
  }
  void record() {
    const auto* from = some_claim(false);
    if (!from) return;
    std::vector<std::string> keys{keys_.results, keys_.outstanding, keys_.later, keys_.later_jobs,
                                  keys_.control};
    std::vector<std::string> arguments{keys::sender_group, below(8) ? from->consumer : consumer()};
    auto steps = 1 + below(3);
    arguments.push_back(std::to_string(steps));
    for (; steps > 0; --steps)
      add_record(below(2) ? *from : *some_claim(false), keys, arguments);
    for (auto times = 1 + below(2); times > 0; --times)
      run(scripts::record, keys, arguments);
  }
  void add_record(const held& from, std::vector<std::string>& keys, std::vector<std::string>& arguments) {
    auto of = some();
    auto results = below(3);
    auto sequence = real_.command({"HGET", keys_.push_progress(from.queue), from.id + ":seq"})->text;
    for (const auto& each : {keys_.push(from.queue), keys_.push_progress(from.queue), keys_.held(key_of(of))})
      keys.push_back(each);
    for (const auto& each : {from.id, below(8) ? from.token : number(4),
                             below(5) ? (sequence.empty() ? "0" : sequence) : number(3), from.queue,
                             below(3) ? from.queue : from.queue + "~" + of, number(2), of,
                             std::to_string(results), results ? payload() : "", below(5) ? payload() : ""})
      arguments.push_back(each);
    auto aside = below(3);
    arguments.push_back(std::to_string(aside));
    for (; aside > 0; --aside) {
      std::string far_off = std::to_string(now_ms() + 1'000'000'000);
      const std::string due[] = {"0", "-1", "1", far_off};
      for (const auto& each : {due[below(4)], of + ":" + payload(), payload(), number(3)})
        arguments.push_back(each);
    }
  }
  /// Its clock is not compared.
  void promote() {
    script_ = "promote";
    auto command = redis::call(scripts::promote, {keys_.run, keys_.later, keys_.later_jobs},
                               {run_id, keys_.push_prefix, "2"});
    auto real = real_.pipeline({command})->front();
    learn_ids();
    command[1] = script_;
    auto modelled = model_.call(command);
    real.items.at(3).text = modelled.items.at(3).text = "now";
    compare(real, modelled, "promote");
  }
  void control() { run(scripts::set_control, {keys_.control}, {some(), number(4)}); }
  void release() {
    auto of = some();
    run(scripts::release_held, {keys_.control, keys_.held(key_of(of))}, {of, keys_.push_prefix, "2"});
  }
  void hasten() { run(scripts::hasten, {keys_.later}, {some(), "0", "1000"}); }
  void settle() {
    const auto* first = some_claim(true);
    if (!first) return;
    std::vector<std::string> arguments{keys::result_group, "1", first->id, some(),
                                       std::to_string(1 + below(3))};
    for (auto times = 1 + below(2); times > 0; --times)
      run(scripts::settle, {keys_.results, keys_.pending, keys_.result_progress}, arguments);
  }
  void bury() {
    const auto* from = some_claim(below(2) == 0);
    if (!from || below(3)) return;
    bool results = from->queue.empty();
    run(scripts::bury,
        {results ? keys_.results : keys_.push(from->queue), keys_.dead_letters,
         results ? keys_.result_progress : keys_.push_progress(from->queue)},
        {results ? keys::result_group : keys::sender_group, from->id, from->consumer, "it cannot be read"});
  }
  void forget() {
    std::vector<std::string> keys{keys_.pending, keys_.control}, arguments{std::to_string(1 + below(2))};
    for (auto steps = std::stoul(arguments.front()); steps > 0; --steps) {
      arguments.push_back(some());
      keys.push_back(keys_.fan_out(key_of(arguments.back())));
      keys.push_back(keys_.content(key_of(arguments.back())));
    }
    run(scripts::forget, keys, arguments);
  }
  void heartbeat() {
    auto of = keys_.heartbeat_prefix + "n" + number(2) + "/b";
    if (below(2))
      ask({"SET", of, "1000000", "PX", "1000000"});
    else
      ask({"DEL", of});
  }
  void read() {
    ask({"XLEN", keys_.results});
    ask({"HGETALL", "no such key"});
    ask({"HMGET", keys_.outstanding, queue(), "nothing"});
    ask({"MGET", keys_.content(key_of(some())), keys_.content({9})});
    run(scripts::busy_queues, {keys_.queues}, {"no such prefix"});
  }
  void letter() {
    auto letters = real_.command({"XRANGE", keys_.dead_letters, "-", "+"});
    if (letters->items.empty()) return;
    auto id = letters->items[below(letters->items.size())].items[0].text;
    auto to = queue();
    for (auto times = 1 + below(2); times > 0; --times)
      if (below(2))
        run(scripts::requeue_letter, {keys_.dead_letters, keys_.push(to), keys_.queues},
            {id, "b", below(3) ? payload() : "", to, keys::sender_group});
      else
        run(scripts::drop_letter, {keys_.dead_letters, keys_.results, keys_.outstanding},
            {id, std::to_string(1 + below(3)), payload(), below(2) ? to : to + "~1", to});
  }
  void credentials() {
    run(scripts::publish_credentials, {keys_.epoch, keys_.credentials, keys_.sealed_credentials},
        {below(2) ? "0" : epoch(), number(5), payload(), "c" + number(3), payload()});
    run(scripts::close_routes, {keys_.epoch, keys_.credentials}, {epoch(), payload()});
  }
  void shared() { run(scripts::replace_shared, {keys_.shared}, {"name", number(2), number(3), number(3)}); }

  // -- what there is --

  void compare_key(const std::string& key, const std::string& type) {
    CAPTURE(key);
    if (type == "string") ask({"GET", key});
    if (type == "list") ask({"LLEN", key});
    if (type == "zset") compare_scores(key);
    if (type == "hash" || type == "set") {
      auto command = type == "hash" ? redis_arguments{"HGETALL", key} : redis_arguments{"SMEMBERS", key};
      compare_pairs(*real_.command(command), model_.call(command), type == "hash" ? 2 : 1);
    }
    if (type != "stream") return;
    ask({"XRANGE", key, "-", "+"});
    for (const char* group : {keys::sender_group, keys::result_group}) {
      auto real = real_.pipeline({{"XPENDING", key, group, "-", "+", "1000"}})->front();
      auto modelled = model_.call({"XPENDING", key, group, "-", "+", "1000"});
      for (auto* each : {&real, &modelled})
        for (auto& entry : each->items)
          entry.items.at(2).integer = 0;  // for how long it was idle
      compare(real, modelled, "XPENDING");
    }
  }
  /// In no order.
  void compare_pairs(const redis_reply& real, const redis_reply& modelled, size_t width) {
    auto sorted = [&](const redis_reply& all) {
      std::vector<std::string> found;
      for (size_t i = 0; i + width <= all.items.size(); i += width) {
        found.push_back(all.items[i].text + (width > 1 ? " = " + all.items[i + 1].text : ""));
      }
      std::sort(found.begin(), found.end());
      return found;
    };
    CHECK(sorted(real) == sorted(modelled));
  }
  void compare_scores(const std::string& key) {
    auto all = *real_.command({"ZRANGE", key, "0", "-1", "WITHSCORES"});
    const auto* modelled = model_.find<memory_redis::sorted_set>(key);
    REQUIRE(modelled);
    CHECK(all.items.size() == 2 * modelled->size());
    for (size_t i = 0; i + 1 < all.items.size(); i += 2) {
      auto found = modelled->find(all.items[i].text);
      REQUIRE(found != modelled->end());
      CHECK(std::stod(all.items[i + 1].text) == found->second);
    }
  }

  std::minstd_rand random_;
  redis real_{testing::shared_stores().redis};
  memory_redis model_{[] { return now_ms(); }};
  journal_keys keys_{"pusher"};
  std::string script_;
  std::map<std::string, memory_stream::id> last_seen_;
  std::map<std::string, std::deque<memory_stream::id>> ids_;  ///< by stream, that the model has not given yet
  std::vector<held> claims_;
  uint64_t payloads_ = 0, epoch_ = 0;
  std::string turn_;
};

}  // namespace

TEST_CASE("the Redis in memory answers every command and script as the real one does, and keeps the same") {
  for (uint32_t seed = 1; seed <= sequences; ++seed) {
    CAPTURE(seed);
    both_redis both(seed);
    for (int i = 0; i < commands; ++i)
      both.step();
    both.compare_keys();
  }
}
