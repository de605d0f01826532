#include "storage/journal_foundation.hpp"

#include <algorithm>
#include <sstream>

#include "storage/journal_codec.hpp"
#include "storage/journal_marks.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr const char* keys_per_step = "500";

/// The value of a name in a list of names and values.
const redis_reply* value_of(const redis_reply& list, const char* name) {
  for (size_t i = 0; i + 1 < list.items.size(); i += 2)
    if (list.items[i].text == name) return &list.items[i + 1];
  return nullptr;
}

bool begins_with(const std::string& text, const std::string& what) {
  return text.compare(0, what.size(), what) == 0;
}

}  // namespace

result<journal_evidence> journal_foundation::look(const std::string& run_id) {
  auto replies = redis_.pipeline({{"MGET", keys_.run, keys_.epoch, keys_.pages},
                                  {"XINFO", "STREAM", keys_.results},
                                  {"SCRIPT", "EXISTS", digest_of(journal_pledge{"", run_id}.voucher())}});
  if (!replies) return replies.failure();
  auto& values = (*replies)[0];
  if (values.items.size() != 3) return error{errc::journal_unavailable, "Redis: MGET: " + values.text, "", 1};
  journal_evidence found;
  if (!values.items[0].is_nil()) found.run = values.items[0].text;
  if (!values.items[1].is_nil()) found.epoch = number_in(values.items[1]);
  found.pages = number_in(values.items[2]);
  const auto& stream = (*replies)[1];
  // Only a stream that is not there is lost: what Redis does not say for another reason proves nothing.
  if (stream.type == redis_reply::kind::failure && stream.text.find("no such key") == std::string::npos)
    return error{errc::journal_unavailable, "Redis: XINFO: " + stream.text, "", 1};
  if (const auto* last = value_of(stream, "last-generated-id")) found.last_result = mark_of(last->text);
  auto vouched = std::move((*replies)[2]);
  if (run_id.empty() && found.run) {
    auto asked = redis_.command({"SCRIPT", "EXISTS", digest_of(journal_pledge{"", *found.run}.voucher())});
    if (!asked) return asked.failure();
    vouched = std::move(*asked);
  }
  found.vouched = !vouched.items.empty() && vouched.items.front().integer == 1;
  return found;
}

result<void> journal_foundation::vouch(const std::string& run_id) {
  redis_.stay(true);
  auto vouched = redis_.command({"SCRIPT", "LOAD", journal_pledge{"", run_id}.voucher()});
  redis_.stay(false);
  return vouched ? result<void>() : vouched.failure();
}

// -- rebuilding --

result<redis_reply> journal_foundation::checked(const redis_script& script, std::vector<std::string> keys,
                                                std::vector<std::string> arguments) {
  auto reply = redis_.command(redis::call(script, keys, arguments));
  if (!reply) return reply;
  auto said = reply->items.empty() ? std::string() : reply->items.front().text;
  if (said == "ok") return reply;
  if (said == "foreign") return lost_journal("it is another installation's");
  return error{errc::fenced, "Another leader rebuilds the journal", "", 0};
}

result<void> journal_foundation::begin(const journal_generation& made) {
  redis_.stay(false);
  scanned_ = "0";
  auto begun = checked(scripts::take_run, {keys_.run, keys_.epoch},
                       {made.run_id, std::to_string(made.epoch), made.installation});
  redis_.stay(true);
  return begun ? result<void>() : begun.failure();
}

result<journal_foundation::surviving> journal_foundation::results(const std::string& after, size_t most) {
  auto reply = redis_.command({"XRANGE", keys_.results, after.empty() ? std::string("-") : "(" + after, "+",
                               "COUNT", std::to_string(most)});
  if (!reply) return reply.failure();
  surviving found;
  for (const auto& entry : reply->items) {
    if (entry.items.size() < 2) continue;
    found.last = entry.items[0].text;
    const auto* body = value_of(entry.items[1], "r");
    auto batch = decode_result_batch(body ? body->text : std::string());
    if (batch)
      found.batches.push_back(std::move(*batch));
    else
      ++found.unreadable;
  }
  return found;
}

/// What is not of a generation: who is there, what operators and nodes have said, and tokens that gateways
/// punish minting of.
bool journal_foundation::outlives(const std::string& key) const {
  return key == keys_.run || key == keys_.epoch || key == keys_.shared || key == keys_.nodes ||
         key == keys_.nodes_seen || key == keys_.stages || key == keys_.configured ||
         begins_with(key, keys_.heartbeat_prefix);
}

result<bool> journal_foundation::sweep(const journal_generation& made) {
  auto reply = redis_.command({"SCAN", scanned_, "MATCH", keys_.prefix() + "*", "COUNT", keys_per_step});
  if (!reply) return reply.failure();
  if (reply->items.size() < 2)
    return error{errc::journal_unavailable, "Redis: SCAN answered in an unknown form", "", 1};
  scanned_ = reply->items[0].text;
  std::vector<std::string> keys{keys_.run};
  for (const auto& each : reply->items[1].items)
    if (!outlives(each.text)) keys.push_back(each.text);
  if (keys.size() > 1)
    if (auto dropped = checked(scripts::drop_keys, keys, {made.run_id}); !dropped) return dropped.failure();
  return scanned_ != "0";
}

result<void> journal_foundation::found(const journal_generation& made) {
  std::vector<std::string> arguments{made.run_id, keys::launch_group, keys::result_group};
  std::istringstream lines(made.configured);
  for (std::string line; std::getline(lines, line);)
    arguments.push_back(line);
  if (arguments.size() % 2 == 0) arguments.pop_back();
  auto done =
      checked(scripts::found_run, {keys_.run, keys_.pages, keys_.launches, keys_.results, keys_.configured},
              std::move(arguments));
  return done ? result<void>() : done.failure();
}

result<void> journal_foundation::finish(const journal_generation& made) {
  auto vouched = vouch(made.run_id);
  give_up();
  return vouched;
}

void journal_foundation::give_up() {
  redis_.stay(false);
}

result<std::string> journal_foundation::configured() {
  auto reply = redis_.command({"HGETALL", keys_.configured});
  if (!reply) return reply.failure();
  std::vector<std::pair<std::string, std::string>> said;
  for (size_t i = 0; i + 1 < reply->items.size(); i += 2)
    said.emplace_back(reply->items[i].text, reply->items[i + 1].text);
  std::sort(said.begin(), said.end());
  std::string lines;
  for (const auto& [node, text] : said)
    lines += node + "\n" + text + "\n";
  return lines;
}

}  // namespace pusher
