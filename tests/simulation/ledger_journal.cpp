// G24: what the journal holds is what it counts, and nothing that entered it has gone without an outcome.
#include <algorithm>

#include "storage/journal_codec.hpp"
#include "storage/journal_keys.hpp"
#include "tests/simulation/ledger.hpp"

namespace pusher::testing {

namespace {

/// Targets of each notification, wherever they are.
class journal_census {
 public:
  explicit journal_census(const memory_redis& redis) : redis_(redis) {
    if (const auto* queues = redis_.find<memory_redis::set>(keys_.queues))
      for (const auto& name : *queues)
        count_stream(name);
    if (const auto* jobs = redis_.find<memory_redis::hash>(keys_.later_jobs))
      for (const auto& [name, job] : *jobs)
        count_job(job);
    for (const auto& [key, value] : redis_.keys())
      if (const auto* held = std::get_if<memory_redis::list>(&value))
        for (const auto& job : *held)
          count_job(job);
    count_results();
    count_dead_letters();
  }

  std::map<uint64_t, int64_t> pending;
  std::map<std::string, int64_t>
      outstanding;  ///< of queues; notifications with a rate have accounts of their own

 private:
  void count_batch(const std::string& queue, const std::string& payload, const std::string& record) {
    auto batch = decode_push_batch(payload);
    auto left = static_cast<int64_t>(batch->targets.size());
    if (!record.empty()) {
      auto progress = decode_batch_progress(record);
      left -= std::count(progress->done.begin(), progress->done.end(), true);
    }
    pending[batch->notification.value] += left;
    if (batch->rate_per_second == 0) outstanding[queue] += left;
  }
  void count_stream(const std::string& queue) {
    const auto* stream = redis_.find<memory_stream>(keys_.push(queue));
    if (!stream) return;
    const auto* progress = redis_.find<memory_redis::hash>(keys_.push_progress(queue));
    for (const auto& [id, fields] : stream->entries) {
      auto record =
          progress ? progress->find(memory_stream::text_of(id)) : memory_redis::hash::const_iterator();
      count_batch(queue, fields.at(1), progress && record != progress->end() ? record->second : "");
    }
  }
  void count_job(const std::string& job) {
    auto cut = job.find('\n');
    count_batch(job.substr(0, cut), job.substr(cut + 1), "");
  }
  void count_results() {
    if (const auto* stream = redis_.find<memory_stream>(keys_.results))
      for (const auto& [id, fields] : stream->entries)
        count_result(fields.at(1));
  }
  void count_result(const std::string& payload) {
    auto batch = decode_result_batch(payload);
    pending[batch->notification.value] += static_cast<int64_t>(batch->results.size());
  }
  void count_dead_letters() {
    const auto* stream = redis_.find<memory_stream>(keys_.dead_letters);
    if (!stream) return;
    for (const auto& [id, fields] : stream->entries) {
      std::map<std::string, std::string> named;
      for (size_t i = 0; i + 1 < fields.size(); i += 2)
        named[fields[i]] = fields[i + 1];
      if (named["stream"] == keys_.results)
        count_result(named["body"]);
      else
        count_batch(named["stream"].substr(keys_.push_prefix.size()), named["body"], named["progress"]);
    }
  }

  const memory_redis& redis_;
  const journal_keys keys_{redis_settings().cluster};
};

int64_t number_in(const memory_redis::hash* in, const std::string& name) {
  if (!in) return 0;
  auto found = in->find(name);
  return found == in->end() ? 0 : std::stoll(found->second);
}

}  // namespace

void ledger::check_journal(const memory_redis& redis) {
  const journal_keys keys(redis_settings().cluster);
  journal_census census(redis);
  const auto* pending = redis.find<memory_redis::hash>(keys.pending);
  const auto* outstanding = redis.find<memory_redis::hash>(keys.outstanding);
  auto compare = [this](const std::string& what, int64_t counted, int64_t there) {
    if (counted != there)
      violated(what + ": " + std::to_string(counted) + " are counted, " + std::to_string(there) +
               " are there");
  };
  for (const auto& [notification, there] : census.pending)
    compare("pending targets of notification " + std::to_string(notification),
            number_in(pending, std::to_string(notification)), there);
  if (pending)
    for (const auto& [notification, counted] : *pending)
      compare("pending targets of notification " + notification, std::stoll(counted),
              census.pending[std::stoul(notification)]);
  for (const auto& [queue, there] : census.outstanding)
    compare("outstanding targets of " + queue, number_in(outstanding, queue), there);
}

}  // namespace pusher::testing
