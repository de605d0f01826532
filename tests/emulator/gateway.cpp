#include "tests/emulator/gateway.hpp"

#include <charconv>
#include <optional>

#include <rapidjson/document.h>

namespace pusher::emulator {

namespace {

constexpr std::string_view push_prefix = "/v1/projects/";
constexpr std::string_view push_suffix = "/messages:send";
constexpr size_t bearer_size = std::string_view("Bearer ").size();
constexpr int64_t us_per_second = 1'000'000;

bool is_push_path(std::string_view path) {
  return path.size() > push_prefix.size() + push_suffix.size() &&
         path.substr(0, push_prefix.size()) == push_prefix &&
         path.substr(path.size() - push_suffix.size()) == push_suffix;
}

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/json";
}

uint64_t pair_hash(const message_facts& facts) {
  return stable_hash(facts.target) * 0x9e3779b97f4a7c15U ^ stable_hash(facts.correlation);
}

std::optional<verdict> failure_named(std::string_view name) {
  if (name == "none") return verdict::accepted;
  if (name == "hang") return verdict::hang;
  if (name == "401") return verdict::unauthenticated;
  if (name == "429") return verdict::quota_exceeded;
  if (name == "500") return verdict::internal;
  if (name == "503") return verdict::unavailable;
  return std::nullopt;
}

}  // namespace

gateway::gateway(const options& settings, token_endpoint& tokens, request_log& log, statistics& stats)
    : settings_(settings),
      tokens_(tokens),
      log_(log),
      stats_(stats),
      script_(settings.rates),
      push_path_(std::string(push_prefix) + settings.project + std::string(push_suffix)) {}

void gateway::handle(request& asked, reply& answer, int64_t now_us) {
  answer.clear();
  bool post = asked.method == "POST";
  if (post && is_push_path(asked.path)) {
    if (!asked.http2) return word_status(505, "Pushes need HTTP/2.", "FAILED_PRECONDITION", answer);
    return push(asked, answer, now_us);
  }
  ++stats_.other_requests;
  if (post && asked.path == "/token") return tokens_.handle(asked, answer, now_us / us_per_second);
  if (post && asked.path == "/_control") return control(asked, answer);
  if (asked.method == "GET" && asked.path == "/_stats") return show_statistics(answer);
  word_html_not_found(answer);
}

void gateway::push(request& asked, reply& answer, int64_t now_us) {
  message_facts facts;
  message_fault fault;
  bool good_message = false;
  if (asked.body_too_large)
    fault.message = "Request payload size exceeds the limit: " + std::to_string(body_limit_bytes) + " bytes.";
  else
    good_message = judge_.judge(asked.body, facts, fault);
  if (!is_json(asked.content_type)) {
    fault.message = "Invalid content type: application/json is expected.";
    good_message = false;
  }

  verdict what = judge(asked, good_message, facts, now_us);
  if (what == verdict::accepted) {
    count_accepted(facts);
    word_accepted(settings_.project, next_message_id(now_us), answer);
  } else if (what == verdict::validated) {
    word_accepted(settings_.project, "fake_message_id", answer);
  } else if (what == verdict::refused_message) {
    word_fault(fault, answer);
  } else {
    word(what, answer);
  }
  answer.delayed = true;

  ++stats_.requests;
  ++stats_.by_status[static_cast<size_t>(status_of(what))];
  log_.add({now_us, status_of(what), facts.target, facts.correlation, code_of(what), asked.connection,
            asked.stream});
}

verdict gateway::judge(const request& asked, bool good_message, const message_facts& facts, int64_t now_us) {
  if (failure_for_all_ != verdict::accepted) return failure_for_all_;
  auto credentials = judge_credentials(asked, now_us);
  if (credentials != verdict::accepted) return credentials;
  if (!good_message) return verdict::refused_message;
  if (settings_.max_rate > 0 && over_rate(now_us)) return verdict::quota_exceeded;
  if (facts.validate_only) return verdict::validated;
  return judge_attempt(facts);
}

verdict gateway::judge_credentials(const request& asked, int64_t now_us) {
  std::string_view credentials = asked.authorization;
  if (credentials.empty()) return verdict::no_credentials;
  auto scheme = credentials.substr(0, bearer_size);
  if (scheme != "Bearer " && scheme != "bearer ") return verdict::unauthenticated;
  if (!tokens_.good(credentials.substr(bearer_size), now_us / us_per_second)) return verdict::unauthenticated;
  return asked.path == push_path_ ? verdict::accepted : verdict::permission_denied;
}

verdict gateway::judge_attempt(const message_facts& facts) {
  auto& of_token = by_token_[stable_hash(facts.target)];
  auto& of_pair = by_token_and_notification_[pair_hash(facts)];
  earlier_attempts before{of_token.attempts++, of_pair.attempts++};
  return script_.answer(facts.token, before);
}

/// A fixed window of a second: sharp, and easy to reason about in a test.
bool gateway::over_rate(int64_t now_us) {
  if (now_us / us_per_second != rate_second_) {
    rate_second_ = now_us / us_per_second;
    rate_count_ = 0;
  }
  return ++rate_count_ > settings_.max_rate;
}

void gateway::count_accepted(const message_facts& facts) {
  if (by_token_[stable_hash(facts.target)].accepted++ == 0) ++stats_.unique_tokens_accepted;
  if (by_token_and_notification_[pair_hash(facts)].accepted++ > 0) ++stats_.duplicates_accepted;
}

std::string_view gateway::next_message_id(int64_t now_us) {
  char number[24];
  auto append = [&](uint64_t value, int base) {
    message_id_.append(number, std::to_chars(number, number + sizeof number, value, base).ptr);
  };
  message_id_ = "0:";
  append(static_cast<uint64_t>(now_us), 10);
  message_id_ += '%';
  append(++message_count_, 16);
  return message_id_;
}

void gateway::control(request& asked, reply& answer) {
  if (!apply_control(asked.body))
    return word_status(400,
                       "Expected {\"fail\": \"503|500|429|401|hang|none\"}, {\"revoke_tokens\": true} or "
                       "{\"close_connections\": true}.",
                       "INVALID_ARGUMENT", answer);
  answer.body = "{}\n";
}

bool gateway::apply_control(std::string& body) {
  rapidjson::Document order;
  order.Parse<rapidjson::kParseIterativeFlag>(body.data(), body.size());
  if (order.HasParseError() || !order.IsObject() || order.ObjectEmpty()) return false;
  auto failure = failure_for_all_;
  bool revoke = false, close = false;
  for (auto each = order.MemberBegin(); each != order.MemberEnd(); ++each) {
    std::string_view name(each->name.GetString(), each->name.GetStringLength());
    if (name == "fail" && each->value.IsString()) {
      auto named = failure_named(each->value.GetString());
      if (!named) return false;
      failure = *named;
    } else if (name == "revoke_tokens" && each->value.IsBool()) {
      revoke = each->value.GetBool();
    } else if (name == "close_connections" && each->value.IsBool()) {
      close = each->value.GetBool();
    } else {
      return false;
    }
  }
  failure_for_all_ = failure;
  if (revoke) tokens_.revoke_all();
  close_requested_ = close_requested_ || close;
  return true;
}

void gateway::show_statistics(reply& answer) const {
  std::string& text = answer.body;
  auto put = [&text](const char* name, uint64_t value) {
    text += "  \"" + std::string(name) + "\": " + std::to_string(value) + ",\n";
  };
  text = "{\n";
  put("requests", stats_.requests);
  put("unique_tokens_accepted", stats_.unique_tokens_accepted);
  put("duplicates_accepted", stats_.duplicates_accepted);
  put("open_streams", stats_.open_streams);
  put("max_open_streams", stats_.max_open_streams);
  put("connections", stats_.connections);
  put("open_connections", stats_.open_connections);
  put("mints", tokens_.mints());
  put("mints_refused", tokens_.refusals());
  put("other_requests", stats_.other_requests);
  text += "  \"by_status\": {";
  const char* comma = "";
  for (size_t status = 0; status < stats_.by_status.size(); ++status) {
    if (stats_.by_status[status] == 0) continue;
    text += comma + ("\"" + std::to_string(status) + "\": ") + std::to_string(stats_.by_status[status]);
    comma = ", ";
  }
  text += "}\n}\n";
}

bool gateway::take_close_request() {
  bool requested = close_requested_;
  close_requested_ = false;
  return requested;
}

}  // namespace pusher::emulator
