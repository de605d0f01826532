#include "actors/node_record.hpp"

#include "http/json_writer.hpp"
#include "model/json_members.hpp"

namespace pusher {

std::string encode(const node_record& from) {
  http::json_text out;
  out.open();
  out.field("name", from.name);
  out.field("process", from.process);
  out.field("address", from.address);
  out.field("roles", from.roles);
  out.field("version", from.version);
  out.field("protocol", from.protocol);
  out.field("admin", from.admin);
  out.field("api", from.api);
  out.integer("started_at", from.started_at);
  out.field("ready", from.ready);
  out.field("draining", from.draining);
  out.close();
  return out.take();
}

result<node_record> decode_node_record(const std::string& text) {
  const error unreadable{errc::corrupt_data, "a node's record in Redis cannot be read", "", 0};
  auto document = json::parse(text);
  if (!document || !document->IsObject()) return unreadable;
  node_record made;
  made.name = json::text_at(*document, "name");
  made.process = json::text_at(*document, "process");
  made.address = json::text_at(*document, "address");
  made.roles = json::text_at(*document, "roles");
  made.version = json::text_at(*document, "version");
  made.admin = json::text_at(*document, "admin");
  made.api = json::text_at(*document, "api");
  const auto* protocol = json::find(*document, "protocol");
  if (made.process.empty() || !protocol || !protocol->IsUint()) return unreadable;
  made.protocol = protocol->GetUint();
  made.ready = json::flag_at(*document, "ready");
  made.draining = json::flag_at(*document, "draining");
  const auto* started = json::find(*document, "started_at");
  if (started && started->IsInt64()) made.started_at = started->GetInt64();
  return made;
}

}  // namespace pusher
