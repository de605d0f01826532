#include <algorithm>
#include <deque>
#include <optional>

#include "storage/device_rows.hpp"
#include "storage/device_store.hpp"
#include "storage/transaction.hpp"

namespace pusher {

namespace {

constexpr size_t probe_rows = 64;  // read to learn how large rows are, before more is asked for
constexpr size_t list_length = 1000;

using visitor = std::function<void(const device_row&)>;

/// A page being read: counts rows and bytes against its bounds.
class page_reader {
 public:
  page_reader(const page_bounds& bounds, device_key start, device_parts parts, const visitor& visit)
      : bounds_(bounds), parts_(parts), visit_(visit) {
    end_.last = start;
  }

  /// Whether more rows fit.
  bool take(const sql_row& row) { return take(read_device_row(row, parts_)); }
  bool take(const device_row& device) {
    bytes_ += size_of(device);
    ++end_.rows;
    end_.last = device.key;
    visit_(device);
    return !full();
  }
  bool has_room_for(size_t rows, size_t bytes) const { return rows <= rows_left() && bytes <= bytes_left(); }
  bool full() const { return end_.rows >= bounds_.rows || bytes_ >= bounds_.bytes; }
  size_t rows_left() const { return bounds_.rows - end_.rows; }
  size_t bytes_left() const { return bounds_.bytes - bytes_; }
  size_t bytes() const { return bytes_; }
  page_end& end() { return end_; }
  device_parts parts() const { return parts_; }

 private:
  page_bounds bounds_;
  device_parts parts_;
  const visitor& visit_;
  page_end end_;
  size_t bytes_ = 0;
};

/// The server sends every row that was asked for, so as many are asked for as the page has room for by the
/// average size so far: with rows of 64 KiB, a limit by rows alone would throw most of what is sent away.
size_t rows_to_ask_for(const page_reader& page, size_t average_bytes) {
  if (average_bytes == 0) return std::min(probe_rows, page.rows_left());
  return std::clamp<size_t>(page.bytes_left() / average_bytes + 1, 1, page.rows_left());
}

size_t& average_bytes(database::connection& on, const page_reader& page) {
  return on.device_row_bytes[static_cast<size_t>(page.parts())];
}

void learn(size_t& average_bytes, size_t rows, size_t bytes) {
  if (rows > 0) average_bytes = bytes / rows;
}

/// How devices are named.
struct naming {
  const char* column;
  const char* index;
  bool one_each;  ///< a name is of one device at most
};
constexpr naming by_device_id{"device_id", "by_device", true};
constexpr naming by_user_id{"user_id", "by_user", false};

void sort_out_repeats(std::vector<std::string>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

/// Rows that outlive the reply they came in.
class kept_rows {
 public:
  void add(const device_row& row) {
    rows_.push_back(row);
    auto texts = {&rows_.back().device_id, &rows_.back().push_token,  &rows_.back().p256dh,
                  &rows_.back().auth,      &rows_.back().user_id,     &rows_.back().locale,
                  &rows_.back().time_zone, &rows_.back().app_version, &rows_.back().properties};
    auto& kept = texts_.emplace_back();
    for (const auto* each : texts)
      kept.append(*each);
    std::string_view rest = kept;
    for (auto* each : texts) {
      *each = rest.substr(0, each->size());
      rest.remove_prefix(each->size());
    }
  }
  std::vector<device_row>& rows() { return rows_; }

 private:
  std::vector<device_row> rows_;
  std::deque<std::string> texts_;  // which never moves them
};

/// A short list's rows, taken where the index of its names finds them; nothing if they may not fit the page.
result<std::optional<page_end>> read_short_list(database::connection& on, application_id app, naming by,
                                                const std::vector<std::string>& ids, device_key after,
                                                device_key last, page_reader& page) {
  if (!by.one_each || ids.empty() || ids.size() > list_length ||
      !page.has_room_for(ids.size(), ids.size() * average_bytes(on, page)))
    return std::optional<page_end>();
  sql_parameters parameters{app};
  add_padded(parameters, ids.begin(), ids.end());
  kept_rows kept;
  size_t bytes = 0;
  auto fits = [&] { return page.has_room_for(kept.rows().size(), bytes); };
  // A range of keys beside so many names would cost the server more than the rows outside of it.
  auto read = on.query("reading devices by id",
                       "SELECT " + device_row_columns(page.parts()) + " FROM devices FORCE INDEX (" +
                           by.index + ") WHERE application_id = ? AND " + by.column + " IN (" +
                           placeholders(ids.size()) + ") AND disabled = 0",
                       parameters, [&](const sql_row& row) {
                         auto device = read_device_row(row, page.parts());
                         if (!(after < device.key) || last < device.key) return true;
                         bytes += size_of(device);
                         kept.add(device);
                         return fits();
                       });
  if (!read) return read.failure();
  learn(average_bytes(on, page), kept.rows().size(), bytes);
  if (!fits()) return std::optional<page_end>();
  auto& rows = kept.rows();
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const auto& each : rows)
    page.take(each);
  page.end().at_end = true;
  return std::optional(page.end());
}

/// Keys of the devices that bear one of the ids, in key order.
result<std::vector<uint64_t>> keys_of(database::connection& on, application_id app, naming by,
                                      const std::vector<std::string>& ids, device_key after,
                                      device_key last) {
  std::vector<uint64_t> keys;
  for (size_t from = 0; from < ids.size(); from += list_length) {
    auto to = std::min(from + list_length, ids.size());
    sql_parameters parameters{app, after, last};
    add_padded(parameters, ids.begin() + static_cast<long>(from), ids.begin() + static_cast<long>(to));
    auto read = on.query("finding devices by id",
                         "SELECT id FROM devices FORCE INDEX (" + std::string(by.index) +
                             ") WHERE application_id = ? AND id > ? AND id <= ? AND " + by.column + " IN (" +
                             placeholders(to - from) + ")",
                         parameters, [&](const sql_row& row) { keys.push_back(row.number(0)); });
    if (!read) return read.failure();
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// Reads the enabled ones among these keys, in order, until the page is full.
result<page_end> read_keys(database::connection& on, application_id app, const std::vector<uint64_t>& keys,
                           page_reader& page) {
  for (size_t from = 0; from < keys.size() && !page.full();) {
    auto asked = std::min(rows_to_ask_for(page, average_bytes(on, page)), list_length);
    auto to = std::min(from + asked, keys.size());
    sql_parameters parameters{app};
    add_padded(parameters, keys.begin() + static_cast<long>(from), keys.begin() + static_cast<long>(to));
    auto rows_before = page.end().rows, bytes_before = page.bytes();
    auto read = on.query("reading devices",
                         "SELECT " + device_row_columns(page.parts()) +
                             " FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id IN (" +
                             placeholders(to - from) + ") AND disabled = 0 ORDER BY id",
                         parameters, [&](const sql_row& row) { return page.take(row); });
    if (!read) return read.failure();
    learn(average_bytes(on, page), page.end().rows - rows_before, page.bytes() - bytes_before);
    if (page.full()) {
      page.end().at_end = page.end().last.value == keys.back();
      return page.end();
    }
    page.end().last.value = keys[to - 1];
    from = to;
  }
  page.end().at_end = true;
  return page.end();
}

result<page_end> scan_ids(database& db, application_id app, naming by, std::vector<std::string> ids,
                          device_key after, device_key last, const page_bounds& bounds, device_parts parts,
                          const visitor& visit) {
  sort_out_repeats(ids);
  return with_connection(db, [&](database::connection& on) -> result<page_end> {
    page_reader page(bounds, after, parts, visit);
    auto whole = read_short_list(on, app, by, ids, after, last, page);
    if (!whole) return whole.failure();
    if (*whole) return **whole;
    auto keys = keys_of(on, app, by, ids, after, last);
    if (!keys) return keys.failure();
    return read_keys(on, app, *keys, page);
  });
}

/// A page of what the plan's index names.
result<page_end> read_index(database::connection& on, application_id app, device_plan& plan, device_key after,
                            device_key last, const page_bounds& bounds, const visitor& visit) {
  std::vector<uint64_t> keys;
  auto all = read_planned_keys(on, plan, after, last, std::min(bounds.rows, list_length), keys);
  if (!all) return all.failure();
  page_reader page(bounds, after, plan.parts, visit);
  if (plan.by != device_plan::access::index) return page.end();  // it became a scan: nothing was read
  auto end = read_keys(on, app, keys, page);
  if (end) end->at_end = end->at_end && *all;
  return end;
}

std::string range_sql(const std::string& columns) {
  return "SELECT " + columns +
         " FROM devices FORCE INDEX (PRIMARY) WHERE application_id = ? AND id > ? AND id <= ? "
         "AND disabled = 0 ORDER BY id LIMIT ?";
}

/// Reads a range of keys until the page is full. `take` gives a row to the page and says whether more fit.
template <class Take>
result<page_end> read_range(database& db, const std::string& sql, application_id app, device_key last,
                            page_reader& page, const Take& take) {
  return with_connection(db, [&](database::connection& on) -> result<page_end> {
    while (!page.full()) {
      auto asked = rows_to_ask_for(page, average_bytes(on, page));
      auto bytes_before = page.bytes();
      auto read = on.query("reading devices", sql, {app, page.end().last, last, asked}, take);
      if (!read) return read.failure();
      learn(average_bytes(on, page), *read, page.bytes() - bytes_before);
      if (*read < asked && !page.full()) {
        page.end().at_end = true;
        break;
      }
    }
    return page.end();
  });
}

}  // namespace

result<page_end> device_store::read(application_id app, device_plan& plan, device_key after, device_key last,
                                    const page_bounds& bounds, const visitor& visit) {
  if (plan.by == device_plan::access::users)
    return scan_ids(db_, app, by_user_id, plan.users, after, last, bounds, plan.parts, visit);
  if (plan.by == device_plan::access::index) {
    auto end = with_connection(
        db_, [&](database::connection& on) { return read_index(on, app, plan, after, last, bounds, visit); });
    if (!end || plan.by == device_plan::access::index) return end;
  }
  page_reader page(bounds, after, plan.parts, visit);
  return read_range(db_, range_sql(device_row_columns(plan.parts)), app, last, page,
                    [&](const sql_row& row) { return page.take(row); });
}

result<device_plan> device_store::plan(application_id app, const condition& where) {
  return with_connection(db_, [&](database::connection& on) { return make_device_plan(on, app, where); });
}

result<page_end> device_store::scan(application_id app, device_key after, device_key last,
                                    const page_bounds& bounds, const visitor& visit) {
  device_plan whole;
  return read(app, whole, after, last, bounds, visit);
}

result<page_end> device_store::scan_whole(application_id app, device_key after, device_key last,
                                          const page_bounds& bounds,
                                          const std::function<bool(const device_row&)>& wanted,
                                          const std::function<void(stored_device&&)>& visit) {
  static const std::string sql = range_sql(stored_device_columns);
  bool take_it = false;
  const visitor judge = [&](const device_row& row) { take_it = wanted(row); };
  page_reader page(bounds, after, device_parts::all, judge);
  return read_range(db_, sql, app, last, page, [&](const sql_row& row) {
    bool more = page.take(row);
    if (take_it) visit(read_stored_device(row));
    return more;
  });
}

result<page_end> device_store::scan_device_ids(application_id app, const std::vector<std::string>& ids,
                                               device_key after, device_key last, const page_bounds& bounds,
                                               const visitor& visit) {
  return scan_ids(db_, app, by_device_id, ids, after, last, bounds, device_parts::all, visit);
}

result<page_end> device_store::scan_user_ids(application_id app, const std::vector<std::string>& ids,
                                             device_key after, device_key last, const page_bounds& bounds,
                                             const visitor& visit) {
  return scan_ids(db_, app, by_user_id, ids, after, last, bounds, device_parts::all, visit);
}

}  // namespace pusher
