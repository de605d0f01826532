#include "tests/emulator/fcm.hpp"

#include <charconv>

#include "tests/emulator/fcm_answers.hpp"
#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr auto self = gateway_kind::fcm;
constexpr std::string_view push_prefix = "/v1/projects/";
constexpr std::string_view push_suffix = "/messages:send";
constexpr size_t bearer_size = std::string_view("Bearer ").size();
constexpr std::string_view second_projects = "SECOND";  // tokens that belong to the second project
constexpr int64_t us_per_second = 1'000'000;

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/json";
}

}  // namespace

fcm_gateway::fcm_gateway(const options& settings, token_endpoint& tokens, oracle& books)
    : tokens_(tokens), books_(books), first_project_(settings.project) {
  take_project(first_project_);
}

void fcm_gateway::take_project(const std::string& project) {
  if (project == project_) return;
  project_ = project;
  push_path_ = std::string(push_prefix) + project + std::string(push_suffix);
}

bool fcm_gateway::takes(std::string_view path) {
  return path.size() > push_prefix.size() + push_suffix.size() &&
         path.substr(0, push_prefix.size()) == push_prefix &&
         path.substr(path.size() - push_suffix.size()) == push_suffix;
}

void fcm_gateway::handle(request& asked, reply& answer, int64_t now_us) {
  if (!asked.http2) return word_status(505, "Pushes need HTTP/2.", "FAILED_PRECONDITION", answer);
  push(asked, answer, now_us);
}

void fcm_gateway::push(request& asked, reply& answer, int64_t now_us) {
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

  push_facts push{facts.target, facts.token, facts.correlation, stable_hash(facts.correlation)};
  auto decided = judge(asked, answer, good_message, facts, push, now_us);
  if (decided.what == verdict::accepted) books_.count_accepted(self, push);
  auto code = word_any(decided, fault, asked, answer, now_us);
  answer.delayed = true;
  books_.count_request(self, asked, answer);
  books_.log(self, push, answer.shown_status(), code, asked, now_us);
}

scripted_answer fcm_gateway::judge(const request& asked, reply& answer, bool good_message,
                                   const message_facts& facts, const push_facts& push, int64_t now_us) {
  if (auto failure = books_.failure_of(self); failure != verdict::accepted) return {failure};
  auto credentials = judge_credentials(asked, now_us);
  if (credentials != verdict::accepted) return {credentials};
  answer.credentials_good = true;
  if (!good_message) return {verdict::refused_message};
  if (books_.over_rate(now_us)) return {verdict::quota_exceeded};
  bool of_second = facts.token.substr(0, second_projects.size()) == second_projects;
  if (of_second != (project_ != first_project_) && !facts.token.empty() && !facts.validate_only)
    return {verdict::sender_mismatch};
  if (facts.validate_only) return {verdict::validated};
  return books_.attempt(self, push);
}

verdict fcm_gateway::judge_credentials(const request& asked, int64_t now_us) {
  std::string_view credentials = asked.authorization;
  if (credentials.empty()) return verdict::no_credentials;
  auto scheme = credentials.substr(0, bearer_size);
  if (scheme != "Bearer " && scheme != "bearer ") return verdict::unauthenticated;
  const auto* owner = tokens_.owner_of(credentials.substr(bearer_size), now_us / us_per_second);
  if (!owner) return verdict::unauthenticated;
  take_project(owner->project);
  return asked.path == push_path_ ? verdict::accepted : verdict::permission_denied;
}

/// Fills the answer; its word for the log.
std::string_view fcm_gateway::word_any(const scripted_answer& decided, const message_fault& fault,
                                       const request& asked, reply& answer, int64_t now_us) {
  if (auto code = word_misbehaviour(decided.what, asked.path, answer); !code.empty()) return code;
  switch (decided.what) {
    case verdict::accepted:
      word_accepted(project_, next_message_id(now_us), answer);
      return {};
    case verdict::validated:
      word_accepted(project_, "fake_message_id", answer);
      break;
    case verdict::refused_message:
      word_fault(fault, answer);
      break;
    case verdict::said:
      word_said(decided, answer);
      return decided.code;
    default:
      word(decided.what, answer);
  }
  return code_of(decided.what);
}

std::string_view fcm_gateway::next_message_id(int64_t now_us) {
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

}  // namespace pusher::emulator
