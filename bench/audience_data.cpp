#include "bench/audience_data.hpp"

namespace pusher::bench {

namespace {

/// SplitMix64: well mixed, and the same everywhere.
uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::string nested(int levels) {
  std::string json = R"({"property":"plan","eq":"pro"})";
  for (int i = 0; i < levels; ++i)
    json = i % 2 ? R"({"any":[{"property":"level","eq":-1},)" + json + "]}"
                 : R"({"all":[{"property":"level","gte":0},)" + json + "]}";
  return json;
}

}  // namespace

device device_number(uint64_t i) {
  auto drawn = mixed(i);
  auto draw = [&drawn](uint64_t of) {
    drawn = mixed(drawn);
    return drawn % of;
  };
  device made;
  made.device_id = "device-" + std::to_string(i);
  made.gateway = gateway::fcm;
  made.platform = draw(2) ? platform::android : platform::ios;
  made.push_token = "token-" + std::to_string(mixed(i)) + std::to_string(mixed(i + 1)) + std::to_string(i) +
                    std::string(90, 'x');
  made.user_id = "user-" + std::to_string(i / 2);
  made.locale = draw(3) ? "en-US" : "ko-KR";
  made.app_version = "3." + std::to_string(draw(20)) + ".1";
  auto& text = made.properties;
  text = R"({"plan":")" + std::string(draw(2) ? "pro" : "free") + R"(","level":)" +
         std::to_string(draw(100)) + R"(,"country":"l)" + std::to_string(draw(200)) + R"(","coupon":"c)" +
         std::to_string(draw(10'000)) + "\"";
  if (draw(2)) text += R"(,"tags":["t)" + std::to_string(draw(50)) + R"(","eu"])";
  if (draw(2)) text += R"(,"beta":true)";
  if (draw(2)) text += R"(,"renews":{"time":"2026-12-)" + std::to_string(10 + draw(18)) + R"(T00:00:00Z"})";
  if (draw(2)) text += R"(,"ratio":0.)" + std::to_string(draw(1000));
  text += "}";
  return made;
}

const std::vector<measured_condition>& measured_conditions() {
  static const std::vector<measured_condition> all{
      {"every device", "{}"},
      {"50 %", R"({"property":"plan","eq":"pro"})"},
      {"range, 21 %", R"({"property":"level","between":[40,60]})"},
      {"1 %", R"({"property":"level","eq":7})"},
      {"AND, 10 %", R"({"all":[{"property":"plan","eq":"pro"},{"property":"level","lt":20}]})"},
      {"OR, 1.5 %", R"({"any":[{"property":"level","eq":7},{"property":"country","eq":"l5"}]})"},
      {"NOT, 50 %", R"({"not":{"property":"plan","eq":"pro"}})"},
      {"list and version", R"({"all":[{"property":"tags","contains":"t7"},)"
                           R"({"attribute":"app_version","version_lt":"3.10"}]})"},
      {"cohort, 10 %", R"({"cohort":{"of":100,"from":0,"to":9,"seed":"spring"}})"},
      {"nested ten deep, 50 %", nested(10)},
      {"1 in 10,000", rare_coupon}};
  return all;
}

}  // namespace pusher::bench
