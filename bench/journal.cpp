// The journal's steps by themselves, through the real scripts, beside the same bytes through plain commands
// of Redis in pipelines. Batches, records and reads are as large as the stages make them.
#include <hiredis/hiredis.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "actors/log.hpp"
#include "bench/gateway_facts.hpp"
#include "bench/private_stores.hpp"
#include "storage/journal.hpp"
#include "storage/journal_codec.hpp"

namespace pusher::bench {

namespace {

constexpr uint64_t epoch = 1;
constexpr size_t targets_per_batch = 500;
constexpr size_t batches_per_page = 10;     // a page of fan-out has 5,000 devices
constexpr size_t batches_per_claim = 4;     // of a sender
constexpr size_t results_per_record = 128;  // likewise
constexpr size_t entries_per_claim = 32;    // of a result-writer: 4,000 results
constexpr size_t message_id_bytes = 50;

push_batch batch_number(notification_key of, uint64_t number) {
  const emulated gateway;
  push_batch made;
  made.notification = of;
  made.expires_at = now_ms() + 3'600'000;
  for (size_t i = 0; i < targets_per_batch; ++i)
    made.targets.push_back(gateway.target(number * targets_per_batch + i));
  return made;
}

push_result accepted(const push_target& target) {
  push_result made;
  made.device = target.device;
  made.outcome = outcome::accepted;
  made.attempts = 1;
  made.settled_at = now_ms();
  made.gateway_message_id = "projects/p/messages/0:" + std::to_string(target.device.value);
  made.gateway_message_id.resize(message_id_bytes, '0');
  return made;
}

/// What of a batch a sender records at once, from `first` on.
result_batch results_of(const push_batch& batch, size_t first) {
  result_batch made;
  made.notification = batch.notification;
  made.gateway = gateway::fcm;
  auto last = std::min(first + results_per_record, batch.targets.size());
  for (auto i = first; i < last; ++i)
    made.results.push_back(accepted(batch.targets[i]));
  return made;
}

// -- ours --

class our_journal {
 public:
  our_journal(private_stores& stores, size_t batches)
      : stores_(stores),
        batches_(batches),
        journal_(stores.config.redis, stores.run_id, "bench/boot/role/0") {
    queue_.application = {1};
    must(journal_.raise_epoch(epoch));
  }

  void round() {
    auto content = campaign_message(channel::fcm);
    auto said = *content;
    said.key = {++notification_};
    must(std::move(journal_.begin_fan_out(epoch, {{&said, {}, 0}}).front()));
    append();
    auto claims = claim();
    record(claims);
    settle(read());
  }

 private:
  template <class Step>
  void measure(const char* name, Step step) {
    stopwatch watch(stores_.processes());
    step();
    tell(std::string("journal: ") + name, side::ours, batches_ * targets_per_batch, watch.read());
  }

  void append() {
    std::vector<std::vector<page_commit>> pages;  // a call for each
    for (size_t first = 0; first < batches_; first += batches_per_page) {
      page_commit page;
      page.notification = {notification_};
      page.epoch = epoch;
      page.expected_cursor = first;
      page.new_cursor = std::min(first + batches_per_page, batches_);
      for (auto i = first; i < page.new_cursor; ++i)
        page.batches.emplace_back(queue_, batch_number(page.notification, i));
      pages.emplace_back().push_back(std::move(page));
    }
    measure("append", [&] {
      for (const auto& page : pages)
        must(std::move(journal_.commit_pages(page).front()));
    });
  }

  struct opened {
    claim from;
    push_batch batch;
  };
  std::vector<opened> claim() {
    std::vector<opened> all;
    measure("claim", [&] {
      while (all.size() < batches_)
        for (auto& each : must(journal_.claim_batches(queue_.name(), batches_per_claim))) {
          auto batch = must(decode_push_batch(each.payload));
          all.push_back({std::move(each), std::move(batch)});
        }
    });
    return all;
  }

  void record(const std::vector<opened>& claims) {
    std::vector<std::vector<progress_commit>> commits;  // a call for each
    for (const auto& each : claims) {
      batch_progress progress;
      progress.done.resize(targets_per_batch);
      for (size_t first = 0; first < targets_per_batch; first += results_per_record) {
        progress_commit step;
        step.queue = each.from.queue;
        step.entry = each.from.entry;
        step.token = each.from.token;
        step.expected_sequence = first / results_per_record;
        step.finished = first + results_per_record >= targets_per_batch;
        step.results = results_of(each.batch, first);
        step.progress = encode(progress);
        commits.emplace_back().push_back(std::move(step));
      }
    }
    measure("record", [&] {
      for (const auto& each : commits)
        must(journal_.record(each));
    });
  }

  std::vector<settled_entry> read() {
    std::vector<settled_entry> entries;
    measure("read results", [&] {
      for (size_t results = 0; results < batches_ * targets_per_batch;)
        for (const auto& each : must(journal_.claim_results(entries_per_claim))) {
          auto batch = must(decode_result_batch(each.payload));
          results += batch.results.size();
          entries.push_back({each.entry, batch.notification, batch.results.size()});
        }
    });
    return entries;
  }

  void settle(const std::vector<settled_entry>& entries) {
    measure("settle", [&] {
      for (size_t first = 0; first < entries.size(); first += entries_per_claim) {
        auto last = std::min(first + entries_per_claim, entries.size());
        must(journal_.settle(
            {entries.begin() + static_cast<long>(first), entries.begin() + static_cast<long>(last)}));
      }
    });
    if (must(journal_.pending({notification_})) != 0)
      give_up({errc::internal, "something is pending", "", 0});
  }

  private_stores& stores_;
  const size_t batches_;
  journal journal_;
  push_queue queue_;
  uint64_t notification_ = 0;
};

// -- the floor --

/// Plain commands, sent many at a time; no scripts, no checks, no counts.
class plain_redis {
 public:
  plain_redis(private_stores& stores, size_t batches)
      : stores_(stores),
        batches_(batches),
        redis_(redisConnectUnix(stores.config.redis.unix_socket.c_str()), redisFree) {
    if (!redis_ || redis_->err) give_up({errc::journal_unavailable, "Redis: cannot connect", "", 0});
    for (size_t i = 0; i < batches; ++i) {
      auto batch = batch_number({1}, i);
      pushes_.push_back(encode(batch));
      for (size_t first = 0; first < targets_per_batch; first += results_per_record)
        results_.push_back(encode(results_of(batch, first)));
    }
    for (const char* stream : {"floor:push", "floor:results"})
      send({"XGROUP", "CREATE", stream, "g", "0", "MKSTREAM"});
    receive(2);
  }

  void round() {
    append("append", "floor:push", pushes_);
    auto claims = read("claim", "floor:push", pushes_.size(), batches_per_page);
    stopwatch recording(stores_.processes());
    add("floor:results", results_);
    acknowledge("floor:push", claims);
    told("record", recording);
    auto entries = read("read results", "floor:results", results_.size(), entries_per_claim);
    stopwatch settling(stores_.processes());
    acknowledge("floor:results", entries);
    told("settle", settling);
  }

 private:
  static constexpr size_t in_flight = 32;

  void told(const char* step, const stopwatch& watch) {
    tell(std::string("journal: ") + step, side::floor, batches_ * targets_per_batch, watch.read());
  }

  void send(const std::vector<std::string>& words) {
    std::vector<const char*> texts;
    std::vector<size_t> lengths;
    for (const auto& each : words) {
      texts.push_back(each.data());
      lengths.push_back(each.size());
    }
    redisAppendCommandArgv(redis_.get(), static_cast<int>(words.size()), texts.data(), lengths.data());
    ++sent_;
  }
  using reply_ptr = std::unique_ptr<redisReply, void (*)(void*)>;
  reply_ptr receive_one() {
    void* reply = nullptr;
    if (redisGetReply(redis_.get(), &reply) != REDIS_OK)
      give_up({errc::journal_unavailable, redis_->errstr, "", 0});
    --sent_;
    auto* good = static_cast<redisReply*>(reply);
    if (good->type == REDIS_REPLY_ERROR) give_up({errc::journal_unavailable, good->str, "", 0});
    return {good, freeReplyObject};
  }
  void receive(size_t replies) {
    while (replies-- > 0)
      receive_one();
  }

  void add(const char* stream, const std::vector<std::string>& payloads) {
    for (const auto& each : payloads) {
      send({"XADD", stream, "*", "b", each});
      if (sent_ == in_flight) receive(in_flight);
    }
    receive(sent_);
  }

  void append(const char* step, const char* stream, const std::vector<std::string>& payloads) {
    stopwatch watch(stores_.processes());
    add(stream, payloads);
    told(step, watch);
  }

  std::vector<std::string> read(const char* step, const char* stream, size_t count, size_t at_once) {
    std::vector<std::string> entries;
    stopwatch watch(stores_.processes());
    while (entries.size() < count) {
      send({"XREADGROUP", "GROUP", "g", "c", "COUNT", std::to_string(at_once), "STREAMS", stream, ">"});
      auto reply = receive_one();
      const auto* list = reply->element[0]->element[1];
      for (size_t i = 0; i < list->elements; ++i)
        entries.emplace_back(list->element[i]->element[0]->str);
    }
    told(step, watch);
    return entries;
  }

  void acknowledge(const char* stream, const std::vector<std::string>& entries) {
    for (size_t first = 0; first < entries.size(); first += entries_per_claim) {
      std::vector<std::string> done{"XACK", stream, "g"}, removed{"XDEL", stream};
      for (auto i = first; i < std::min(first + entries_per_claim, entries.size()); ++i) {
        done.push_back(entries[i]);
        removed.push_back(entries[i]);
      }
      send(done);
      send(removed);
      receive(2);
    }
  }

  private_stores& stores_;
  const size_t batches_;
  std::unique_ptr<redisContext, decltype(&redisFree)> redis_;
  std::vector<std::string> pushes_, results_;
  size_t sent_ = 0;
};

void run(uint64_t targets, int rounds) {
  auto batches = std::max<size_t>(1, targets / targets_per_batch);
  private_stores stores(private_stores::kind::redis_alone);
  our_journal ours(stores, batches);
  plain_redis floor(stores, batches);
  for (int round = 0; round < rounds; ++round) {
    ours.round();
    floor.round();
  }
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the steps of the journal beside plain commands with the same bytes.");
  uint64_t targets = 100'000;
  int rounds = 5;
  app.add_option("--targets", targets, "Targets that go through the journal in a round")
      ->capture_default_str();
  app.add_option("--rounds", rounds, "Rounds")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("warn", "text");
  pusher::bench::run(targets, rounds);
  return 0;
}
