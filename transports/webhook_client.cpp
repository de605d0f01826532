#include "transports/webhook_client.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>
#include <mutex>

#include <curl/curl.h>
#include <unistd.h>

#include "transports/address_guard.hpp"
#include "transports/retry_after.hpp"

namespace pusher {

namespace {

constexpr size_t excerpt_bytes = 200;
constexpr size_t body_cap = 64 * 1024;
constexpr size_t header_cap = 64 * 1024;
constexpr long idle_connections = 64;
constexpr long longest_connect_ms = 10'000;

struct handle_deleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

char printable(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f ? ' ' : byte > 0x7f ? '?' : c;
}

/// The value of a header line when it has this lower-case name.
std::optional<std::string> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  for (size_t i = 0; i < name.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(line[i])) != name[i]) return std::nullopt;
  auto value = line.substr(name.size() + 1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n'))
    value.remove_suffix(1);
  return std::string(value);
}

std::string sentence(CURLcode outcome, std::chrono::milliseconds timeout) {
  switch (outcome) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host's name is not known";
    case CURLE_COULDNT_CONNECT:
      return "nothing accepts connections there";
    case CURLE_OPERATION_TIMEDOUT:
      return "there was no answer within " + std::to_string(timeout.count()) + " ms";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the certificate is not trusted or is another host's";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return "the connection was cut before the answer";
    default:
      return std::string("the request failed: ") + curl_easy_strerror(outcome);
  }
}

/// One request and what comes back.
class transfer {
 public:
  transfer(const webhook_client_rules& rules, webhook_request request, const std::string& url)
      : allow_private_(rules.outside.allow_private),
        timeout_(rules.timeout),
        request_(std::move(request)),
        handle_(curl_easy_init()) {
    for (const auto& each : request_.headers)
      headers_.reset(curl_slist_append(headers_.release(), each.c_str()));
    headers_.reset(curl_slist_append(headers_.release(), "Expect:"));
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_PROTOCOLS_STR, rules.outside.allow_http ? "https,http" : "https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_USERAGENT, "pusher-webhooks/1");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_NOSIGNAL, 1L);
    // A name server that hangs must not hold up the thread when a request's time is over.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min(longest_connect_ms, static_cast<long>(timeout_.count())));
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, this);
    if (!rules.ca_file.empty()) {
      set(CURLOPT_CAINFO, rules.ca_file.c_str());
      set(CURLOPT_CAPATH, nullptr);
    }
  }

  CURL* handle() const { return handle_.get(); }

  webhook_answer finish(CURLcode outcome) const {
    webhook_answer made;
    made.tag = request_.tag;
    long status = 0;
    curl_off_t microseconds = 0;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle(), CURLINFO_TOTAL_TIME_T, &microseconds);
    made.latency_ms = microseconds / 1000;
    // Whatever ends the body, the receiver has spoken when its header is complete.
    if (answered_) {
      made.status = static_cast<int>(status);
      made.excerpt = excerpt_;
      made.retry_after_ms = parse_retry_after(retry_after_, date_, now_ms());
      if (status >= 300 && status < 400) made.trouble = "redirects are not followed";
    } else if (forbidden_) {
      made.trouble = "destination: the host's name leads to an address that is not public";
    } else {
      made.trouble = sentence(outcome, timeout_);
    }
    return made;
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    auto& mine = *static_cast<transfer*>(self);
    sockaddr_storage address{};
    std::memcpy(&address, &to->addr, std::min<size_t>(to->addrlen, sizeof address));
    if (!mine.allow_private_ && !is_public(address)) {
      mine.forbidden_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
  }

  static size_t take_header(char* bytes, size_t size, size_t count, void* self) {
    auto& mine = *static_cast<transfer*>(self);
    std::string_view line(bytes, size * count);
    mine.header_bytes_ += line.size();
    if (mine.header_bytes_ > header_cap) return 0;  // ends the transfer
    if (line == "\r\n" || line == "\n") {
      long status = 0;
      curl_easy_getinfo(mine.handle(), CURLINFO_RESPONSE_CODE, &status);
      mine.answered_ = status >= 200;
    } else if (auto wait = value_of(line, "retry-after")) {
      mine.retry_after_ = std::move(*wait);
    } else if (auto date = value_of(line, "date")) {
      mine.date_ = std::move(*date);
    }
    return line.size();
  }

  static size_t take_body(char* bytes, size_t size, size_t count, void* self) {
    auto& mine = *static_cast<transfer*>(self);
    size_t all = size * count;
    mine.body_bytes_ += all;
    for (size_t i = 0; i < all && mine.excerpt_.size() < excerpt_bytes; ++i)
      mine.excerpt_ += printable(bytes[i]);
    return mine.body_bytes_ > body_cap ? 0 : all;
  }

  const bool allow_private_;
  const std::chrono::milliseconds timeout_;
  webhook_request request_;
  std::unique_ptr<CURL, handle_deleter> handle_;
  std::unique_ptr<curl_slist, handle_deleter> headers_;
  std::string retry_after_, date_, excerpt_;
  size_t header_bytes_ = 0, body_bytes_ = 0;
  bool answered_ = false, forbidden_ = false;
};

}  // namespace

struct webhook_client::state {
  webhook_client_rules rules;
  CURLM* transfers = nullptr;
  std::map<CURL*, std::unique_ptr<transfer>> under_way;
  std::vector<webhook_answer> answers;

  void perform() {
    int running = 0, left = 0;
    curl_multi_perform(transfers, &running);
    while (CURLMsg* message = curl_multi_info_read(transfers, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto* handle = message->easy_handle;
      auto found = under_way.find(handle);
      answers.push_back(found->second->finish(message->data.result));
      curl_multi_remove_handle(transfers, handle);
      under_way.erase(found);
    }
  }
};

webhook_client::webhook_client(webhook_client_rules rules) : state_(std::make_unique<state>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  state_->rules = std::move(rules);
  state_->transfers = curl_multi_init();
  curl_multi_setopt(state_->transfers, CURLMOPT_MAXCONNECTS, idle_connections);
}

webhook_client::~webhook_client() {
  abandon();
  curl_multi_cleanup(state_->transfers);
}

void webhook_client::start(webhook_request request) {
  auto parsed = parse_outside_url(request.url, state_->rules.outside, "the URL");
  if (!parsed) {
    webhook_answer refused;
    refused.tag = request.tag;
    refused.trouble = "destination: " + parsed.failure().detail;
    state_->answers.push_back(std::move(refused));
    return;
  }
  // Written anew from its parts, so that libcurl cannot read the text in another way.
  bool plain = request.url.compare(0, 5, "http:") == 0;
  auto url = (plain ? "http://" : "https://") + parsed->origin.authority + parsed->path;
  auto made = std::make_unique<transfer>(state_->rules, std::move(request), url);
  auto* handle = made->handle();
  curl_multi_add_handle(state_->transfers, handle);
  state_->under_way.emplace(handle, std::move(made));
}

std::vector<webhook_answer> webhook_client::wait(std::chrono::milliseconds most) {
  state_->perform();
  if (state_->answers.empty()) {
    curl_multi_poll(state_->transfers, nullptr, 0, static_cast<int>(most.count()), nullptr);
    state_->perform();
  }
  return std::exchange(state_->answers, {});
}

void webhook_client::wake() {
  curl_multi_wakeup(state_->transfers);
}

size_t webhook_client::under_way() const {
  return state_->under_way.size();
}

void webhook_client::abandon() {
  for (auto& [handle, each] : state_->under_way)
    curl_multi_remove_handle(state_->transfers, handle);
  state_->under_way.clear();
}

}  // namespace pusher
