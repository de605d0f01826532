#include "actors/rest_client.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "model/json_members.hpp"

namespace pusher {

namespace {

constexpr long connect_seconds = 10;
constexpr auto longest_patience = std::chrono::seconds(60);
constexpr size_t most_bytes = 64 * 1024 * 1024;

size_t append(char* bytes, size_t size, size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > most_bytes) return 0;
  text.append(bytes, size * count);
  return size * count;
}

/// The headers of one request.
class header_list {
 public:
  ~header_list() { curl_slist_free_all(list_); }
  header_list() = default;
  header_list(const header_list&) = delete;
  header_list& operator=(const header_list&) = delete;
  void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// How long a refusal asks us to wait.
std::chrono::seconds asked_wait(const rest_client::answer& refused) {
  constexpr unsigned usual = 1, most = 10;
  const auto& said = refused.at("retry_after");
  return std::chrono::seconds(said.IsUint() ? std::clamp(said.GetUint(), usual, most) : usual);
}

}  // namespace

std::string local_url(const listen_address& at) {
  auto host = at.host == "0.0.0.0" || at.host == "::" || at.host == "[::]" ? "127.0.0.1" : at.host;
  bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(at.port);
}

const rapidjson::Value& rest_client::answer::at(const char* name) const {
  static const rapidjson::Value none;
  const auto* found = json::find(body, name);
  return found ? *found : none;
}

std::string rest_client::answer::text_at(const char* name) const {
  return json::text_at(body, name);
}

std::string rest_client::answer::problem() const {
  if (!body.IsObject()) return "The answer has status " + std::to_string(status) + " and is not Pusher's.";
  auto detail = json::text_at(body, "detail");
  const auto& errors = at("errors");
  if (errors.IsArray() && !errors.Empty()) detail += " (" + json::text_at(errors[0], "pointer") + ")";
  return detail + " [" + std::to_string(status) + " " + json::text_at(body, "code") + "]";
}

rest_client::rest_client(std::string url, std::string key, std::string ca_file)
    : url_(std::move(url)), key_(std::move(key)), ca_file_(std::move(ca_file)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  while (!url_.empty() && url_.back() == '/')
    url_.pop_back();
  handle_.reset(curl_easy_init());
}

result<rest_client::answer> rest_client::call(const char* method, const std::string& path,
                                              const std::string& body, const std::string& once) {
  auto until = std::chrono::steady_clock::now() + longest_patience;
  for (;;) {
    auto answered = call_once(method, path, body, once);
    if (!answered || (answered->status != 429 && answered->status != 503)) return answered;
    auto wait = asked_wait(*answered);
    if (std::chrono::steady_clock::now() + wait > until) return answered;
    std::this_thread::sleep_for(wait);
  }
}

result<rest_client::answer> rest_client::look(const std::string& path, std::chrono::seconds longest) {
  auto usual = std::exchange(longest_, longest);
  auto answered = call_once("GET", path, "", "");
  longest_ = usual;
  return answered;
}

result<rest_client::answer> rest_client::call_once(const char* method, const std::string& path,
                                                   const std::string& body, const std::string& once) {
  auto* on = handle_.get();
  if (on == nullptr) return error{errc::internal, "libcurl could not be started.", "", 0};
  curl_easy_reset(on);
  header_list headers;
  if (!key_.empty()) headers.add("Authorization: Bearer " + key_);
  if (!body.empty()) headers.add("Content-Type: application/json");
  if (!once.empty()) headers.add("Idempotency-Key: " + once);
  answer made;
  auto url = url_ + path;
  curl_easy_setopt(on, CURLOPT_URL, url.c_str());
  curl_easy_setopt(on, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(on, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(on, CURLOPT_HTTPHEADER, headers.get());
  if (!body.empty()) {
    curl_easy_setopt(on, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(on, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  if (!ca_file_.empty()) curl_easy_setopt(on, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(on, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(on, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(on, CURLOPT_TIMEOUT, static_cast<long>(longest_.count()));
  curl_easy_setopt(on, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(on, CURLOPT_WRITEDATA, &made.text);
  if (auto fault = curl_easy_perform(on); fault != CURLE_OK)
    return error{errc::gateway_unavailable, url_ + " does not answer: " + curl_easy_strerror(fault) + ".", "",
                 0};
  curl_easy_getinfo(on, CURLINFO_RESPONSE_CODE, &made.status);
  if (auto parsed = json::parse(made.text)) made.body = std::move(*parsed);
  if (made.good() && !made.text.empty() && !made.body.IsObject())
    return error{errc::gateway_unavailable, url_ + " answers, and is not a node of Pusher.", "", 0};
  return made;
}

}  // namespace pusher
