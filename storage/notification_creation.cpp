// Creating several notifications at once.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "storage/draft_codec.hpp"
#include "storage/notification_launch.hpp"
#include "storage/notification_rows.hpp"
#include "storage/notification_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

using column = bulk_rows::kind;
using wish = notification_store::wish;
using created = notification_store::created;
using render_body = std::function<std::string(const notification&)>;

/// Whether it can share a transaction: it goes at once, and nothing has to be planned for it.
bool goes_at_once(const notification_draft& draft) {
  return draft.launch && !draft.local_time && draft.scheduled_at == 0;
}

/// Several notifications of one application on their way into the table, launched.
class joint_creation {
 public:
  joint_creation(database::connection& on, application_id app, const std::vector<const wish*>& wishes)
      : on_(on), app_(app), wishes_(wishes) {}

  /// Errors: whatever stands against any of them.
  result<std::vector<created>> run(const render_body& render) {
    if (auto done = insert(); !done) return done.failure();
    if (auto done = read_back(); !done) return done.failure();
    if (auto done = keep_keys(render); !done) return done.failure();
    std::vector<created> all;
    for (auto& each : made_)
      all.push_back({std::move(each), std::nullopt});
    return all;
  }

 private:
  result<void> insert() {
    static const std::string sql =
        "INSERT INTO notifications (public_id, application_id, state, lane, external_id, ttl_seconds, draft, "
        "audience, misfire_grace_seconds, audience_last_device, condition_at_launch, created_at, "
        "launched_at, "
        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
        database_now + ", created_at, created_at + ttl_seconds * 1000)";
    auto last = last_device(on_, app_);
    if (!last) return last.failure();
    bulk_rows rows({column::text, column::number, column::number, column::number, column::text,
                    column::number, column::text, column::text, column::number, column::number,
                    column::text});
    std::vector<std::string> drafts(wishes_.size()), audiences(wishes_.size());
    std::vector<std::optional<std::string>> conditions(wishes_.size());
    made_.resize(wishes_.size());
    for (size_t i = 0; i < wishes_.size(); ++i) {
      const auto& draft = *wishes_[i]->draft;
      auto where = condition_by_now(on_, app_, draft.audience);
      if (!where) return where.failure();
      drafts[i] = encode_draft(draft);
      audiences[i] = encode_audience(draft.audience);
      conditions[i] = std::move(*where);
      made_[i].id = make_uuid_v7();
      made_[i].application = app_;
      made_[i].draft = draft;
      made_[i].state = notification_state::launched;
      made_[i].condition_at_launch = conditions[i].value_or("");
      rows.add(made_[i].id)
          .add(app_.value)
          .add(number(notification_state::launched))
          .add(static_cast<uint64_t>(draft.lane))
          .add(draft.external_id)
          .add(draft.ttl_seconds)
          .add(drafts[i])
          .add(audiences[i])
          .add(draft.misfire_grace_seconds)
          .add(last->value)
          .add(conditions[i]);
    }
    auto inserted = on_.execute_bulk("storing notifications", sql, rows);
    return inserted ? result<void>() : inserted.failure();
  }

  /// The keys that they got, and the database's time.
  result<void> read_back() {
    std::unordered_map<std::string_view, notification*> by_id;
    sql_parameters parameters;
    for (auto& each : made_) {
      by_id[each.id] = &each;
      parameters.emplace_back(each.id);
    }
    while (parameters.size() < padded_size(made_.size()))
      parameters.emplace_back(made_.back().id);
    auto read = on_.query("reading stored notifications",
                          "SELECT public_id, id, created_at FROM notifications FORCE INDEX (by_public_id) "
                          "WHERE public_id IN (" +
                              placeholders(made_.size()) + ")",
                          parameters, [&](const sql_row& row) {
                            auto& each = *by_id.at(row.text(0));
                            each.key.value = row.number(1);
                            each.created_at = each.launched_at = row.time(2);
                          });
    return read ? result<void>() : read.failure();
  }

  /// Of parallel equal requests all but one wait in here until that one has committed, and then fail.
  result<void> keep_keys(const render_body& render) {
    static const std::string sql =
        "INSERT INTO idempotency_keys (application_id, idempotency_key, request, notification_id, body, "
        "created_at) VALUES (?, ?, ?, ?, ?, " +
        database_now + ")";
    std::vector<size_t> keyed;
    std::vector<std::string> bodies(made_.size());
    for (size_t i = 0; i < made_.size(); ++i)
      if (wishes_[i]->once) keyed.push_back(i);
    if (keyed.empty()) return {};
    // Everybody inserts in the same order.
    std::sort(keyed.begin(), keyed.end(),
              [this](auto a, auto b) { return wishes_[a]->once->key < wishes_[b]->once->key; });
    bulk_rows rows({column::number, column::text, column::text, column::number, column::text});
    for (auto i : keyed) {
      const auto& once = *wishes_[i]->once;
      bodies[i] = render(made_[i]);
      rows.add(app_.value)
          .add(once.key)
          .add(std::string_view(reinterpret_cast<const char*>(once.request.data()), once.request.size()))
          .add(made_[i].key.value)
          .add(bodies[i]);
    }
    auto inserted = on_.execute_bulk("storing idempotency keys", sql, rows);
    return inserted ? result<void>() : inserted.failure();
  }

  database::connection& on_;
  application_id app_;
  const std::vector<const wish*>& wishes_;
  std::vector<notification> made_;
};

}  // namespace

std::vector<result<created>> notification_store::create(application_id app, const std::vector<wish>& all,
                                                        const render_body& render) {
  std::vector<std::optional<result<created>>> outcomes(all.size());
  std::vector<const wish*> together;
  std::vector<size_t> places;
  std::set<std::string> keys;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!goes_at_once(*all[i].draft)) continue;
    if (all[i].once && !keys.insert(all[i].once->key).second) continue;  // it repeats one of these
    together.push_back(&all[i]);
    places.push_back(i);
  }
  if (!together.empty()) {
    auto made = transact(
        db_, [&](database::connection& on) { return joint_creation(on, app, together).run(render); });
    // Whether it is stored is not known, or the store is away: trying each would not tell more.
    bool of_the_store =
        !made && (made.failure().code == errc::store_unavailable || made.failure().code == errc::timed_out);
    for (size_t i = 0; i < places.size() && (made || of_the_store); ++i)
      outcomes[places[i]].emplace(made ? result<created>(std::move((*made)[i])) : made.failure());
  }
  std::vector<result<created>> each;
  for (size_t i = 0; i < all.size(); ++i)
    each.push_back(outcomes[i] ? std::move(*outcomes[i]) : create(app, *all[i].draft, all[i].once, render));
  return each;
}

}  // namespace pusher
