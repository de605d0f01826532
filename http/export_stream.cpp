#include "http/export_stream.hpp"

#include <algorithm>
#include <chrono>

#include "http/export_page.hpp"
#include "http/inner_request.hpp"
#include "http/rate_headers.hpp"

namespace pusher::http {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr auto longest_wait_for_page = std::chrono::seconds(60);
constexpr auto longest_outage = std::chrono::seconds(30);  // of the stores, before the export breaks off
constexpr auto shortest_pause = milliseconds(100);
constexpr auto longest_pause = milliseconds(3200);

bool may_go_well_later(const response& page) {
  return page.status == 503 || page.status == 429;
}

/// Where the next page begins; nothing after the last one.
std::optional<std::string> position_behind(const response& page) {
  auto found = page.internal.find(export_position_note);
  return found == page.internal.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

export_stream::export_stream(stream_connection& client, dispatcher& target, request asked,
                             const std::atomic<bool>& canceled)
    : client_(client), target_(target), asked_(std::move(asked)), canceled_(canceled) {}

void export_stream::run() {
  auto page = ask("");
  if (page.status != 200) return client_.answer(page);
  begin(page);
  if (client_.head_only()) return client_.finish();
  while (send(page)) {
    auto next = position_behind(page);
    if (!next) {
      if (packed_) client_.write(packed_->finish());
      return client_.finish();
    }
    page = ask_again_and_again(*next);
    if (page.status != 200) return client_.break_answer_off();
  }
}

void export_stream::begin(const response& first_page) {
  response head;
  copy_rate_headers(head, first_page);
  head.content_type = "application/x-ndjson";
  head.headers.emplace_back("Vary", "Accept-Encoding");
  auto wanted = asked_.headers.find("accept-encoding");
  if (wanted != asked_.headers.end() && accepts_gzip(wanted->second)) {
    packed_.emplace();
    head.headers.emplace_back("Content-Encoding", "gzip");
  }
  client_.begin(head);
}

bool export_stream::send(const response& page) {
  if (!packed_ || page.body.empty()) return client_.write_as_read(page.body);
  return client_.write_as_read(packed_->add(page.body));
}

response export_stream::ask(const std::string& position) {
  auto asked = asked_;
  asked.internal[export_position_note] = position;
  return ask_and_wait(target_, std::move(asked), longest_wait_for_page, canceled_);
}

response export_stream::ask_again_and_again(const std::string& position) {
  auto give_up = clock::now() + longest_outage;
  for (auto wait = shortest_pause;; wait = std::min(wait * 2, longest_pause)) {
    auto page = ask(position);
    if (!may_go_well_later(page) || clock::now() + wait > give_up || client_.lost() || canceled_) return page;
    client_.pause(wait);
  }
}

}  // namespace pusher::http
