#include "http/json_tree.hpp"

#include "model/json.hpp"

namespace pusher::http {

rapidjson::Value& json_tree::place(path to) {
  rapidjson::Value* at = &document_;
  for (const char* name : to) {
    if (!at->IsObject()) at->SetObject();
    auto found = at->FindMember(name);
    if (found == at->MemberEnd()) {
      at->AddMember(copy(name), rapidjson::Value(), memory());
      found = at->FindMember(name);
    }
    at = &found->value;
  }
  return *at;
}

void json_tree::merge(path to, const rapidjson::Value& object) {
  json::merge_patch(place(to), object, memory());
}

rapidjson::Value* json_tree::find(path to) {
  rapidjson::Value* at = &document_;
  for (const char* name : to) {
    if (!at->IsObject()) return nullptr;
    auto found = at->FindMember(name);
    if (found == at->MemberEnd()) return nullptr;
    at = &found->value;
  }
  return at;
}

std::string json_tree::text() const {
  return document_.ObjectEmpty() ? std::string() : json::to_text(document_);
}

}  // namespace pusher::http
