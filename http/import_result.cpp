#include "http/import_result.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "http/problem.hpp"

namespace pusher::http {

namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(json_writer& json, const char* name, std::string_view value) {
  json.Key(name);
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void begin(json_writer& json, uint64_t line, int status, std::string_view device_id) {
  json.StartObject();
  json.Key("line");
  json.Uint64(line);
  json.Key("status");
  json.Int(status);
  if (!device_id.empty()) member(json, "device_id", device_id);
}

void end(json_writer& json, const rapidjson::StringBuffer& buffer, std::string& lines) {
  json.EndObject();
  lines.append(buffer.GetString(), buffer.GetSize()).append("\n");
}

}  // namespace

void append_stored(std::string& lines, uint64_t line, bool created, std::string_view device_id) {
  rapidjson::StringBuffer buffer;
  json_writer json(buffer);
  begin(json, line, created ? 201 : 200, device_id);
  end(json, buffer, lines);
}

void append_failed(std::string& lines, uint64_t line, int status, std::string_view device_id,
                   const error& why) {
  rapidjson::StringBuffer buffer;
  json_writer json(buffer);
  begin(json, line, status, device_id);
  member(json, "code", to_string(why.code));
  member(json, "detail", public_detail(why));
  if (!why.pointer.empty()) member(json, "pointer", why.pointer);
  end(json, buffer, lines);
}

}  // namespace pusher::http
