// The part of the journal from which stages claim entries, and where those that nobody can read end.
#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

result<std::pair<std::vector<claim>, redis_reply>> journal::read_group(const std::string& stream,
                                                                       const char* group,
                                                                       const std::string& queue, size_t most,
                                                                       redis_arguments also) {
  auto replies = redis_.pipeline(
      {{"XREADGROUP", "GROUP", group, consumer_, "COUNT", std::to_string(most), "STREAMS", stream, ">"},
       std::move(also),
       {"GET", keys_.run}});
  if (!replies) return replies.failure();
  // Behind the read, as names do not come back: what was read is of this journal. What another one gave us is
  // found by taking over.
  if ((*replies)[2].text != run_id_) return lost_journal("its run key differs or is missing");
  std::pair<std::vector<claim>, redis_reply> read{{}, std::move((*replies)[1])};
  auto& reply = replies->front();
  if (reply.is_nil()) return read;
  auto good = judged(std::move(reply));
  if (!good) return good.failure();
  // [[stream, [[id, [field, value, ...]], ...]]]
  for (auto& entry : good->items.front().items.at(1).items) {
    if (entry.items.size() < 2 || entry.items[1].items.size() < 2) continue;
    claim each;
    each.queue = queue;
    each.entry = entry.items[0].text;
    each.token = "1";
    auto& fields = entry.items[1].items;
    each.payload = std::move(fields[1].text);
    if (fields.size() >= 4 && fields[2].text == "strikes")
      each.strikes = static_cast<unsigned>(number_in(fields[3]));
    read.first.push_back(std::move(each));
  }
  return read;
}

result<std::vector<claim>> journal::take_over(const std::string& stream, const char* group,
                                              const std::string& progress, const std::string& queue,
                                              const std::vector<std::string>& known, size_t most,
                                              claims_of whom) {
  std::vector<std::string> arguments{group, consumer_,
                                     whom == claims_of::the_dead ? keys_.heartbeat_prefix : std::string(),
                                     std::to_string(most), keys::last_strike};
  arguments.insert(arguments.end(), known.begin(), known.end());
  auto reply = run(scripts::take_over, {stream, progress, keys_.dead_letters}, std::move(arguments));
  if (!reply) return reply.failure();
  std::vector<claim> claims;
  for (size_t i = 1; i < reply->items.size(); ++i) {
    auto& fields = reply->items[i].items;
    if (fields.size() == 1) buried_.push_back(std::move(fields[0].text));
    if (fields.size() < 6) continue;
    claim each;
    each.queue = queue;
    each.entry = std::move(fields[0].text);
    each.payload = std::move(fields[1].text);
    each.token = std::move(fields[2].text);
    each.sequence = number_in(fields[3]);
    each.strikes = static_cast<unsigned>(number_in(fields[4]));
    each.progress = std::move(fields[5].text);
    claims.push_back(std::move(each));
  }
  return claims;
}

result<void> journal::bury(const std::string& stream, const char* group, const std::string& progress,
                           const claim& what, const std::string& reason) {
  auto reply =
      run(scripts::bury, {stream, keys_.dead_letters, progress}, {group, what.entry, consumer_, reason});
  if (!reply) return reply.failure();
  return {};
}

// -- result-writer --

result<std::vector<claim>> journal::claim_results(size_t most) {
  auto read = read_group(keys_.results, keys::result_group, "", most);
  if (!read) return read.failure();
  return std::move(read->first);
}

result<std::vector<claim>> journal::take_over_results(const std::vector<std::string>& known, size_t most) {
  return take_over(keys_.results, keys::result_group, keys_.result_progress, "", known, most,
                   claims_of::the_dead);
}

result<void> journal::settle(const std::vector<settled_entry>& entries) {
  if (entries.empty()) return {};
  std::vector<std::string> arguments{keys::result_group, std::to_string(entries.size())};
  for (const auto& each : entries) {
    arguments.push_back(each.entry);
    arguments.push_back(std::to_string(each.notification.value));
    arguments.push_back(std::to_string(each.targets));
  }
  auto reply =
      run(scripts::settle, {keys_.results, keys_.pending, keys_.result_progress}, std::move(arguments));
  if (!reply) return reply.failure();
  return {};
}

result<void> journal::bury_results(const claim& what, const std::string& reason) {
  return bury(keys_.results, keys::result_group, keys_.result_progress, what, reason);
}

}  // namespace pusher
