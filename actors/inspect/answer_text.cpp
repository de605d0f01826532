#include "actors/inspect/answer_text.hpp"

#include "actors/inspect/cluster_status.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "model/json_members.hpp"

namespace pusher::screen {

namespace {

/// What became of an order: each member a line.
std::string order_text(const rapidjson::Value& document) {
  std::string made;
  if (!document.IsObject()) return made;
  for (const auto& [name, value] : document.GetObject()) {
    auto text = value.IsString() ? std::string(json::view(value)) : json::to_text(value);
    made += legible(json::view(name)) + ": " + legible(text) + "\n";
  }
  return made;
}

/// Of an order to all nodes: whether all took it.
shown nodes_told(const rapidjson::Value& document, const manner& how) {
  shown made;
  json::each_at(document, "nodes", [&](const rapidjson::Value& each) {
    bool ok = json::flag_at(each, "ok");
    made.healthy = made.healthy && ok;
    auto said = ok ? std::string("done") : json::text_at(each, "detail");
    made.text += legible(json::text_at(each, "process")) + ": " +
                 toned(legible(said), ok ? tone::good : tone::bad, how.colours) + "\n";
  });
  return made;
}

}  // namespace

std::string question_of(const std::string& command) {
  bool of_reports = command == "actors" || command == "gateways";
  return of_reports ? "status" : command;
}

shown show(const std::string& command, const rapidjson::Value& document, const rapidjson::Value* before,
           double seconds_between, const manner& how) {
  (void)before;
  (void)seconds_between;
  if (command == "status") {
    auto status = read_cluster(document);
    return {how.as_json ? status_json(status, document) + "\n" : status_text(status, how.now, how.colours),
            status.healthy()};
  }
  auto made = json::has(document, "nodes") ? nodes_told(document, how) : shown{order_text(document), true};
  if (how.as_json) made.text = json::to_text(document) + "\n";
  return made;
}

}  // namespace pusher::screen
