#include "http/import_stream.hpp"

#include <chrono>

#include "http/import_chunk.hpp"
#include "http/import_result.hpp"
#include "http/rate_headers.hpp"
#include "model/json_members.hpp"
#include "model/limits.hpp"

namespace pusher::http {

namespace {

using std::chrono::milliseconds;

constexpr auto longest_wait_for_chunk = std::chrono::seconds(60);
constexpr auto patience_with_few_lines = milliseconds(50);  // before an unfilled chunk is stored all the same
constexpr auto patience_with_results = milliseconds(5);     // before a chunk's results are told
constexpr auto slice = milliseconds(200);

/// The error that a problem document tells of.
error error_of(const response& answer) {
  error told{answer.status == 503 ? errc::store_unavailable : errc::internal, "", "", 0};
  auto document = json::parse(answer.body);
  if (!document || !document->IsObject()) return told;
  told.detail = json::text_at(*document, "detail");
  auto code = json::view_at(*document, "code");
  for (int number = 0; number <= static_cast<int>(errc::internal); ++number)
    if (auto each = static_cast<errc>(number); to_string(each) == code) told.code = each;
  return told;
}

}  // namespace

import_stream::import_stream(stream_connection& client, dispatcher& target, request asked,
                             const std::atomic<bool>& canceled)
    : client_(client), target_(target), asked_(std::move(asked)), canceled_(canceled) {}

void import_stream::run() {
  auto admitted = admission();
  if (!admitted) return;
  client_.invite_body();
  response head;
  copy_rate_headers(head, *admitted);
  head.content_type = "application/x-ndjson";
  client_.begin(head);
  read_and_store();
  client_.finish();
}

/// An empty chunk tells whether the caller may import at all, while its status can still be said. Nothing
/// when the caller may not, and was told so.
std::optional<response> import_stream::admission() {
  auto answer = ask_and_wait(target_, asked_, longest_wait_for_chunk, canceled_);
  if (answer.status == 200) return answer;
  client_.answer(answer);
  return std::nullopt;
}

void import_stream::read_and_store() {
  std::string input;
  auto reached = stream_connection::got::bytes;
  using got = stream_connection::got;
  while (reached == got::bytes || reached == got::nothing) {
    reached = client_.read(input, patience());
    std::string_view rest(input);
    while (!rest.empty() && !canceled_) {
      lines_.take(rest);
      if (lines_.full() && !store_chunk()) return;
    }
    input.clear();
    if (reached == got::all) lines_.end();
    bool no_more = reached != got::bytes;
    if (no_more && lines_.has_lines() && !store_chunk()) return;
    // A client may wait for its results before it sends more.
    if ((no_more || (storing_ && storing_->done())) && !finish_chunk()) return;
  }
  if (reached != got::broken) return;
  std::string last;
  append_failed(last, lines_.next_line(), client_.why().status, "", client_.why().why);
  client_.write(last);
}

/// How long to wait for more of the body before something else is due.
milliseconds import_stream::patience() const {
  if (storing_) return patience_with_results;
  return lines_.has_lines() ? patience_with_few_lines : slice;
}

/// Has the chunk stored while the next one is read and parsed; the order of chunks stays. False when the rest
/// of the import cannot be taken.
bool import_stream::store_chunk() {
  auto chunk = lines_.take_chunk();
  auto asked = asked_;
  if (!chunk.text.empty()) asked.parsed = parse_import(chunk.text, chunk.first_line);
  if (!finish_chunk()) return false;
  storing_.emplace(storing{std::move(chunk), std::nullopt});
  if (asked.parsed) storing_->under_way.emplace(target_, std::move(asked));
  return true;
}

/// Waits for the chunk that is being stored, and tells the client of it.
bool import_stream::finish_chunk() {
  if (!storing_) return !canceled_;
  auto [chunk, under_way] = std::move(*storing_);
  storing_.reset();
  bool goes_on = true;
  if (under_way) {
    auto answer = under_way->wait(longest_wait_for_chunk, canceled_);
    if (answer.status == 200)
      client_.write(answer.body);
    else
      report_failure(chunk, answer);
    goes_on = answer.status != 401 && answer.status != 403;
  }
  if (chunk.overlong_line > 0) {
    auto most = std::to_string(limits::import_line_bytes);
    std::string line;
    append_failed(line, chunk.overlong_line, 413, "",
                  {errc::body_too_large, "A line may have " + most + " bytes.", "", 0});
    client_.write(line);
  }
  return goes_on && !canceled_;
}

void import_stream::report_failure(const import_lines::chunk& chunk, const response& answer) {
  auto why = error_of(answer);
  std::string lines;
  for_each_line(chunk.text, chunk.first_line, [&](uint64_t number, std::string_view) {
    append_failed(lines, number, answer.status, "", why);
  });
  client_.write(lines);
}

}  // namespace pusher::http
