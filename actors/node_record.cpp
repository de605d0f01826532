#include "actors/node_record.hpp"

#include "http/json_writer.hpp"
#include "model/json.hpp"

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
  auto text_of = [&](const char* name) {
    auto found = document->FindMember(name);
    bool good = found != document->MemberEnd() && found->value.IsString();
    return good ? std::string(json::view(found->value)) : std::string();
  };
  auto flag = [&](const char* name) {
    auto found = document->FindMember(name);
    return found != document->MemberEnd() && found->value.IsBool() && found->value.GetBool();
  };
  node_record made;
  made.name = text_of("name");
  made.process = text_of("process");
  made.address = text_of("address");
  made.roles = text_of("roles");
  made.version = text_of("version");
  made.admin = text_of("admin");
  made.api = text_of("api");
  made.ready = flag("ready");
  made.draining = flag("draining");
  auto protocol = document->FindMember("protocol");
  auto started = document->FindMember("started_at");
  if (made.process.empty() || protocol == document->MemberEnd() || !protocol->value.IsUint())
    return unreadable;
  made.protocol = protocol->value.GetUint();
  if (started != document->MemberEnd() && started->value.IsInt64())
    made.started_at = started->value.GetInt64();
  return made;
}

}  // namespace pusher
