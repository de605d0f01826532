#include "storage/event_feed.hpp"

#include "storage/feed_details.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t rows_per_read = 64;
constexpr size_t most_bytes = 4 * 1024 * 1024;  // looked through for one page
constexpr size_t most_rows = 4096;

struct stored_row {
  uint64_t number = 0;
  utc_ms at = 0;
  std::string payload;
};

result<std::vector<stored_row>> read_rows(database::connection& on, application_id app, uint64_t from) {
  std::vector<stored_row> found;
  auto read = on.query(
      "reading the feed",
      "SELECT number, at, payload FROM feed WHERE application_id = ? AND number >= ? ORDER BY number LIMIT ?",
      {app, from, rows_per_read}, [&](const sql_row& row) {
        found.push_back({row.number(0), row.time(1), std::string(row.text(2))});
      });
  if (!read) return read.failure();
  return found;
}

result<uint64_t> read_head(database::connection& on, application_id app) {
  uint64_t head = 0;
  auto read = on.query("reading the feed's end", "SELECT head FROM feed_heads WHERE application_id = ?",
                       {app}, [&](const sql_row& row) { head = row.number(0); });
  if (!read) return read.failure();
  return head;
}

/// The first row that was written after the one which `after` names; that one is gone.
result<feed_position> first_written_since(database::connection& on, application_id app,
                                          const feed_position& after) {
  feed_position found{after.row, 0, 0};
  auto read = on.query("reading the feed again",
                       "SELECT number, at FROM feed WHERE application_id = ? AND number <= ? ORDER BY number "
                       "DESC LIMIT 1000",
                       {app, after.row}, [&](const sql_row& row) {
                         if (row.time(1) <= after.at) return false;
                         found.row = row.number(0);
                         return true;
                       });
  if (!read) return read.failure();
  return found;
}

error cursor_expired() {
  return {errc::cursor_expired,
          "What comes behind this cursor was purged; start without one, from the oldest event that is kept",
          "", 0};
}

/// Looks through rows for events.
class feed_reading {
 public:
  feed_reading(database::connection& on, application_id app, size_t limit, event_types wanted)
      : on_(on), app_(app), limit_(limit), wanted_(wanted) {}

  result<event_feed::page> run(const feed_position& after) {
    next_ = after;
    for (bool begun = false; !full() && !at_end_; begun = true)
      if (auto done = look_through_some(begun); !done) return done.failure();
    auto events = read_details(on_, app_, found_);
    if (!events) return events.failure();
    return event_feed::page{std::move(*events), next_, at_end_};
  }

 private:
  bool full() const { return found_.size() >= limit_ || bytes_ >= most_bytes || rows_ >= most_rows; }

  result<void> look_through_some(bool begun) {
    auto rows = read_rows(on_, app_, next_.row);
    if (!rows) return rows.failure();
    if (!begun && next_.row > 0) {
      auto known = find_again(*rows);
      if (!known) return known.failure();
      if (!*known) return {};
    }
    at_end_ = rows->size() < rows_per_read;
    for (const auto& each : *rows) {
      if (full()) {
        at_end_ = false;
        break;
      }
      if (auto done = take(each); !done) return done;
    }
    return {};
  }

  /// Whether what was read last is where it was; else next_ is set to where to begin instead.
  result<bool> find_again(const std::vector<stored_row>& rows) {
    auto last_read = next_;
    bool found = !rows.empty() && rows.front().number == last_read.row;
    if (found && (rows.front().at == last_read.at || last_read.offset == 0)) return true;
    if (!found) {
      auto head = read_head(on_, app_);
      if (!head) return head.failure();
      // The row itself was purged, but none behind it.
      if (rows.empty() ? *head == last_read.row : rows.front().number == last_read.row + 1) return true;
      if (*head >= last_read.row) return cursor_expired();
    }
    auto since = first_written_since(on_, app_, last_read);
    if (!since) return since.failure();
    at_end_ = !found && since->row == last_read.row;  // nothing was written since
    if (!at_end_) next_ = *since;
    return false;
  }

  result<void> take(const stored_row& row) {
    ++rows_;
    bytes_ += row.payload.size();
    auto groups = decode_feed(row.payload);
    if (!groups) return groups.failure();
    uint64_t skipped = row.number == next_.row ? next_.offset : 0;
    feed_position here{row.number, row.at, 0};
    for (const auto& group : *groups) {
      auto size = group.subjects.size();
      if (!wanted_.has(group.type) || here.offset + size <= skipped) {
        here.offset += size;
        continue;
      }
      for (const auto& each : group.subjects) {
        if (++here.offset <= skipped) continue;
        found_.push_back({here, group.type, row.at, group.notification, each});
        if (found_.size() < limit_) continue;
        next_ = here;
        at_end_ = false;
        return {};
      }
    }
    next_ = here;
    return {};
  }

  database::connection& on_;
  application_id app_;
  const size_t limit_;
  const event_types wanted_;
  feed_position next_;
  std::vector<bare_event> found_;
  size_t rows_ = 0, bytes_ = 0;
  bool at_end_ = false;
};

}  // namespace

result<event_feed::page> event_feed::read(application_id app, const feed_position& after, size_t limit,
                                          event_types wanted) {
  return with_connection(
      db_, [&](database::connection& on) { return feed_reading(on, app, limit, wanted).run(after); });
}

result<feed_position> event_feed::end(application_id app) {
  return with_connection(db_, [&](database::connection& on) -> result<feed_position> {
    feed_position last;
    auto read = on.query("reading the feed's end",
                         "SELECT number, at, payload FROM feed WHERE application_id = ? ORDER BY number DESC "
                         "LIMIT 1",
                         {app}, [&](const sql_row& row) {
                           last = {row.number(0), row.time(1), 0};
                           if (auto groups = decode_feed(row.text(2)))
                             for (const auto& each : *groups)
                               last.offset += each.subjects.size();
                         });
    if (!read) return read.failure();
    if (last.row > 0) return last;
    // Everything was purged: the next row is still the one behind the last number.
    auto head = read_head(on, app);
    if (!head) return head.failure();
    return feed_position{*head, 0, 0};
  });
}

result<feed_position> event_feed::position_at(application_id app, utc_ms time) {
  auto found = with_connection(db_, [&](database::connection& on) -> result<feed_position> {
    uint64_t low = 0, high = 0;
    auto range = on.query("reading the feed's range",
                          "SELECT MIN(number), MAX(number) FROM feed WHERE application_id = ?", {app},
                          [&](const sql_row& row) {
                            low = row.number(0);
                            high = row.number(1);
                          });
    if (!range) return range.failure();
    // Numbers grow with time, and without gaps: halving finds the row without an index of times.
    feed_position first;
    while (low > 0 && low <= high) {
      auto middle = low + (high - low) / 2;
      utc_ms at = 0;
      auto read = on.query("reading a time in the feed",
                           "SELECT at FROM feed WHERE application_id = ? AND number = ?", {app, middle},
                           [&](const sql_row& row) { at = row.time(0); });
      if (!read) return read.failure();
      if (at >= time) {
        first = {middle, at, 0};
        high = middle - 1;
      } else {
        low = middle + 1;
      }
    }
    return first;
  });
  if (!found || found->row > 0) return found;
  return end(app);
}

result<uint64_t> event_feed::purge(application_id app, utc_ms before) {
  return with_connection(db_, [&](database::connection& on) -> result<uint64_t> {
    uint64_t last = 0;
    auto read = on.query("reading the oldest events",
                         "SELECT number, at FROM feed WHERE application_id = ? ORDER BY number LIMIT ?",
                         {app, rows_per_purge}, [&](const sql_row& row) {
                           if (row.time(1) >= before) return false;
                           last = row.number(0);
                           return true;
                         });
    if (!read) return read.failure();
    if (last == 0) return uint64_t{0};
    return on.execute("purging events", "DELETE FROM feed WHERE application_id = ? AND number <= ?",
                      {app, last});
  });
}

}  // namespace pusher
