// What is done per push or per call by the processor alone, on one core: payloads, encryption, the reading of
// requests, the judging of conditions; each beside the least that it can cost. A second is one of CPU.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "actors/log.hpp"
#include "bench/audience_data.hpp"
#include "bench/gateway_facts.hpp"
#include "bench/measure.hpp"
#include "http/codec_device.hpp"
#include "http/codec_notification.hpp"
#include "model/condition.hpp"
#include "model/json.hpp"
#include "model/message_wording.hpp"
#include "transports/apns/protocol.hpp"
#include "transports/base64url.hpp"
#include "transports/fcm/protocol.hpp"
#include "transports/hms/protocol.hpp"
#include "transports/origin.hpp"
#include "transports/webpush/protocol.hpp"
#include "transports/webpush/workers.hpp"

namespace pusher::bench {

namespace {

constexpr double least_cpu = 0.1;
constexpr size_t targets_per_order = 500;
const char* const nowhere = "https://127.0.0.1:9";  // nothing is sent

/// Repeats what does `count` things at once until it has used enough CPU.
void repeat(const std::string& name, side whose, uint64_t count, const std::function<void()>& what) {
  what();
  uint64_t done = 0;
  stopwatch watch;
  cost took;
  do {
    what();
    done += count;
    took = watch.read();
  } while (took.cpu < least_cpu);
  took.seconds = took.cpu;
  tell(name, whose, done, took);
}

// -- payloads --

message with_variables(const message& plain) {
  auto made = plain;
  made.content.title = "{{properties.plan}}: {{variables.offer | a sale}}";
  made.variables = variables_of(made);
  return worded(made, 0);
}

service_account some_account() {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}), EVP_PKEY_free);
  std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(text.get(), &bytes);
  return {"project", "a@b.example", "1", std::string(nowhere) + "/token",
          must(rsa_key::parse({bytes, static_cast<size_t>(size)}))};
}

push_order order_for(channel to, bool variables) {
  emulated gateway;
  gateway.channel = to;
  gateway.web_push_url = "https://push.example/wpush/";
  std::array<uint8_t, 16> secret{1};
  auto point = must(ec_key::generate()).public_point();
  auto text = [](const auto& bytes) {
    return to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  gateway.subscription_keys = text(point) + "." + text(secret);
  push_order made;
  auto plain = campaign_message(to);
  made.content = variables ? std::make_shared<message>(with_variables(*plain)) : plain;
  for (uint32_t i = 0; i < targets_per_order; ++i) {
    made.numbers.push_back(i);
    made.targets.push_back(gateway.target(i));
    if (variables) made.targets.back().values = {"gold", "half price"};
  }
  return made;
}

/// Words each target of the order as a sender does before each push; the bytes of the bodies.
size_t word_all(gateway_protocol& protocol, const std::shared_ptr<open_order>& order, push_request& request) {
  size_t bytes = 0;
  auto most = protocol.targets_per_request(*order->order.content);
  auto now = now_ms();
  for (uint32_t i = 0; i < order->order.targets.size();) {
    request.targets.clear();
    for (size_t n = 0; n < most && i < order->order.targets.size(); ++n)
      request.targets.push_back({order, i++, false});
    if (protocol.word(request, now)) give_up({errc::internal, "a push cannot be worded", "", 0});
    bytes += request.payload_bytes();
  }
  return bytes;
}

void measure_words(const std::string& name, gateway_protocol& protocol, push_order targets) {
  auto order = std::make_shared<open_order>();
  order->order = std::move(targets);
  push_request request;
  request.generation = protocol.credential(std::chrono::steady_clock::now());
  size_t bytes = 0;
  repeat(name, side::ours, targets_per_order, [&] { bytes = word_all(protocol, order, request); });
  // The least: to copy the bytes.
  std::string from(bytes / targets_per_order, 'x'), to(from.size(), ' ');
  volatile char kept = 0;
  repeat(name, side::floor, targets_per_order, [&] {
    for (size_t i = 0; i < targets_per_order; ++i) {
      from[0] = static_cast<char>(i);
      to.assign(from);
      kept = to[to.size() - 1];
    }
  });
}

void measure_payloads() {
  auto loop = must(event_loop::make());
  auto where = must(parse_origin(nowhere));
  fcm_protocol fcm(some_account(), where, {}, *loop);
  apns_protocol apns(where.authority, "com.example.app", nullptr, false);
  hms_settings huawei;
  huawei.app_id = "1";
  huawei.token_url = std::string(nowhere) + "/token";
  hms_protocol hms(huawei, where, *loop);
  for (bool variables : {false, true}) {
    std::string suffix = variables ? ", variables" : "";
    measure_words("payload: fcm" + suffix, fcm, order_for(channel::fcm, variables));
    measure_words("payload: apns" + suffix, apns, order_for(channel::apns, variables));
    measure_words("payload: hms" + suffix, hms, order_for(channel::hms, variables));
  }
}

// -- Web Push --

/// The threads that encrypt, one of them, as the transport uses them.
class encryption {
 public:
  void all(const push_order& order) {
    size_t bodies = 0;
    workers_.add(order);
    while (bodies < order.targets.size()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return std::exchange(made_, false); });
      for (const auto& part : workers_.take())
        bodies += part.order.bodies.size() + part.failed.size();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool made_ = false;
  encryption_workers workers_{1, {{}, true}, [this] {
                                std::lock_guard guard(mutex_);
                                made_ = true;
                                changed_.notify_one();
                              }};
};

/// A key pair and a shared secret: the two multiplications that nothing can spare.
void multiply(size_t times) {
  using point_ptr = std::unique_ptr<EC_POINT, decltype(&EC_POINT_free)>;
  std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
                                                            EC_GROUP_free);
  std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> numbers(BN_CTX_new(), BN_CTX_free);
  std::unique_ptr<BIGNUM, decltype(&BN_free)> scalar(BN_new(), BN_free);
  point_ptr own(EC_POINT_new(group.get()), EC_POINT_free), shared(EC_POINT_new(group.get()), EC_POINT_free);
  for (size_t i = 0; i < times; ++i) {
    BN_rand(scalar.get(), 255, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
    EC_POINT_mul(group.get(), own.get(), scalar.get(), nullptr, nullptr, numbers.get());
    EC_POINT_mul(group.get(), shared.get(), nullptr, own.get(), scalar.get(), numbers.get());
  }
}

void measure_encryption() {
  encryption workers;
  for (bool variables : {false, true}) {
    auto name = std::string("payload: webpush, encrypted") + (variables ? ", variables" : "");
    auto order = order_for(channel::webpush, variables);
    repeat(name, side::ours, targets_per_order, [&] { workers.all(order); });
    repeat(name, side::floor, targets_per_order, [&] { multiply(targets_per_order); });
  }
}

// -- requests --

constexpr size_t texts_at_once = 100;

template <class Read>
void measure_reading(const std::string& name, const std::string& text, const Read& read) {
  repeat(name, side::ours, texts_at_once, [&] {
    for (size_t i = 0; i < texts_at_once; ++i) {
      auto body = must(json::parse(text));
      (void)must(read(body));
    }
  });
  repeat(name, side::floor, texts_at_once, [&] {
    for (size_t i = 0; i < texts_at_once; ++i) {
      rapidjson::Document bare;
      bare.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
      if (bare.HasParseError()) give_up({errc::internal, "a text is no JSON", "", 0});
    }
  });
}

void measure_requests() {
  auto device = device_number(7);
  measure_reading("reading: registration",
                  R"({"gateway":"fcm","platform":"android","push_token":")" + device.push_token +
                      R"(","user_id":"user-7","locale":"en-US","time_zone":"Europe/Paris",)"
                      R"("app_version":"3.1.1","properties":)" +
                      device.properties + "}",
                  [](const auto& body) { return http::parse_device(body, "device-7"); });
  measure_reading("reading: notification",
                  R"({"content":{"title":"Spring sale","body":"Half the price until Sunday",)"
                  R"("deep_link":"https://shop.example/sale","data":{"campaign":"spring"}},)"
                  R"("audience":{"condition":{"all":[{"property":"plan","eq":"pro"},)"
                  R"({"property":"level","lt":20}]}},"ttl_seconds":3600,"launch":true})",
                  http::parse_notification);
}

// -- conditions --

/// Judged, beside finding the first property's name in the text and nothing more.
void measure_conditions() {
  std::vector<device> devices;
  for (uint64_t i = 0; i < 5'000; ++i)
    devices.push_back(device_number(i));
  for (const auto& each : measured_conditions()) {
    auto where = must(condition::parse(each.json));
    if (where.matches_all()) continue;
    auto name = std::string("condition: ") + each.name;
    device_reader reader;
    device_row row;
    uint64_t matched = 0;
    repeat(name, side::ours, devices.size(), [&] {
      for (const auto& judged : devices) {
        row.device_id = judged.device_id;
        row.app_version = *judged.app_version;
        row.properties = judged.properties;
        reader.load(row);
        matched += where.matches(reader, 0) ? 1 : 0;
      }
    });
    repeat(name, side::floor, devices.size(), [&] {
      for (const auto& judged : devices)
        matched += judged.properties.find(R"("level")") != std::string::npos ? 1 : 0;
    });
    if (matched == 0) give_up({errc::internal, "no device matches", "", 0});
  }
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  using namespace pusher::bench;
  CLI::App app("Measures payloads, requests and conditions on one core.");
  int rounds = 5;
  app.add_option("--rounds", rounds, "Rounds")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("error", "text");
  for (int round = 0; round < rounds; ++round) {
    measure_payloads();
    measure_encryption();
    measure_requests();
    measure_conditions();
  }
  return 0;
}
