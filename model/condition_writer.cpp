#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/condition.hpp"
#include "model/condition_node.hpp"

namespace pusher {

namespace {

using node = condition::node;
using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void key(json_writer& out, std::string_view name) {
  out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void text(json_writer& out, std::string_view value) {
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write(json_writer& out, const number& value) {
  if (value.above_int64)
    out.Uint64(static_cast<uint64_t>(value.bits));
  else if (value.whole)
    out.Int64(value.bits);
  else
    out.Double(value.real);
}

void write(json_writer& out, const operand& value) {
  switch (value.type) {
    case operand::kind::text:
      return text(out, value.text);
    case operand::kind::boolean:
      out.Bool(value.flag);
      return;
    case operand::kind::number:
      return write(out, value.number);
    case operand::kind::time:
      out.StartObject();
      key(out, "time");
      text(out, to_rfc3339(value.time));
      out.EndObject();
      return;
  }
}

void write(json_writer& out, const cohort& of) {
  out.StartObject();
  key(out, "of");
  out.Uint64(of.of);
  key(out, "from");
  out.Uint64(of.from);
  key(out, "to");
  out.Uint64(of.to);
  key(out, "seed");
  text(out, of.seed);
  out.EndObject();
}

void write(json_writer& out, const node& of) {
  out.StartObject();
  switch (of.type) {
    case node::kind::all:
    case node::kind::any:
      if (of.type == node::kind::all && of.children.empty()) break;
      key(out, of.type == node::kind::all ? "all" : "any");
      out.StartArray();
      for (const auto& child : of.children)
        write(out, child);
      out.EndArray();
      break;
    case node::kind::negation:
      key(out, "not");
      write(out, of.children.front());
      break;
    case node::kind::property:
    case node::kind::attribute: {
      bool property = of.type == node::kind::property;
      key(out, property ? "property" : "attribute");
      text(out, property ? std::string_view(of.name) : attribute_names[static_cast<size_t>(of.attribute)]);
      key(out, operator_names[static_cast<size_t>(of.op)]);
      bool list = of.op == comparison::in || of.op == comparison::between;
      if (list) out.StartArray();
      for (const auto& each : of.operands)
        write(out, each);
      if (list) out.EndArray();
      break;
    }
    case node::kind::cohort:
      key(out, "cohort");
      write(out, of.share);
      break;
    case node::kind::segment:
      key(out, "segment");
      text(out, of.name);
      break;
  }
  out.EndObject();
}

}  // namespace

std::string condition::to_json() const {
  rapidjson::StringBuffer buffer;
  json_writer writer(buffer);
  write(writer, *root_);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pusher
