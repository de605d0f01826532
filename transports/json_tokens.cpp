#include "transports/json_tokens.hpp"

#include <algorithm>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pusher {

std::string_view escape_token(std::string_view token, std::string& scratch) {
  bool plain = std::none_of(token.begin(), token.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  });
  if (plain) return token;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(token.data(), static_cast<rapidjson::SizeType>(token.size()));
  scratch.assign(buffer.GetString() + 1, buffer.GetSize() - 2);
  return scratch;
}

std::string_view join_tokens(const std::vector<open_target>& targets, std::string& into) {
  into.clear();
  std::string escaped;
  for (auto& each : targets) {
    into += into.empty() ? "\"" : ",\"";
    into += escape_token(each.token(), escaped);
    into += '"';
  }
  return into;
}

}  // namespace pusher
