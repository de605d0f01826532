// Webhooks in the database: what clients do, and what delivering records.
#include "storage/webhook_store.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"
#include "storage/lease_store.hpp"

using namespace pusher;
using namespace pusher::testing;

namespace {

constexpr size_t kept = 3;

struct fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  webhook_store webhooks{db};
  webhook_progress_store progress{db, kept};
  uint64_t epoch = number_of(db, "SELECT epoch FROM lease");

  webhook made(size_t most = 10) {
    webhook_options options;
    options.url = "https://hooks.example.com/x";
    auto created = webhooks.create(app, make_uuid_v7(), options, "sealed", {5, 50, 1}, most);
    REQUIRE_MESSAGE(created.ok(), created.failure().detail);
    return std::move(*created);
  }
  webhook_job job(const webhook& of) {
    auto loaded = progress.load(of.key);
    REQUIRE(loaded.ok());
    REQUIRE(loaded->has_value());
    return std::move(**loaded);
  }
  webhook_progress_store::version version(const webhook& of) { return {of.key, job(of).generation}; }
  webhook get(const webhook& of) { return *webhooks.get(app, of.id); }
  bool listed(const webhook& of) {
    auto enabled = *progress.enabled();
    for (const auto& each : enabled)
      if (each.of.key == of.key) return true;
    return false;
  }
  static webhook_attempt attempt(const std::string& trouble = "") {
    webhook_attempt made;
    made.message_id = "msg_1";
    made.type = "events";
    made.events = 3;
    made.status = trouble.empty() ? 200 : 500;
    made.trouble = trouble;
    made.excerpt = trouble.empty() ? "" : "oops";
    return made;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a webhook is stored, listed, changed and deleted, each application by itself") {
  auto one = made(), two = made();
  CHECK(one.state == webhook_state::enabled);
  CHECK(one.cursor.row == 5);
  auto first = webhooks.list(app, {}, 1);
  REQUIRE(first->size() == 1);
  CHECK(first->front().id == one.id);
  CHECK(webhooks.list(app, first->front().key, 10)->front().id == two.id);
  auto changed = webhooks.update(app, one.id, [](webhook_options& options) -> result<void> {
    options.events = {event_type::failed, event_type::opened};
    options.description = "d";
    options.max_events = 9;
    return {};
  });
  CHECK(changed->options.events.size() == 2);
  CHECK(get(one).options.max_events == 9);
  auto refused = webhooks.update(app, one.id, [](webhook_options& options) -> result<void> {
    options.description = "lost";
    return error{errc::invalid_field, "no", "", 0};
  });
  CHECK(refused.failure().code == errc::invalid_field);
  CHECK(get(one).options.description == "d");

  auto other = new_application(db);
  CHECK(webhooks.get(other, one.id).failure().code == errc::not_found);
  CHECK(webhooks.erase(other, one.id).failure().code == errc::not_found);
  CHECK(webhooks.rotate(other, one.id, "x", 1).failure().code == errc::not_found);
  CHECK(webhooks.replay(other, one.id, {}).failure().code == errc::not_found);
  CHECK(webhooks.attempts(other, one.id, 0, 10).failure().code == errc::not_found);
  CHECK(webhooks.sealed_secrets(other, one.id).failure().code == errc::not_found);
  CHECK(webhooks.list(other, {}, 10)->empty());
  CHECK(webhooks.erase(app, one.id).ok());
  CHECK(webhooks.erase(app, one.id).failure().code == errc::not_found);
  CHECK_FALSE(progress.load(one.key)->has_value());
}

TEST_CASE_FIXTURE(fixture, "an application has only so many") {
  made(2);
  made(2);
  auto third = webhooks.create(app, make_uuid_v7(), {}, "sealed", {}, 2);
  CHECK(third.failure().code == errc::conflict);
}

TEST_CASE_FIXTURE(fixture, "a rotated secret signs beside the new one until its time is over") {
  auto of = made();
  REQUIRE(webhooks.rotate(app, of.id, "sealed2", 100)->previous_secret_until > 0);
  CHECK(job(of).sealed_secrets == std::vector<std::string>{"sealed2", "sealed"});
  change(db, "UPDATE webhooks SET previous_secret_until = 1 WHERE id = ?", {of.key});
  CHECK(job(of).sealed_secrets == std::vector<std::string>{"sealed2"});
  CHECK(get(of).previous_secret_until == 0);
  REQUIRE(webhooks.rotate(app, of.id, "sealed3", 100).ok());
  CHECK(*webhooks.sealed_secrets(app, of.id) == std::vector<std::string>{"sealed3", "sealed2"});
}

TEST_CASE_FIXTURE(fixture,
                  "a batch that was begun is the same until it is taken, and then the cursor moves") {
  auto of = made();
  CHECK_FALSE(job(of).batch_end.has_value());
  REQUIRE(*progress.begin_batch(epoch, version(of), {7, 70, 3}));
  REQUIRE(job(of).batch_end.has_value());
  CHECK(job(of).batch_end->row == 7);
  CHECK(job(of).cursor.row == 5);
  auto failure = attempt("answered 500");
  REQUIRE(*progress.failed(epoch, version(of), failure, {webhook_state::enabled, 60'000}));
  auto waits = job(of);
  CHECK(waits.batch_end->offset == 3);
  CHECK(waits.tries == 1);
  CHECK(waits.due_in_ms > 50'000);
  auto shown = get(of);
  CHECK(shown.failing_since > 0);
  CHECK(shown.last_trouble == "answered 500");
  auto taken = attempt();
  REQUIRE(*progress.advance(epoch, version(of), {7, 70, 3}, &taken));
  auto after = job(of);
  CHECK(after.cursor.row == 7);
  CHECK_FALSE(after.batch_end.has_value());
  CHECK(after.tries == 0);
  CHECK(after.due_in_ms == 0);
  CHECK(get(of).failing_since == 0);
  CHECK(get(of).last_taken_at > 0);
}

TEST_CASE_FIXTURE(fixture, "what was begun before a client's change does not count") {
  auto of = made();
  auto before = version(of);
  REQUIRE(*progress.begin_batch(epoch, before, {7, 70, 3}));
  REQUIRE(webhooks.replay(app, of.id, {2, 20, 0}).ok());
  auto taken = attempt();
  CHECK_FALSE(*progress.advance(epoch, before, {7, 70, 3}, &taken));
  CHECK_FALSE(*progress.failed(epoch, before, taken, {}));
  CHECK_FALSE(*progress.begin_batch(epoch, before, {7, 70, 3}));
  CHECK(job(of).cursor.row == 2);
  CHECK_FALSE(job(of).batch_end.has_value());
  CHECK(webhooks.attempts(app, of.id, 0, 10)->empty());
  // Another wish for events makes the batch anew; another description does not.
  REQUIRE(*progress.begin_batch(epoch, version(of), {7, 70, 3}));
  auto rename = [](webhook_options& options) -> result<void> {
    return options.description = "x", result<void>();
  };
  REQUIRE(webhooks.update(app, of.id, rename).ok());
  CHECK(job(of).batch_end.has_value());
  auto narrow = [](webhook_options& options) -> result<void> {
    return options.events = {event_type::failed}, result<void>();
  };
  REQUIRE(webhooks.update(app, of.id, narrow).ok());
  CHECK_FALSE(job(of).batch_end.has_value());
}

TEST_CASE_FIXTURE(fixture, "a former leader records nothing") {
  auto of = made();
  auto taken = attempt();
  CHECK(progress.begin_batch(epoch + 1, version(of), {7, 70, 3}).failure().code == errc::fenced);
  CHECK(progress.advance(epoch + 1, version(of), {7, 70, 3}, &taken).failure().code == errc::fenced);
  CHECK(progress.failed(epoch + 1, version(of), taken, {}).failure().code == errc::fenced);
  CHECK(job(of).cursor.row == 5);
}

TEST_CASE_FIXTURE(fixture,
                  "one that is disabled is not delivered, says why, and goes on when it is enabled") {
  auto of = made();
  CHECK(listed(of));
  REQUIRE(*progress.begin_batch(epoch, version(of), {7, 70, 3}));
  REQUIRE(*progress.failed(epoch, version(of), attempt("answered 410"), {webhook_state::gone, 0}));
  CHECK_FALSE(listed(of));
  CHECK_FALSE(progress.load(of.key)->has_value());
  CHECK(get(of).state == webhook_state::gone);
  CHECK(get(of).disabled_at > 0);
  auto set = [&](bool enabled) {
    return *webhooks.update(app, of.id, [enabled](webhook_options& options) -> result<void> {
      options.enabled = enabled;
      return {};
    });
  };
  CHECK(set(false).state == webhook_state::gone);
  auto again = set(true);
  CHECK(again.state == webhook_state::enabled);
  CHECK(again.disabled_at == 0);
  CHECK(job(of).batch_end.has_value());
  CHECK(job(of).tries == 0);
  CHECK(set(false).state == webhook_state::disabled);
  CHECK(get(of).disabled_at > 0);
}

TEST_CASE_FIXTURE(fixture, "webhooks of a suspended application wait") {
  auto of = made();
  change(db, "UPDATE applications SET suspended_at = 1 WHERE id = ?", {app});
  CHECK_FALSE(listed(of));
  CHECK_FALSE(progress.load(of.key)->has_value());
  change(db, "UPDATE applications SET suspended_at = 0 WHERE id = ?", {app});
  CHECK(listed(of));
  CHECK(progress.load(of.key)->has_value());
}

TEST_CASE_FIXTURE(fixture, "the head of the feed comes with what is enabled") {
  auto of = made();
  auto head = [&] {
    auto enabled = *progress.enabled();
    for (const auto& each : enabled)
      if (each.of.key == of.key) return each.head;
    return UINT64_MAX;
  };
  CHECK(head() == 0);
  change(db, "INSERT INTO feed_heads (application_id, head) VALUES (?, 18)", {app});
  CHECK(head() == 18);
}

TEST_CASE_FIXTURE(fixture, "the latest attempts are kept, and listed from the latest on") {
  auto of = made();
  for (int i = 0; i < 5; ++i)
    REQUIRE(*progress.failed(epoch, version(of), attempt("answered 50" + std::to_string(i)),
                             {webhook_state::enabled, 1'000}));
  auto ping = attempt();
  ping.type = "ping";
  REQUIRE(webhooks.add_attempt(of.key, ping, kept).ok());
  auto all = webhooks.attempts(app, of.id, 0, 10);
  REQUIRE(all->size() == kept);
  CHECK(all->front().type == "ping");
  CHECK(all->front().number == 6);
  CHECK(all->at(1).trouble == "answered 504");
  CHECK(all->at(1).next_try_at > all->at(1).at);
  CHECK(all->at(1).excerpt == "oops");
  auto rest = webhooks.attempts(app, of.id, all->at(1).number, 10);
  REQUIRE(rest->size() == 1);
  CHECK(rest->front().trouble == "answered 503");
}
