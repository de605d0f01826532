#include "transports/oauth_client.hpp"

#include <csignal>

#include <algorithm>
#include <atomic>

#include <curl/curl.h>
#include <rapidjson/document.h>

#include "model/clock.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

constexpr size_t reply_cap = 64 * 1024;
constexpr size_t token_cap = 8 * 1024;
constexpr long connect_timeout_ms = 5'000;
constexpr long reply_timeout_ms = 15'000;
constexpr std::chrono::seconds refusal_interval{10};
constexpr std::chrono::seconds shortest_life{1};

error unavailable(std::string why) {
  return {errc::gateway_unavailable, "the token endpoint " + std::move(why), "", 0};
}

size_t collect(char* bytes, size_t size, size_t count, void* into) {
  auto& reply = *static_cast<std::string*>(into);
  size_t all = size * count;
  if (reply.size() + all > reply_cap) return 0;  // ends the transfer
  reply.append(bytes, all);
  return all;
}

struct easy_deleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct http_reply {
  long status = 0;
  std::string body;
};

/// A form POST that `stopped` ends early; `transfers` is woken for that.
class form_post {
 public:
  form_post(const std::string& url, const std::string& ca_file, const std::string& form)
      : handle_(curl_easy_init()) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_POSTFIELDS, form.c_str());
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(form.size()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    set(CURLOPT_TIMEOUT_MS, reply_timeout_ms);
    set(CURLOPT_PROTOCOLS_STR, "https,http");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_USERAGENT, "pusher");
    set(CURLOPT_WRITEFUNCTION, collect);
    set(CURLOPT_WRITEDATA, &reply_.body);
    if (!ca_file.empty()) {
      set(CURLOPT_CAINFO, ca_file.c_str());
      set(CURLOPT_CAPATH, nullptr);
    }
  }

  template <class Stopped>
  result<http_reply> run(CURLM* transfers, Stopped stopped) {
    curl_multi_add_handle(transfers, handle_.get());
    CURLcode outcome = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;
    while (running > 0 && !stopped()) {
      if (curl_multi_perform(transfers, &running) != CURLM_OK) break;
      if (running > 0) curl_multi_poll(transfers, nullptr, 0, 1000, nullptr);
    }
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(transfers, &left))
      if (message->msg == CURLMSG_DONE) outcome = message->data.result;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &reply_.status);
    curl_multi_remove_handle(transfers, handle_.get());
    if (outcome != CURLE_OK)
      return unavailable(std::string("does not answer: ") + curl_easy_strerror(outcome));
    return std::move(reply_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  std::unique_ptr<CURL, easy_deleter> handle_;
  http_reply reply_;
};

/// `error` of an OAuth refusal, e.g. invalid_grant: a word from a closed list, safe to show.
std::string refusal_word(const rapidjson::Document& reply) {
  auto found = reply.IsObject() ? reply.FindMember("error") : reply.MemberEnd();
  if (!reply.IsObject() || found == reply.MemberEnd()) return "no reason";
  if (found->value.IsInt()) return std::to_string(found->value.GetInt());  // Huawei has numbers
  if (!found->value.IsString()) return "no reason";
  return std::string(json::view(found->value).substr(0, 64));
}

}  // namespace

oauth_client::oauth_client(token_grant grant, std::string ca_file, std::function<void()> changed)
    : grant_(std::move(grant)), ca_file_(std::move(ca_file)), changed_(std::move(changed)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  transfers_ = curl_multi_init();
  trouble_ = "the first access token has not come yet";
  thread_ = std::thread([this] { run(); });
}

oauth_client::~oauth_client() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  due_.notify_all();
  curl_multi_wakeup(transfers_);
  thread_.join();
  curl_multi_cleanup(transfers_);
}

std::shared_ptr<const access_token> oauth_client::token() const {
  std::lock_guard lock(mutex_);
  return token_;
}

std::optional<token_life> oauth_client::life() const {
  auto current = token();
  return current ? std::optional(token_life{current->born, current->expires}) : std::nullopt;
}

std::string oauth_client::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

bool oauth_client::refused_by_issuer() const {
  std::lock_guard lock(mutex_);
  return refused_by_issuer_;
}

void oauth_client::refused(uint64_t generation) {
  std::lock_guard lock(mutex_);
  // While attempts fail, their own waits decide: refusals must not hurry them.
  if (!token_ || token_->generation != generation || failing_) return;
  next_attempt_ = std::min(next_attempt_, std::max(next_after_refusal_, std::chrono::steady_clock::now()));
  due_.notify_all();
}

void oauth_client::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (true) {
    {
      std::unique_lock lock(mutex_);
      while (!stopping_ && std::chrono::steady_clock::now() < next_attempt_)
        due_.wait_until(lock, next_attempt_);
      if (stopping_) return;
    }
    attempt();
    changed_();
  }
}

void oauth_client::attempt() {
  // The life of a token is counted from before it was asked for: never longer than the issuer thinks.
  auto asked = std::chrono::steady_clock::now();
  auto fresh = mint();
  std::lock_guard lock(mutex_);
  failing_ = !fresh;
  refused_by_issuer_ = !fresh && fresh.failure().code == errc::credential_refused;
  if (!fresh) {
    trouble_ = fresh.failure().detail;
    next_attempt_ = std::chrono::steady_clock::now() + waits_.next();
    return;
  }
  waits_.reset();
  trouble_.clear();
  auto token = std::make_shared<access_token>();
  token->value = std::move(fresh->value);
  token->generation = token_ ? token_->generation + 1 : 1;
  token->born = asked;
  token->expires = asked + fresh->lifetime;
  token_ = std::move(token);
  next_attempt_ = asked + std::max(shortest_life, fresh->lifetime) * 85 / 100;
  next_after_refusal_ = asked + (token_->generation == 1 ? std::chrono::seconds(0) : refusal_interval);
}

result<oauth_client::minted> oauth_client::mint() {
  auto form = grant_.form();
  if (!form) return std::move(form).failure();
  auto reply = form_post(grant_.url, ca_file_, *form).run(transfers_, [this] {
    std::lock_guard lock(mutex_);
    return stopping_;
  });
  if (!reply) return std::move(reply).failure();
  auto parsed = json::parse(reply->body);
  if (reply->status != 200) {
    auto reason = parsed ? refusal_word(*parsed) : "no reason";
    auto why = unavailable("refused us with status " + std::to_string(reply->status) + " (" + reason + ")");
    // 429 and 5xx say nothing of us.
    if (reply->status >= 400 && reply->status < 500 && reply->status != 429)
      why.code = errc::credential_refused;
    return why;
  }
  if (!parsed || !parsed->IsObject()) return unavailable("answered something that is not a token");
  auto token = parsed->FindMember("access_token");
  auto lifetime = parsed->FindMember("expires_in");
  if (token == parsed->MemberEnd() || !token->value.IsString() || token->value.GetStringLength() == 0 ||
      lifetime == parsed->MemberEnd() || !lifetime->value.IsInt64() || lifetime->value.GetInt64() <= 0)
    return unavailable("answered something that is not a token");
  auto value = std::string(json::view(token->value));
  if (value.size() > token_cap || value.find_first_of("\r\n") != std::string::npos)
    return unavailable("answered a malformed token");
  return minted{std::move(value),
                std::chrono::seconds(std::min<int64_t>(lifetime->value.GetInt64(), 86'400))};
}

}  // namespace pusher
