#include "tests/emulator/misbehaviour.hpp"

namespace pusher::emulator {

namespace {

constexpr size_t huge_body_bytes = 100'000'000;
constexpr std::string_view redirect_prefix = "/elsewhere";

}  // namespace

std::string_view word_misbehaviour(verdict what, std::string_view path, reply& answer) {
  switch (what) {
    case verdict::html_not_found:
      word_html_not_found(answer);
      return "HTML";
    case verdict::hang:
      answer.kind = reply_kind::silence;
      return "HANG";
    case verdict::reset:
      answer.kind = reply_kind::reset;
      return "RESET";
    case verdict::refused_stream:
      answer.kind = reply_kind::refuse;
      return "REFUSED_STREAM";
    case verdict::garbage:
      answer.body = "<<< this is not JSON >>>";
      return "GARBAGE";
    case verdict::huge:
      answer.body = "{\"name\":\"";
      answer.filler_bytes = huge_body_bytes;
      return "HUGE";
    case verdict::redirect:
      answer.status = 307;
      answer.content_type = {};
      answer.location = redirect_prefix;
      answer.location += path;
      return "REDIRECT";
    default:
      return {};
  }
}

void word_html_not_found(reply& answer) {
  answer.status = 404;
  answer.content_type = content_types::html;
  answer.body =
      "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> <ins>That is "
      "an error.</ins>\n<p>The requested URL was not found on this server.\n";
}

bool is_redirected(std::string_view path) {
  return path.substr(0, redirect_prefix.size()) == redirect_prefix;
}

}  // namespace pusher::emulator
