#include "http/export_page.hpp"

#include <charconv>

#include "http/codec_device.hpp"

namespace pusher::http {

namespace {

std::string to_position(const export_range& range) {
  return std::to_string(range.after.value) + "-" + std::to_string(range.last.value) + "-" +
         std::to_string(range.as_of) + "-" + range.where.to_json();
}

result<export_range> from_position(std::string_view text) {
  export_range range;
  auto take = [&text](auto& number) {
    auto end = text.data() + text.size();
    auto [dash, wrong] = std::from_chars(text.data(), end, number);
    if (wrong != std::errc() || dash == end || *dash != '-') return false;
    text = {dash + 1, static_cast<size_t>(end - dash - 1)};
    return true;
  };
  if (take(range.after.value) && take(range.last.value) && take(range.as_of)) {
    if (auto where = condition::parse(text)) {
      range.where = std::move(*where);
      return range;
    }
  }
  return error{errc::internal, "An export's position cannot be read.", "", 0};
}

}  // namespace

result<response> export_page(const request& asked, const export_wish& wish, application_id app,
                             operations& engine) {
  auto note = asked.internal.find(export_position_note);
  if (note == asked.internal.end())
    return error{errc::internal, "An export was asked for outside of a stream.", "", 0};
  auto range =
      note->second.empty() ? engine.begin_export(app, wish.which, wish.after) : from_position(note->second);
  if (!range) return range.failure();
  auto page = engine.export_devices(app, *range);
  if (!page) return page.failure();
  response made;
  made.content_type = "application/x-ndjson";
  for (const auto& each : page->devices) {
    json_text line;
    write_exported_device(line, each);
    made.body += line.take();
    made.body += '\n';
  }
  range->after = page->reached;
  if (!page->at_end) made.internal[export_position_note] = to_position(*range);
  return made;
}

}  // namespace pusher::http
