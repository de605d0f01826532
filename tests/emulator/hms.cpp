#include "tests/emulator/hms.hpp"

#include <algorithm>

#include "tests/emulator/json_text.hpp"
#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr auto self = gateway_kind::hms;
constexpr int64_t us_per_second = 1'000'000;
constexpr int retry_after_seconds = 1;
constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view suffix = "/messages:send";
constexpr std::string_view success = "80000000", partial_success = "80100000", all_illegal = "80300007";
constexpr std::string_view validated = "VALIDATED";  // in the log only
constexpr std::string_view unknown_token = "80200001", expired_token = "80200003", no_permission = "80300002";
constexpr std::string_view bad_structure = "80100003", system_error = "81000001";

/// What stands between the version and the method; empty when the path is another.
std::string_view app_in(std::string_view path) {
  auto version = path.substr(0, 4);
  if ((version != "/v1/" && version != "/v2/") || path.size() <= version.size() + suffix.size()) return {};
  if (path.substr(path.size() - suffix.size()) != suffix) return {};
  auto app = path.substr(version.size(), path.size() - version.size() - suffix.size());
  return app.find('/') == std::string_view::npos ? app : std::string_view();
}

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/json";
}

struct wording {
  int status;
  std::string_view code;
  const char* text;
};

wording wording_of(verdict what) {
  switch (what) {
    case verdict::bad_payload:
      return {200, bad_structure, "Incorrect message structure."};
    case verdict::sender_mismatch:
      return {200, no_permission, "The current app does not have the permission to send messages."};
    case verdict::third_party_auth:
    case verdict::unauthenticated:
      return {401, unknown_token, "OAuth authentication error."};
    case verdict::quota_exceeded:
      return {429, system_error, "Too many requests."};
    case verdict::unavailable:
      return {503, system_error, "Flow control."};
    default:
      return {500, system_error, "System internal error."};
  }
}

/// Of one token among others, not of the request.
bool makes_illegal(const scripted_answer& decided) {
  return decided.what == verdict::unregistered || decided.what == verdict::bad_token;
}

}  // namespace

hms_gateway::hms_gateway(hms_token_endpoint& tokens, oracle& books) : tokens_(tokens), books_(books) {}

bool hms_gateway::takes(std::string_view path) {
  return !app_in(path).empty();
}

push_facts hms_gateway::facts_of(const hms_message& message, std::string_view target) const {
  push_facts push;
  push.target = push.text = target;
  push.content = message.content;
  push.correlation = message.correlation;
  return push;
}

void hms_gateway::handle(request& asked, reply& answer, int64_t now_us) {
  auto message = read_hms_message(asked.body);
  illegal_.clear();
  auto code = decide(asked, message, answer, now_us);
  answer.delayed = true;
  books_.count_request(self, asked, answer);
  if (message.targets.empty()) message.targets.emplace_back();
  for (size_t i = 0; i < message.targets.size(); ++i) {
    bool illegal = !illegal_.empty() && illegal_[i];
    bool fine = code == success || (code == partial_success && !illegal);
    auto shown = fine ? std::string_view() : illegal ? all_illegal : code;
    books_.log(self, facts_of(message, message.targets[i]), answer.shown_status(), shown, asked, now_us);
  }
}

/// Fills the answer; its code, or the word for the log where the answer tells less.
std::string_view hms_gateway::decide(const request& asked, const hms_message& message, reply& answer,
                                     int64_t now_us) {
  if (auto failure = books_.failure_of(self); failure != verdict::accepted)
    return word(failure, asked, answer);
  if (auto code = refuse(asked, message, answer, now_us); !code.empty()) return code;
  if (books_.over_rate(now_us)) return word(verdict::quota_exceeded, asked, answer);
  if (message.validate_only) {
    put(200, success, "Success", answer);
    return validated;
  }
  return deliver(asked, message, answer);
}

/// As Huawei does, with status 200. Empty when the request is good.
std::string_view hms_gateway::refuse(const request& asked, const hms_message& message, reply& answer,
                                     int64_t now_us) {
  auto no = [&](std::string_view code, std::string_view text) {
    put(200, code, text, answer);
    return std::string_view(code_ = code);
  };
  std::string_view credentials = asked.authorization;
  auto state = credentials.substr(0, bearer.size()) == bearer
                   ? tokens_.judge(credentials.substr(bearer.size()), now_us / us_per_second)
                   : hms_token_endpoint::state::unknown;
  if (state == hms_token_endpoint::state::unknown) return no(unknown_token, "OAuth authentication error.");
  if (state == hms_token_endpoint::state::expired) return no(expired_token, "OAuth Token expired.");
  if (app_in(asked.path) != hms_identity::app_id)
    return no(no_permission, "The current app does not have the permission to send messages.");
  answer.credentials_good = true;
  if (asked.body_too_large) return no("80300008", "The message is too large.");
  if (!is_json(asked.content_type)) return no(bad_structure, "Content-Type is not application/json.");
  return message.code.empty() ? std::string_view() : no(message.code, message.fault);
}

std::string_view hms_gateway::deliver(const request& asked, const hms_message& message, reply& answer) {
  const auto& targets = message.targets;
  scripted_answer of_request;
  illegal_.assign(targets.size(), false);
  for (size_t i = 0; i < targets.size(); ++i) {
    auto decided = books_.attempt(self, facts_of(message, targets[i]));
    illegal_[i] = targets[i].substr(0, 7) == "ILLEGAL" || makes_illegal(decided);
    if (of_request.what == verdict::accepted && !illegal_[i]) of_request = decided;
  }
  if (of_request.what != verdict::accepted) {
    illegal_.clear();
    return word(of_request, asked, answer);
  }
  std::string listed;
  size_t accepted = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (illegal_[i]) {
      listed += (listed.empty() ? "" : ",") + quoted(targets[i]);
    } else {
      books_.count_accepted(self, facts_of(message, targets[i]));
      ++accepted;
    }
  }
  if (accepted == targets.size()) return put(200, success, "Success", answer), success;
  if (accepted == 0) return put(200, all_illegal, "All tokens are invalid", answer), all_illegal;
  put(200, partial_success,
      "{\"success\":" + std::to_string(accepted) + ",\"failure\":" +
          std::to_string(targets.size() - accepted) + ",\"illegal_tokens\":[" + listed + "]}",
      answer);
  return partial_success;
}

std::string_view hms_gateway::word(const scripted_answer& decided, const request& asked, reply& answer) {
  if (auto code = word_misbehaviour(decided.what, asked.path, answer); !code.empty()) return code;
  if (decided.what == verdict::said) {
    put(decided.status, decided.code, "The token asked for this answer.", answer);
    answer.retry_after_seconds = decided.retry_after_seconds;
    return code_ = decided.code;
  }
  auto words = wording_of(decided.what);
  put(words.status, words.code, words.text, answer);
  if (words.status == 429 || words.status == 503) answer.retry_after_seconds = retry_after_seconds;
  return words.code;
}

void hms_gateway::put(int status, std::string_view code, std::string_view text, reply& answer) {
  answer.status = status;
  answer.body = "{\"code\":" + quoted(code) + ",\"msg\":" + quoted(text) + ",\"requestId\":\"1700000000" +
                std::to_string(++request_count_) + "\"}";
}

}  // namespace pusher::emulator
