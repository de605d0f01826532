// The part of the journal by which credentials reach the senders, who see Redis alone.
#include "storage/journal.hpp"
#include "storage/journal_keys.hpp"
#include "storage/journal_replies.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

result<journal::credential_board> journal::credential_status() {
  auto reply = redis_.command({"HMGET", keys_.credentials, "version", "closed"});
  if (!reply) return reply.failure();
  credential_board board;
  if (reply->items.size() < 2) return board;
  board.version = reply->items[0].text;
  board.closed = reply->items[1].text;
  return board;
}

result<journal::credential_board> journal::load_credentials() {
  auto reply = redis_.command({"HMGET", keys_.credentials, "version", "closed", "index"});
  if (!reply) return reply.failure();
  credential_board board;
  if (reply->items.size() < 3) return board;
  board.version = reply->items[0].text;
  board.closed = reply->items[1].text;
  board.index = reply->items[2].text;
  return board;
}

result<std::optional<std::string>> journal::sealed_credential(const std::string& id) {
  auto reply = redis_.command({"HGET", keys_.sealed_credentials, id});
  if (!reply) return reply.failure();
  if (reply->is_nil()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(reply->text));
}

result<commit_status> journal::publish_credentials(
    uint64_t epoch, uint64_t version, const std::string& index,
    const std::vector<std::pair<std::string, std::string>>& sealed) {
  std::vector<std::string> arguments{std::to_string(epoch), std::to_string(version), index};
  for (const auto& [id, text] : sealed) {
    arguments.push_back(id);
    arguments.push_back(text);
  }
  auto reply = run(scripts::publish_credentials, {keys_.epoch, keys_.credentials, keys_.sealed_credentials},
                   std::move(arguments));
  if (!reply) return reply.failure();
  return status_in(*reply);
}

result<commit_status> journal::close_routes(uint64_t epoch, const std::string& routes) {
  auto reply = run(scripts::close_routes, {keys_.epoch, keys_.credentials}, {std::to_string(epoch), routes});
  if (!reply) return reply.failure();
  return status_in(*reply);
}

result<std::vector<std::string>> journal::busy_queues() {
  auto reply = run(scripts::busy_queues, {keys_.queues}, {keys_.push_prefix});
  if (!reply) return reply.failure();
  return texts_in(std::move(*reply), 1);
}

result<void> journal::tell_trouble(const std::string& credential, const std::string& what) {
  auto reply =
      redis_.command(what.empty() ? redis_arguments{"HDEL", keys_.credential_troubles, credential}
                                  : redis_arguments{"HSET", keys_.credential_troubles, credential, what});
  if (!reply) return reply.failure();
  return {};
}

result<std::vector<std::string>> journal::troubles(const std::vector<std::string>& credentials) {
  std::vector<std::string> found(credentials.size());
  if (credentials.empty()) return found;
  redis_arguments command{"HMGET", keys_.credential_troubles};
  command.insert(command.end(), credentials.begin(), credentials.end());
  auto reply = redis_.command(command);
  if (!reply) return reply.failure();
  for (size_t i = 0; i < found.size() && i < reply->items.size(); ++i)
    found[i] = reply->items[i].text;
  return found;
}

result<std::vector<std::pair<std::string, std::string>>> journal::configured() {
  auto reply = redis_.command({"HGETALL", keys_.configured});
  if (!reply) return reply.failure();
  std::vector<std::pair<std::string, std::string>> found;
  for (size_t i = 0; i + 1 < reply->items.size(); i += 2)
    found.emplace_back(reply->items[i].text, reply->items[i + 1].text);
  return found;
}

result<void> journal::forget_configured(const std::string& node) {
  auto reply = redis_.command({"HDEL", keys_.configured, node});
  if (!reply) return reply.failure();
  return {};
}

}  // namespace pusher
