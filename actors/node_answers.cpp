#include "actors/node_answers.hpp"

#include <algorithm>

#include "actors/log.hpp"
#include "conf/load.hpp"

namespace pusher {

namespace {

// For actors of this node alone: a message loses its priority on the way to another node, and the answer then
// bears an id that nobody waits for. The chrono overload of request() would forget the priority as well.
constexpr auto high = caf::message_priority::high;

inspect_answer refused(std::string why) {
  return {false, std::move(why)};
}

/// What became of an order to all nodes, as their answers come.
class order_report {
 public:
  explicit order_report(size_t expected) : missing_(expected) {
    out_.open();
    out_.key("nodes");
    out_.open_list();
  }

  /// Whether that was the last one.
  bool add(const node_view& of, const inspect_answer& said) {
    out_.open();
    out_.field("name", of.record.name);
    out_.field("process", of.record.process);
    out_.field("ok", said.ok);
    if (!said.ok) out_.field("detail", said.text);
    out_.close();
    return --missing_ == 0;
  }

  std::string text() {
    out_.close_list();
    out_.close();
    return out_.take();
  }

 private:
  http::json_text out_;
  size_t missing_;
};

}  // namespace

node_answers::node_answers(directory_actor::pointer self, node_context_ptr node, const directory_links& links,
                           std::function<std::vector<peer_view>()> peers)
    : self_(self), node_(std::move(node)), links_(links), peers_(std::move(peers)) {}

caf::result<inspect_answer> node_answers::answer(const inspect_question& asked) {
  log::debug("inspect", {{"command", asked.command}});
  auto command = find_inspection(asked.command);
  if (!command) return refused("This node does not know the command '" + asked.command + "'.");
  switch (command->who) {
    case inspection::answered_by::this_node:
      return asked.here ? do_here(asked) : order(asked);
    case inspection::answered_by::all_nodes:
      return asked.here ? report_here() : report_all();
    case inspection::answered_by::stores:
      break;
  }
  return ask_stores(asked);
}

// -- reports --

caf::result<inspect_answer> node_answers::report_here() {
  auto promise = self_->make_response_promise<inspect_answer>();
  std::vector<link_report> links;
  for (const auto& each : peers_())
    links.push_back({each.view.record.process, static_cast<bool>(each.handle), each.view.trouble});
  auto give = [node = node_, links = std::move(links), promise](const std::string& actors) mutable {
    promise.deliver(inspect_answer{true, node_report(*node, links, actors)});
  };
  self_->request<high>(links_.supervisor, caf::duration{node_wait}, actors_question{})
      .then([give](const std::string& actors) mutable { give(actors); },
            [give](const caf::error&) mutable { give(""); });
  return promise;
}

caf::result<inspect_answer> node_answers::report_all() {
  auto promise = self_->make_response_promise<inspect_answer>();
  auto peers = peers_();
  auto all = std::make_shared<cluster_report>(*node_, peers.size() + 1);
  auto take = [all, promise](const node_view& of, const inspect_answer* said) mutable {
    if (all->add(of, said)) promise.deliver(inspect_answer{true, all->text()});
  };
  peers.push_back({our_view(), directory_actor(self_)});
  for (auto& [view, handle] : peers) {
    if (!handle) {
      take(view, nullptr);
      continue;
    }
    self_->request(handle, peer_wait, inspect_question{"status", {}, true})
        .then([take, view = view](const inspect_answer& said) mutable { take(view, &said); },
              [take, view = view](const caf::error&) mutable {
                view.trouble = "it is connected, and did not answer in time";
                take(view, nullptr);
              });
  }
  return promise;
}

node_view node_answers::our_view() const {
  node_record ours;
  ours.name = node_->config.node_name;
  ours.process = node_->process;
  ours.address = node_->address;
  ours.roles = to_text(node_->roles());
  ours.version = PUSHER_VERSION;
  ours.started_at = node_->started_at;
  return {ours, 0, true, ""};
}

// -- orders --

/// The first argument says which node is meant; `*` = all of them.
caf::result<inspect_answer> node_answers::order(const inspect_question& asked) {
  if (asked.arguments.empty())
    return refused("Say which node: its name as `pusher inspect status` shows it.");
  auto name = asked.arguments.front();
  auto passed = asked;
  passed.arguments.erase(passed.arguments.begin());
  passed.here = true;
  if (name == "*") {
    if (asked.command != "log-level") return refused("One node at a time: name it.");
    return order_all(passed);
  }
  auto meant = [&](const node_record& of) { return of.name == name || of.process.rfind(name + "/", 0) == 0; };
  auto exactly = [&](const node_record& of) { return of.process == name; };
  std::vector<peer_view> found;
  for (auto& each : peers_())
    if (exactly(each.view.record) || (each.view.alive && meant(each.view.record))) found.push_back(each);
  auto us = our_view().record;
  bool here = meant(us) || exactly(us);
  if (found.size() + (here ? 1 : 0) > 1)
    return refused("There are several nodes '" + name +
                   "'; name the process as `pusher inspect status` shows it: NAME/BOOT.");
  if (here) return do_here(passed);
  if (found.empty()) return refused("There is no node '" + name + "' that lives.");
  if (!found.front().handle)
    return refused("This node is not connected to " + name + ": " + found.front().view.trouble +
                   ". Ask it directly with --node.");
  return pass_on(found.front().handle, name, passed, peer_wait);
}

caf::result<inspect_answer> node_answers::order_all(const inspect_question& asked) {
  auto promise = self_->make_response_promise<inspect_answer>();
  auto peers = peers_();
  peers.push_back({our_view(), directory_actor(self_)});
  peers.erase(std::remove_if(peers.begin(), peers.end(),
                             [](const auto& each) { return !each.handle && !each.view.alive; }),
              peers.end());
  auto all = std::make_shared<order_report>(peers.size());
  auto take = [all, promise](const node_view& of, const inspect_answer& said) mutable {
    if (all->add(of, said)) promise.deliver(inspect_answer{true, all->text()});
  };
  for (auto& [view, handle] : peers) {
    if (!handle) {
      take(view, refused("not connected: " + view.trouble));
      continue;
    }
    self_->request(handle, peer_wait, asked)
        .then([take, view = view](const inspect_answer& said) mutable { take(view, said); },
              [take, view = view](const caf::error&) mutable { take(view, refused("no answer in time")); });
  }
  return promise;
}

caf::result<inspect_answer> node_answers::do_here(const inspect_question& asked) {
  const auto& given = asked.arguments;
  http::json_text out;
  out.open();
  out.field("node", node_->config.node_name);
  if (asked.command == "drain") {
    if (!given.empty()) return refused("drain takes the node's name and nothing more.");
    log::info("node.told_to_drain");
    links_.end();
    out.field("draining", true);
  } else if (asked.command == "log-level") {
    if (given.size() != 1 || !log::set_level(given.front()))
      return refused("The level is one of trace, debug, info, warn, error.");
    log::info("node.log_level", {{"level", given.front()}});
    out.field("log_level", given.front());
  } else {
    if (given.size() != 1) return refused("Give the role and count, such as push-sender:fcm=4.");
    return scale(given.front());
  }
  out.close();
  return inspect_answer{true, out.take()};
}

caf::result<inspect_answer> node_answers::scale(const std::string& entry) {
  auto promise = self_->make_response_promise<inspect_answer>();
  self_->request<high>(links_.supervisor, caf::duration{node_wait}, scale_roles{entry})
      .then(
          [node = node_, promise](const inspect_answer& said) mutable {
            if (!said.ok) {
              promise.deliver(said);
              return;
            }
            http::json_text out;
            out.open();
            out.field("node", node->config.node_name);
            out.field("roles", to_text(node->roles()));
            out.close();
            promise.deliver(inspect_answer{true, out.take()});
          },
          [promise](const caf::error&) mutable {
            promise.deliver(refused("The node is starting or ending."));
          });
  return promise;
}

// -- stores --

caf::result<inspect_answer> node_answers::ask_stores(const inspect_question& asked) {
  auto command = find_inspection(asked.command);
  if (!command->needs_rows || node_->config.needs_mysql()) {
    auto promise = self_->make_response_promise<inspect_answer>();
    self_->request<high>(links_.inspector, caf::duration{store_wait}, asked)
        .then([promise](const inspect_answer& said) mutable { promise.deliver(said); },
              [promise](const caf::error&) mutable {
                promise.deliver(refused("The stores did not answer in time."));
              });
    return promise;
  }
  // A node of senders alone has no MariaDB. Whoever it passes the question to does not pass it on.
  auto passed = asked;
  passed.here = true;
  if (!asked.here)
    for (const auto& each : peers_()) {
      auto roles = parse_roles(each.view.record.roles);
      bool has = roles && std::any_of(roles->begin(), roles->end(),
                                      [](const auto& one) { return one.role != role::push_sender; });
      if (has && each.handle)
        return pass_on(each.handle, each.view.record.name, passed, store_wait + node_wait);
    }
  return refused(
      "This node has only the role push-sender and so no MariaDB, and no node that has one is "
      "connected to it. Ask one with --node.");
}

caf::result<inspect_answer> node_answers::pass_on(const directory_actor& to, const std::string& name,
                                                  const inspect_question& asked,
                                                  std::chrono::milliseconds wait) {
  auto promise = self_->make_response_promise<inspect_answer>();
  self_->request(to, wait, asked)
      .then([promise](const inspect_answer& said) mutable { promise.deliver(said); },
            [promise, name](const caf::error&) mutable {
              promise.deliver(refused(name + " did not answer in time."));
            });
  return promise;
}

}  // namespace pusher
