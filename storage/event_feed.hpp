// The feed of an application: reading on from where one was.
#pragma once

#include <string>
#include <vector>

#include "model/feed_event.hpp"
#include "model/result.hpp"
#include "storage/database.hpp"

namespace pusher {

class event_feed {
 public:
  explicit event_feed(database& db) : db_(db) {}

  struct page {
    std::vector<feed_event> events;
    feed_position next;   ///< where to read on, also when no event was wanted
    bool at_end = false;  ///< nothing was there behind `next`
  };
  /// The events behind `after`, oldest first; all zeros: from the oldest that is kept. Events of a
  /// notification that was deleted since are left out, with its results they are gone. A page may be short,
  /// or empty, and not the last, as what is looked through for it is bounded. Errors: cursor_expired (what
  /// comes next was purged).
  ///
  /// Nothing is skipped, whatever commits meanwhile: see feed_rows. Only a database that crashes can take
  /// back rows that were read, since a commit can be seen a moment before it is on disk; other rows then get
  /// their numbers. They are told by their time, and everything that was written since the crash is given.
  result<page> read(application_id app, const feed_position& after, size_t limit,
                    event_types wanted = event_types::all());
  /// Behind the newest event.
  result<feed_position> end(application_id app);
  /// Before the first event that was recorded at that time or later.
  result<feed_position> position_at(application_id app, utc_ms time);

  /// Deletes the oldest rows of an application that were written before then, a few at a time; how many.
  /// There may be more when these are at least `rows_per_purge`.
  result<uint64_t> purge(application_id app, utc_ms before);
  static constexpr size_t rows_per_purge = 200;  // of up to some hundred kilobytes

 private:
  database& db_;
};

}  // namespace pusher
