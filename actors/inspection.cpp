#include "actors/inspection.hpp"

#include <unistd.h>

#include <charconv>
#include <fstream>

#include "conf/load.hpp"

namespace pusher {

namespace {

using by = inspection::answered_by;

constexpr inspection commands[] = {
    {"status", by::all_nodes},    {"drain", by::this_node},     {"scale", by::this_node},
    {"log-level", by::this_node}, {"streams", by::stores},      {"pause", by::stores},
    {"resume", by::stores},       {"dead-letters", by::stores}, {"notification", by::stores, true},
    {"guard", by::stores, true},
};

uint64_t resident_bytes() {
  std::ifstream from("/proc/self/statm");
  uint64_t pages = 0, resident = 0;
  from >> pages >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::optional<inspection> find_inspection(const std::string& command) {
  for (const auto& each : commands)
    if (command == each.command) return each;
  return std::nullopt;
}

std::optional<listen_address> split_address(const std::string& text) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  listen_address made{text.substr(0, colon), 0};
  auto end = text.data() + text.size();
  auto [stop, fault] = std::from_chars(text.data() + colon + 1, end, made.port);
  if (fault != std::errc() || stop != end || made.port == 0) return std::nullopt;
  return made;
}

std::string node_report(const node_context& node, const std::vector<link_report>& links,
                        const std::string& actors) {
  http::json_text out;
  out.open();
  out.field("ready", node.board.ready());
  out.field("draining", node.board.draining());
  out.field("epoch", node.lead.epoch());
  out.field("resident_bytes", resident_bytes());
  out.field("machine_busy_permille", node.machine.busy());
  out.field("admin", to_text(node.config.admin));
  out.key("held_stages");
  out.open_list();
  for (auto which : {role::fan_out, role::push_sender, role::result_writer})
    if (node.stages.held(which)) out.value(to_string(which));
  out.close_list();
  if (auto why = node.load.overload(node.config.limits); !why.empty()) out.field("overload", why);
  if (auto last = node.waiting.last()) {
    const auto& [depths, at] = *last;
    out.key("journal");
    out.open();
    out.field("push", depths.push);
    out.field("results", depths.results);
    out.field("later", depths.later);
    out.field("dead_letters", depths.dead_letters);
    out.time("measured_at", at);
    out.close();
  }
  if (auto checked = node.checked.last()) {
    out.key("self_check");
    out.open();
    out.time("at", checked->at);
    out.field("notifications", checked->under_way);
    out.field("audience", checked->audience);
    out.field("settled", checked->settled);
    out.field("pending", checked->pending);
    out.key("differences");
    out.open_list();
    for (const auto& each : checked->differences) {
      out.open();
      out.field("notification", each.notification);
      out.field("kind", each.kind);
      out.field("detail", each.detail);
      out.close();
    }
    out.close_list();
    out.close();
  }
  out.key("checks");
  out.open_list();
  for (const auto& each : node.board.entries()) {
    out.open();
    out.field("name", each.name);
    out.field("ok", each.ok);
    if (!each.detail.empty()) out.field("detail", each.detail);
    out.close();
  }
  out.close_list();
  out.key("links");
  out.open_list();
  for (const auto& each : links) {
    out.open();
    out.field("process", each.process);
    out.field("connected", each.connected);
    if (!each.connected && !each.trouble.empty()) out.field("detail", each.trouble);
    out.close();
  }
  out.close_list();
  if (actors.empty())
    out.field("actors_missing", "the supervisor did not answer in time");
  else
    out.raw("actors", actors);
  out.close();
  return out.take();
}

cluster_report::cluster_report(const node_context& asked, size_t expected) : missing_(expected) {
  out_.open();
  out_.field("cluster", asked.config.redis.cluster);
  out_.field("asked", asked.process);
  out_.key("nodes");
  out_.open_list();
}

bool cluster_report::add(const node_view& of, const inspect_answer* said) {
  out_.open();
  out_.field("name", of.record.name);
  out_.field("process", of.record.process);
  out_.field("address", of.record.address);
  out_.field("roles", of.record.roles);
  out_.field("version", of.record.version);
  out_.time("started_at", of.record.started_at);
  out_.field("alive", of.alive);
  out_.field("heard_ms_ago", of.age_ms);
  if (said && said->ok)
    out_.raw("report", said->text);
  else
    out_.field("missing", of.trouble.empty() ? std::string("not connected") : of.trouble);
  out_.close();
  return --missing_ == 0;
}

std::string cluster_report::text() {
  out_.close_list();
  out_.close();
  return out_.take();
}

}  // namespace pusher
