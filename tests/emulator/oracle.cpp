#include "tests/emulator/oracle.hpp"

namespace pusher::emulator {

namespace {

constexpr int64_t us_per_second = 1'000'000;

/// The same text may be a token of two gateways.
uint64_t token_hash(gateway_kind kind, const push_facts& push) {
  return stable_hash(push.target) + index_of(kind) * 0xd6e8feb86659fd93U;
}

uint64_t pair_hash(uint64_t token, const push_facts& push) {
  return token * 0x9e3779b97f4a7c15U ^ push.content;
}

}  // namespace

oracle::oracle(const options& settings, request_log& log, statistics& stats)
    : settings_(settings), log_(log), stats_(stats), script_(settings.rates) {}

bool oracle::over_rate(int64_t now_us) {
  if (settings_.max_rate == 0) return false;
  if (now_us / us_per_second != rate_second_) {
    rate_second_ = now_us / us_per_second;
    rate_count_ = 0;
  }
  return ++rate_count_ > settings_.max_rate;
}

scripted_answer oracle::attempt(gateway_kind kind, const push_facts& push) {
  auto token = token_hash(kind, push);
  auto& of_token = by_token_[token];
  auto& of_pair = by_token_and_content_[pair_hash(token, push)];
  earlier_attempts before{of_token.attempts++, of_pair.attempts++};
  return script_.answer(push.text, before);
}

void oracle::count_accepted(gateway_kind kind, const push_facts& push) {
  auto token = token_hash(kind, push);
  auto& counters = stats_.gateways[index_of(kind)];
  ++counters.accepted;
  if (by_token_[token].accepted++ == 0) ++stats_.unique_tokens_accepted;
  if (by_token_and_content_[pair_hash(token, push)].accepted++ > 0) ++counters.duplicates_accepted;
}

void oracle::log(gateway_kind kind, const push_facts& push, int status, std::string_view code,
                 const request& asked, int64_t now_us) {
  log_.add(
      {now_us, status, push.target, push.correlation, code, asked.connection, asked.stream, name_of(kind)});
}

void oracle::count_request(gateway_kind kind, const request& asked, const reply& answer) {
  auto& counters = stats_.gateways[index_of(kind)];
  ++counters.requests;
  ++counters.by_status[static_cast<size_t>(answer.shown_status())];
  if (asked.connection >= gateways_on_connection_.size())
    gateways_on_connection_.resize(asked.connection + 64);
  auto& seen = gateways_on_connection_[asked.connection];
  auto bit = static_cast<uint8_t>(1U << index_of(kind));
  if ((seen & bit) == 0) ++counters.connections;
  seen |= bit;
}

}  // namespace pusher::emulator
