#include "actors/span_exporter.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <curl/curl.h>

#include "actors/log.hpp"
#include "actors/otlp_json.hpp"

namespace pusher {

namespace {

constexpr auto gather = std::chrono::milliseconds(500);
constexpr size_t most_of_a_request = 512;
constexpr size_t answer_cap = 64 * 1024;
constexpr long last_moment_ms = 1'000;  // for what waits when the node ends

// libcurl's handles are all pointers to void.
struct easy_deleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct multi_deleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct list_deleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t forget(char*, size_t size, size_t count, void* taken) {
  auto& all = *static_cast<size_t*>(taken);
  all += size * count;
  return all > answer_cap ? 0 : size * count;
}

std::string url_of(const std::string& endpoint) {
  auto end = endpoint.find_last_not_of('/');
  return endpoint.substr(0, end + 1) + "/v1/traces";
}

}  // namespace

/// A connection to the collector that is kept, and the request on it.
struct span_exporter::channel {
  explicit channel(const trace_settings& settings)
      : url(url_of(settings.endpoint)), easy(curl_easy_init()), multi(curl_multi_init()) {
    headers.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
    headers.reset(curl_slist_append(headers.release(), "Expect:"));
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "https,http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_USERAGENT, "pusher");
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_WRITEFUNCTION, forget);
    set(CURLOPT_WRITEDATA, &answer_bytes);
    if (settings.ca_file.empty()) return;
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }

  /// Why not; empty when the collector took it. `ending` makes it short.
  template <class Ending>
  std::string post(const std::string& body, long timeout_ms, Ending ending) {
    answer_bytes = 0;
    set(CURLOPT_POSTFIELDS, body.c_str());
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    set(CURLOPT_TIMEOUT_MS, timeout_ms);
    set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    auto began = std::chrono::steady_clock::now();
    auto outcome = CURLE_OPERATION_TIMEDOUT;
    curl_multi_add_handle(multi.get(), easy.get());
    for (int running = 1; running > 0;) {
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
      auto passed = std::chrono::steady_clock::now() - began;
      if (running > 0 && ending() && passed > std::chrono::milliseconds(last_moment_ms)) break;
      if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 100, nullptr);
    }
    int left = 0;
    while (auto* message = curl_multi_info_read(multi.get(), &left))
      if (message->msg == CURLMSG_DONE) outcome = message->data.result;
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi.get(), easy.get());
    if (outcome != CURLE_OK)
      return std::string("the collector does not answer: ") + curl_easy_strerror(outcome);
    if (status >= 200 && status < 300) return "";
    return "the collector answers with " + std::to_string(status);
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy.get(), option, value);
  }

  const std::string url;
  size_t answer_bytes = 0;
  std::unique_ptr<curl_slist, list_deleter> headers;
  std::unique_ptr<CURL, easy_deleter> easy;
  std::unique_ptr<CURLM, multi_deleter> multi;
};

span_exporter::span_exporter(const trace_settings& settings, std::string node)
    : settings_(settings), node_(std::move(node)) {
  if (!traces()) return;
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  channel_ = std::make_unique<channel>(settings_);
  thread_ = std::thread([this] { run(); });
}

span_exporter::~span_exporter() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

void span_exporter::add(span finished) {
  if (!traces()) return;
  std::lock_guard<std::mutex> guard(mutex_);
  if (stopping_ || waiting_.size() >= settings_.queue_spans) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(finished));
  if (waiting_.size() == most_of_a_request) wanted_.notify_all();
}

void span_exporter::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wanted_.wait_for(lock, gather, [this] { return stopping_ || waiting_.size() >= most_of_a_request; });
    bool last = stopping_;
    if (!waiting_.empty()) {
      std::vector<span> taken;
      auto end = waiting_.begin() + static_cast<long>(std::min(waiting_.size(), most_of_a_request));
      taken.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
      lock.unlock();
      send(taken);
      lock.lock();
    }
    if (last) break;
  }
  dropped_ += waiting_.size();
}

/// What the collector does not take is gone: spans tell of work, and are none themselves.
void span_exporter::send(const std::vector<span>& spans) {
  auto ending = [this] {
    std::lock_guard<std::mutex> guard(mutex_);
    return stopping_;
  };
  auto trouble = channel_->post(otlp_json(spans, node_),
                                long{1000} * static_cast<long>(settings_.timeout_seconds), ending);
  (trouble.empty() ? exported_ : failed_) += spans.size();
  tell(trouble);
}

void span_exporter::tell(const std::string& trouble) {
  if (trouble == told_) return;
  if (trouble.empty())
    log::info("trace.collector_well");
  else
    log::warn("trace.not_exported", {{"detail", trouble}});
  told_ = trouble;
}

}  // namespace pusher
