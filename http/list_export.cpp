#include "http/list_export.hpp"

namespace pusher::http {

result<page_request> export_paging(const request& asked) {
  auto note = asked.internal.find(export_position_note);
  if (note == asked.internal.end())
    return error{errc::internal, "An export was asked for outside of a stream.", "", 0};
  page_request paging{lines_per_export_page, note->second};
  auto given = asked.query.find("cursor");
  if (paging.cursor.empty() && given != asked.query.end()) paging.cursor = given->second;
  return paging;
}

void end_export_page(response& made, const call& of, const std::string& next) {
  json_text line;
  line.open();
  if (next.empty()) {
    line.null("next_cursor");
  } else {
    line.field("next_cursor", of.engine.seal_cursor(of.who.application, next));
    made.internal[export_position_note] = next;
  }
  line.close();
  made.body += line.take();
  made.body += '\n';
}

}  // namespace pusher::http
