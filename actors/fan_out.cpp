// Fan-out: the one stage that is never distributed. Of all its actors only the one whose process holds the
// lease works.
#include "actors/fan_out_driver.hpp"
#include "actors/log.hpp"
#include "actors/role_loop.hpp"
#include "actors/roles.hpp"
#include "actors/sender_transports.hpp"
#include "http/json_writer.hpp"
#include "storage/fail_point.hpp"

namespace pusher {

namespace {

fan_out_bounds bounds_of(const limits_settings& limits) {
  fan_out_bounds bounds;
  bounds.devices_per_batch = limits.devices_per_batch;
  bounds.poll_ms = limits.poll_interval_ms;
  return bounds;
}

class fan_out_role : public role_loop<fan_out_role> {
 public:
  fan_out_role(role_actor::pointer self, node_context_ptr node, supervisor_actor supervisor)
      : role_loop(self, std::chrono::milliseconds(node->config.limits.poll_interval_ms)),
        node_(std::move(node)),
        driver_(node_->config, bounds_of(node_->config.limits), configured_channels(node_->config),
                node_->secrets, node_->run_id(), node_->consumer("fan-out", 0),
                {[self, supervisor] { self->send(supervisor, wake_role{role::push_sender}); },
                 [self, supervisor] { self->send(supervisor, wake_role{role::result_writer}); },
                 [this] { node_->lead.lose(); },
                 [this](const auto& seconds) {
                   node_->numbers.credentials_expire(seconds);
                   expiries_ = seconds;
                   expiries_at_ = now_ms();
                 },
                 [this](const char* doing, const error& why) { note_failure(doing, why); },
                 traced_hook(node_->spans)}) {
    fail_point("fan_out.starting");
  }

  utc_ms now() const { return steady_ms(); }
  void woken() { driver_.woken(); }
  bool drained() const { return draining_; }
  void start_drain() { draining_ = true; }

  void poll() {
    if (driver_.machine().leading()) driver_.poll();
  }

  actor_report report() const {
    const auto& counted = driver_.machine().counters();
    http::json_text out;
    out.open();
    out.field("epoch", driver_.machine().epoch());
    out.field("rows_read", counted.rows_read);
    out.field("pages", counted.pages);
    out.field("targets", counted.targets);
    out.field("batches", counted.batches);
    out.field("skipped", counted.skipped);
    out.field("finished", counted.finished);
    out.key("credentials");
    out.open_list();
    for (const auto& [whose, seconds] : expiries_) {
      out.open();
      out.field("app", whose.first);
      out.field("gateway", whose.second);
      out.time("expires_at", expiries_at_ + static_cast<utc_ms>(seconds * 1000));
      out.close();
    }
    out.close_list();
    out.close();
    actor_report made;
    made.name = "fan-out/0";
    made.claimed = driver_.machine().under_way();
    made.detail = out.take();
    return made;
  }

  step_result step() {
    if (draining_ || node_->stages.held(role::fan_out)) return {};
    if (!follow_the_lease()) {
      node_->numbers.fan_out(driver_.machine().counters(), 0, false);
      return {};
    }
    auto made = driver_.step();
    if (!made.worked)
      node_->numbers.fan_out(driver_.machine().counters(), driver_.machine().under_way(),
                             driver_.machine().leading());
    return made;
  }

 private:
  static std::function<void(span)> traced_hook(span_exporter& spans) {
    if (!spans.traces()) return {};
    return [&spans](span finished) { spans.add(std::move(finished)); };
  }

  /// Whether we lead.
  bool follow_the_lease() {
    auto epoch = node_->lead.epoch();
    if (epoch == driver_.machine().epoch() && epoch == led_in_) return epoch != 0;
    // Also when a commit was refused, and the machine has stood down by itself.
    if (led_in_ != 0) log::info("fan_out.stood_down", {{"epoch", std::to_string(led_in_)}});
    led_in_ = 0;
    driver_.stand_down();
    if (epoch == 0 || !driver_.lead(epoch)) return false;
    led_in_ = epoch;
    log::info("fan_out.leads", {{"epoch", std::to_string(epoch)}});
    return true;
  }

  node_context_ptr node_;
  fan_out_driver driver_;
  credential_expiries expiries_;  ///< of credentials in use
  utc_ms expiries_at_ = 0;        ///< when they were reckoned
  uint64_t led_in_ = 0;           ///< the epoch in which we last led, until we know that we do not
  bool draining_ = false;
};

}  // namespace

role_actor spawn_fan_out(caf::actor_system& system, node_context_ptr node, supervisor_actor supervisor) {
  return spawn_role<fan_out_role>(system, std::move(node), std::move(supervisor));
}

}  // namespace pusher
