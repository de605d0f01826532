#include "actors/credential_index.hpp"

#include <algorithm>
#include <charconv>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "model/json_members.hpp"

namespace pusher {

namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void member(json_writer& json, const char* name, std::string_view text) {
  json.Key(name);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

error unreadable() {
  return {errc::corrupt_data, "the index of credentials in Redis cannot be read", "", 0};
}

}  // namespace

std::string listed_credential::seal_context() const {
  credential of;
  of.id = id;
  of.application = application;
  of.gateway = gateway;
  return seal_context_of(of);
}

bool listed_credential::serves(push_route route) const {
  if (application != route.application) return false;
  return (production && channel_of(gateway, environment::production) == route.channel) ||
         (sandbox && channel_of(gateway, environment::sandbox) == route.channel);
}

const listed_credential* credential_index::find(push_route route) const {
  auto found = std::find_if(credentials.begin(), credentials.end(),
                            [route](const auto& each) { return each.serves(route); });
  return found == credentials.end() ? nullptr : &*found;
}

const std::string& credential_index::name_of(application_id app) const {
  static const std::string unknown;
  auto found = std::find_if(application_names.begin(), application_names.end(),
                            [app](const auto& each) { return each.first == app; });
  return found == application_names.end() ? unknown : found->second;
}

credential_index index_of(const credential_snapshot& snapshot) {
  credential_index index;
  index.default_application = snapshot.default_application;
  if (snapshot.default_application)
    index.application_names.emplace_back(snapshot.default_application, "default");
  for (const auto& each : snapshot.active) {
    const auto& value = each.value;
    index.credentials.push_back(
        {value.id, value.application, value.gateway, value.production, value.sandbox});
    if (index.name_of(value.application).empty())
      index.application_names.emplace_back(value.application, each.application_name);
  }
  return index;
}

std::string to_text(const credential_index& index) {
  rapidjson::StringBuffer buffer;
  json_writer json(buffer);
  json.StartObject();
  json.Key("default");
  json.Uint64(index.default_application.value);
  json.Key("applications");
  json.StartArray();
  for (const auto& [app, name] : index.application_names) {
    json.StartObject();
    json.Key("id");
    json.Uint64(app.value);
    member(json, "name", name);
    json.EndObject();
  }
  json.EndArray();
  json.Key("credentials");
  json.StartArray();
  for (const auto& each : index.credentials) {
    json.StartObject();
    member(json, "id", each.id);
    json.Key("application");
    json.Uint64(each.application.value);
    member(json, "gateway", to_string(each.gateway));
    json.Key("production");
    json.Bool(each.production);
    json.Key("sandbox");
    json.Bool(each.sandbox);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

result<credential_index> parse_credential_index(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) return unreadable();
  credential_index index;
  index.default_application = {json::number_at(*parsed, "default")};
  for (const auto& each : json::list_at(*parsed, "applications").GetArray())
    index.application_names.emplace_back(application_id{json::number_at(each, "id")},
                                         json::text_at(each, "name"));
  for (const auto& each : json::list_at(*parsed, "credentials").GetArray()) {
    auto gateway = parse_gateway(json::text_at(each, "gateway"));
    const auto *production = json::find(each, "production"), *sandbox = json::find(each, "sandbox");
    if (!gateway || !production || !sandbox || !production->IsBool() || !sandbox->IsBool())
      return unreadable();
    index.credentials.push_back({json::text_at(each, "id"),
                                 {json::number_at(each, "application")},
                                 *gateway,
                                 production->GetBool(),
                                 sandbox->GetBool()});
  }
  return index;
}

channel_set channels_of(const credential& which) {
  channel_set made;
  if (which.production) made.insert(channel_of(which.gateway, environment::production));
  if (which.sandbox) made.insert(channel_of(which.gateway, environment::sandbox));
  return made;
}

std::string to_text(const std::set<push_route>& routes) {
  std::string text;
  for (const auto& each : routes)
    text += (text.empty() ? "" : ",") + std::to_string(each.application.value) + "." +
            std::string(to_string(each.channel));
  return text;
}

std::set<push_route> parse_routes(std::string_view text) {
  std::set<push_route> routes;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    push_route route;
    auto [stop, fault] = std::from_chars(one.data(), one.data() + one.size(), route.application.value);
    if (fault != std::errc() || stop == one.data() + one.size() || *stop != '.') continue;
    auto name = one.substr(static_cast<size_t>(stop - one.data()) + 1);
    for (auto each : all_channels)
      if (to_string(each) == name) {
        route.channel = each;
        routes.insert(route);
      }
  }
  return routes;
}

}  // namespace pusher
