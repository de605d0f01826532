#include "actors/inspect/answer_text.hpp"

#include "actors/inspect/cluster_status.hpp"
#include "actors/inspect/cluster_tables.hpp"
#include "actors/inspect/store_tables.hpp"
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

shown show_reports(const std::string& command, const rapidjson::Value& document,
                   const rapidjson::Value* before, double seconds_between, const manner& how) {
  auto status = read_cluster(document);
  if (command == "status")
    return {how.as_json ? status_json(status, document) + "\n" : status_text(status, how.now, how.colours),
            status.healthy()};
  if (command == "actors")
    return {how.as_json ? actors_json(status) + "\n" : actors_text(status, how.now, how.colours),
            all_actors_answer(status)};
  auto lines = gateways_of(status);
  std::map<gateway_key, double> rates;
  if (before) rates = request_rates(gateways_of(read_cluster(*before)), lines, seconds_between);
  return {
      how.as_json ? gateways_json(lines, rates) + "\n" : gateways_text(lines, rates, how.now, how.colours),
      gateways_well(lines)};
}

shown show_stores(const std::string& command, const rapidjson::Value& document, const manner& how) {
  if (command == "streams") {
    auto made = streams_text(document, how.colours);
    return {made.text, made.healthy};
  }
  if (command == "notification") {
    auto made = notifications_text(document, how.now, how.colours);
    return {made.text, made.healthy};
  }
  if (json::has(document, "dead_letters")) return {dead_letters_text(document, how.now, how.colours), true};
  if (json::has(document, "holds")) return {guard_text(document, how.now, how.colours), true};
  return {order_text(document), true};
}

}  // namespace

std::string question_of(const std::string& command) {
  bool of_reports = command == "actors" || command == "gateways";
  return of_reports ? "status" : command;
}

shown show(const std::string& command, const rapidjson::Value& document, const rapidjson::Value* before,
           double seconds_between, const manner& how) {
  if (question_of(command) == "status") return show_reports(command, document, before, seconds_between, how);
  auto made = json::has(document, "nodes") ? nodes_told(document, how) : show_stores(command, document, how);
  if (how.as_json) made.text = json::to_text(document) + "\n";
  return made;
}

}  // namespace pusher::screen
