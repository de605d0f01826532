// Recording results as a result-writer does, beside the least that its rows can cost: the same rows put into
// a table of the same form by bulk arrays, and by LOAD DATA LOCAL.
#include <mysql.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>

#include "actors/log.hpp"
#include "bench/private_stores.hpp"
#include "storage/delivery_store.hpp"
#include "storage/journal_marks.hpp"
#include "storage/notification_store.hpp"

namespace pusher::bench {

namespace {

constexpr size_t results_per_transaction = 4000;  // as a writer gathers them
constexpr size_t results_per_batch = 128;         // as a sender records them
constexpr size_t message_id_bytes = 50;

/// The results of one notification, in transactions.
using transactions = std::vector<std::vector<result_batch>>;

transactions results_of(notification_key of, uint64_t count) {
  transactions made;
  for (uint64_t i = 0; i < count; ++i) {
    if (i % results_per_transaction == 0) made.emplace_back();
    auto& batches = made.back();
    if (batches.empty() || batches.back().results.size() == results_per_batch) {
      batches.emplace_back();
      batches.back().notification = of;
      batches.back().gateway = gateway::fcm;
    }
    push_result each;
    each.device = {i + 1};
    each.outcome = outcome::accepted;
    each.attempts = 1;
    each.settled_at = now_ms();
    each.gateway_message_id = "projects/p/messages/0:" + std::to_string(i);
    each.gateway_message_id.resize(message_id_bytes, '0');
    batches.back().results.push_back(std::move(each));
  }
  return made;
}

notification_key new_notification(private_stores& stores, application_id app) {
  notification_draft draft;
  draft.content.title = "bench";
  draft.audience = audience_all{};
  draft.launch = true;
  return must(notification_store(*stores.db).create(app, draft, std::nullopt, nullptr)).value.key;
}

cost ours(private_stores& stores, const transactions& all) {
  delivery_store deliveries(*stores.db);
  result_mark mark("bench/boot/result-writer/0", stores.run_id);
  must(mark.prepare(*stores.db));
  stopwatch watch(stores.processes());
  size_t rows = 0;
  for (const auto& each : all)
    rows += must(deliveries.record(each, [&](database::connection& on) {
              return mark.raise(on, "00000000000001-0");
            })).rows;
  auto took = watch.read();
  if (rows == 0) give_up({errc::internal, "no row is new", "", 0});
  return took;
}

const char* const columns =
    "(notification_id, device_id, outcome, attempts, code, gateway_message_id, settled_at, gateway)";

cost bulk_arrays(private_stores& stores, const transactions& all) {
  using column = bulk_rows::kind;
  static const std::string sql =
      std::string("INSERT INTO floor ") + columns + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
  auto* on = must(stores.db->open());
  stopwatch watch(stores.processes());
  bulk_rows rows({column::number, column::number, column::number, column::number, column::text, column::text,
                  column::number, column::number});
  for (const auto& batches : all) {
    rows.clear();
    for (const auto& batch : batches)
      for (const auto& each : batch.results)
        rows.add(batch.notification.value)
            .add(each.device.value)
            .add(static_cast<uint64_t>(each.outcome))
            .add(each.attempts)
            .add(each.code)
            .add(each.gateway_message_id)
            .add(static_cast<uint64_t>(each.settled_at))
            .add(static_cast<uint64_t>(*batch.gateway));
    must(on->execute_bulk("the floor", sql, rows));
  }
  return watch.read();
}

/// A connection that may send files; what it sends is made here.
class file_sender {
 public:
  explicit file_sender(const mysql_settings& to) : handle_(mysql_init(nullptr), mysql_close) {
    unsigned yes = 1;
    mysql_options(handle_.get(), MYSQL_OPT_LOCAL_INFILE, &yes);
    if (!mysql_real_connect(handle_.get(), nullptr, to.user.c_str(), nullptr, to.database.c_str(), 0,
                            to.unix_socket.c_str(), 0))
      fail();
    run("SET GLOBAL local_infile = 1");
    mysql_set_local_infile_handler(handle_.get(), begin, read, end, fault, this);
  }

  void load(const std::vector<result_batch>& batches) {
    text_.clear();
    for (const auto& batch : batches)
      for (const auto& each : batch.results)
        for (const auto& [text, behind] : {std::pair(std::to_string(batch.notification.value), '\t'),
                                           {std::to_string(each.device.value), '\t'},
                                           {std::to_string(static_cast<int>(each.outcome)), '\t'},
                                           {std::to_string(each.attempts), '\t'},
                                           {each.code, '\t'},
                                           {each.gateway_message_id, '\t'},
                                           {std::to_string(each.settled_at), '\t'},
                                           {std::to_string(static_cast<int>(*batch.gateway)), '\n'}})
          (text_ += text) += behind;
    at_ = 0;
    run(std::string("LOAD DATA LOCAL INFILE 'memory' INTO TABLE floor ") + columns);
  }

 private:
  void run(const std::string& sql) {
    if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) fail();
  }
  [[noreturn]] void fail() { give_up({errc::store_unavailable, mysql_error(handle_.get()), "", 0}); }

  static int begin(void** state, const char*, void* self) {
    *state = self;
    return 0;
  }
  static int read(void* state, char* into, unsigned most) {
    auto& from = *static_cast<file_sender*>(state);
    auto size = std::min<size_t>(most, from.text_.size() - from.at_);
    std::memcpy(into, from.text_.data() + from.at_, size);
    from.at_ += size;
    return static_cast<int>(size);
  }
  static void end(void*) {}
  static int fault(void*, char* text, unsigned) {
    *text = 0;
    return 0;
  }

  std::unique_ptr<MYSQL, decltype(&mysql_close)> handle_;
  std::string text_;
  size_t at_ = 0;
};

cost load_data(private_stores& stores, file_sender& files, const transactions& all) {
  stopwatch watch(stores.processes());
  for (const auto& each : all)
    files.load(each);
  return watch.read();
}

void run(uint64_t count, int rounds) {
  private_stores stores(private_stores::kind::both, "512M");
  auto app = stores.new_application("results");
  auto* on = must(stores.db->open());
  must(on->run("making the floor's table", "CREATE TABLE floor LIKE deliveries"));
  file_sender files(stores.config.mysql);
  uint64_t other = uint64_t{1} << 32;  // keys of the floor's notifications, behind each other like ours
  for (int round = 0; round < rounds; ++round) {
    auto recorded = ours(stores, results_of(new_notification(stores, app), count));
    tell("result-writer, by arrays", side::ours, count, recorded);
    tell("result-writer, by file", side::ours, count, recorded);
    tell("result-writer, by arrays", side::floor, count, bulk_arrays(stores, results_of({++other}, count)));
    tell("result-writer, by file", side::floor, count,
         load_data(stores, files, results_of({++other}, count)));
  }
}

}  // namespace

}  // namespace pusher::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the recording of results beside bare inserts of the same rows.");
  uint64_t results = 100'000;
  int rounds = 5;
  app.add_option("--results", results, "Results in a round")->capture_default_str();
  app.add_option("--rounds", rounds, "Rounds")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  pusher::log::set_up("warn", "text");
  pusher::bench::run(results, rounds);
  return 0;
}
