#include "storage/redis.hpp"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "storage/dropped_by_exceptions.hpp"
#include "storage/idle_socket.hpp"
#include "storage/journal_scripts.hpp"

namespace pusher {

namespace {

constexpr timeval connect_timeout{2, 0};
constexpr timeval command_timeout{5, 0};

const std::string& known_digest(const redis_script& script) {
  static const auto digests = [] {
    std::map<std::string, std::string> made;
    for (const auto* each : scripts::all)
      made.emplace(each->name, digest_of(each->text));
    return made;
  }();
  return digests.at(script.name);
}

redis_reply to_value(const redisReply& from) {
  redis_reply to;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      to.type = redis_reply::kind::integer;
      to.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      to.type = redis_reply::kind::text;
      to.text.assign(from.str, static_cast<size_t>(from.len));
      break;
    case REDIS_REPLY_ERROR:
      to.type = redis_reply::kind::failure;
      to.text.assign(from.str, static_cast<size_t>(from.len));
      break;
    case REDIS_REPLY_ARRAY:
      to.type = redis_reply::kind::list;
      to.items.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i)
        to.items.push_back(to_value(*from.element[i]));
      break;
    default:
      break;
  }
  return to;
}

struct reply_deleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

void append(redisContext* to, const redis_arguments& arguments) {
  thread_local std::vector<const char*> pointers;
  thread_local std::vector<size_t> lengths;
  pointers.clear();
  lengths.clear();
  for (const auto& argument : arguments) {
    pointers.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  redisAppendCommandArgv(to, static_cast<int>(arguments.size()), pointers.data(), lengths.data());
}

}  // namespace

std::string digest_of(std::string_view script) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(script.data(), script.size(), digest.data(), &length, EVP_sha1(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

std::string journal_pledge::voucher() const {
  return "-- the journal " + run_id + " is the one that MariaDB knows, and as far as MariaDB knows\nreturn 1";
}

error lost_journal(const std::string& why) {
  return {errc::journal_lost, "the journal in Redis is not the one that MariaDB knows: " + why, "", 10};
}

struct redis::context {
  redisContext* raw = nullptr;
  ~context() {
    if (raw) redisFree(raw);
  }
};

redis::redis(redis_settings endpoint, std::optional<journal_pledge> pledge)
    : endpoint_(std::move(endpoint)), pledge_(std::move(pledge)) {}

redis::~redis() = default;

void redis::drop() {
  context_.reset();
  opening_ = false;
}

void redis::pledge(journal_pledge to) {
  pledge_ = std::move(to);
  drop();
}

error redis::failure(const char* doing) {
  std::string why = context_ && context_->raw ? context_->raw->errstr : "out of memory";
  drop();
  return {errc::journal_unavailable, std::string("Redis: ") + doing + ": " + why, "", 1};
}

result<void> redis::open() {
  if (opening_) return {};
  if (context_ && closed_while_idle(context_->raw->fd)) drop();
  if (context_) return {};
  if (staying_) return error{errc::journal_unavailable, "Redis: the connection has ended", "", 1};
  context_ = std::make_unique<context>();
  context_->raw = endpoint_.unix_socket.empty()
                      ? redisConnectWithTimeout(endpoint_.host.c_str(), endpoint_.port, connect_timeout)
                      : redisConnectUnixWithTimeout(endpoint_.unix_socket.c_str(), connect_timeout);
  if (!context_->raw || context_->raw->err) return failure("cannot connect");
  if (redisSetTimeout(context_->raw, command_timeout) != REDIS_OK) return failure("cannot set the time-out");
  opening_ = true;
  auto greeted = greet();
  opening_ = false;
  if (!greeted) drop();
  return greeted;
}

result<void> redis::greet() {
  std::vector<redis_arguments> greeting;
  if (!endpoint_.password.empty()) greeting.push_back({"AUTH", endpoint_.password});
  if (endpoint_.database != 0) greeting.push_back({"SELECT", std::to_string(endpoint_.database)});
  for (const auto* script : scripts::all)
    greeting.push_back({"SCRIPT", "LOAD", script->text});
  if (pledge_) {
    greeting.push_back({"GET", pledge_->run_key});
    greeting.push_back({"SCRIPT", "EXISTS", digest_of(pledge_->voucher())});
  }
  auto replies = pipeline(greeting);
  if (!replies) return replies.failure();
  for (const auto& reply : *replies)
    if (reply.type == redis_reply::kind::failure)
      return error{errc::journal_unavailable, "Redis refused the connection: " + reply.text, "", 1};
  return pledge_ ? check_pledge((*replies)[replies->size() - 2], replies->back()) : result<void>();
}

result<void> redis::check_pledge(const redis_reply& run, const redis_reply& vouched) {
  if (run.is_nil()) return lost_journal("its run key is missing");
  if (run.text != pledge_->run_id) return lost_journal("its run key differs");
  if (!vouched.items.empty() && vouched.items.front().integer == 1) return {};
  return error{
      errc::journal_unavailable,
      "the journal was not compared with MariaDB yet since Redis was started; a node with MariaDB does so",
      "", 1};
}

result<std::vector<redis_reply>> redis::pipeline(const std::vector<redis_arguments>& commands) {
  if (auto opened = open(); !opened) return opened.failure();
  dropped_by_exceptions guard(*this);
  for (const auto& command : commands)
    append(context_->raw, command);
  std::vector<redis_reply> replies;
  replies.reserve(commands.size());
  bool scripts_gone = false;
  for (size_t i = 0; i < commands.size(); ++i) {
    void* raw = nullptr;
    if (redisGetReply(context_->raw, &raw) != REDIS_OK || !raw) return failure("no reply");
    std::unique_ptr<redisReply, reply_deleter> reply(static_cast<redisReply*>(raw));
    replies.push_back(to_value(*reply));
    if (reply->type == REDIS_REPLY_ERROR && replies.back().text.rfind("NOSCRIPT", 0) == 0)
      scripts_gone = true;
  }
  // Scripts are loaded with each connection, so a connection without them is one from before a SCRIPT FLUSH
  // or a restart that we have not noticed.
  if (scripts_gone) {
    drop();
    return error{errc::journal_unavailable, "Redis forgot the scripts", "", 1};
  }
  return replies;
}

result<redis_reply> redis::command(const redis_arguments& arguments) {
  auto replies = pipeline({arguments});
  if (!replies) return replies.failure();
  auto& reply = replies->front();
  if (reply.type == redis_reply::kind::failure)
    return error{errc::journal_unavailable, "Redis: " + arguments.front() + ": " + reply.text, "", 1};
  return std::move(reply);
}

redis_arguments redis::call(const redis_script& script, std::vector<std::string> keys,
                            std::vector<std::string> arguments) {
  redis_arguments command{"EVALSHA", known_digest(script), std::to_string(keys.size())};
  command.reserve(command.size() + keys.size() + arguments.size());
  std::move(keys.begin(), keys.end(), std::back_inserter(command));
  std::move(arguments.begin(), arguments.end(), std::back_inserter(command));
  return command;
}

}  // namespace pusher
