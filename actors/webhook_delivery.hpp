// Delivers webhooks, on one thread: reads what is new in the feeds, sends it, records what became of it.
// Blocks on the database, never on a receiver.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "actors/metrics.hpp"
#include "actors/repeated_trouble.hpp"
#include "actors/webhook_batch.hpp"
#include "actors/webhook_schedule.hpp"
#include "conf/settings.hpp"
#include "storage/database.hpp"
#include "storage/event_feed.hpp"
#include "storage/webhook_store.hpp"
#include "transports/key_ring.hpp"
#include "transports/webhook_client.hpp"

namespace pusher {

/// How receivers are reached by these settings.
webhook_client_rules webhook_rules(const webhooks_settings& config);
/// What a webhook's secret is sealed with, beside the key.
std::string webhook_secret_context(const std::string& webhook_id);

class webhook_delivery {
 public:
  /// `fenced` is called when the database says that another process leads.
  webhook_delivery(const settings& config, const key_ring& keys, metrics& numbers,
                   std::function<void()> fenced);

  /// 0 = we do not lead: what is under way is left to whoever does.
  void lead(uint64_t epoch);
  uint64_t epoch() const { return epoch_; }
  /// Gives some webhooks their turn, then waits for an answer, at most so long.
  void turn(utc_ms now, std::chrono::milliseconds most);
  /// From now on nothing new is sent.
  void finish() { finishing_ = true; }
  bool finished() const { return client_.under_way() == 0; }
  void wake() { client_.wake(); }

 private:
  using version = webhook_progress_store::version;
  struct sent_batch {
    std::string id;  ///< the webhook's
    version of;
    feed_position end;
    webhook_attempt attempt;
    uint32_t tries = 0;
  };

  void refresh(utc_ms now);
  void look(webhook_key key, utc_ms now);
  result<void> look_into(const webhook_job& job, utc_ms now);
  /// Reads on in the feed until the batch is full, its end is reached or enough was looked through.
  struct gathered {
    webhook_batch batch;
    feed_position looked_to;
    bool complete = false;  ///< the feed, or the batch that was begun, has no more
  };
  result<gathered> gather(const webhook_job& job, const feed_position& from);
  result<void> nothing_to_send(const webhook_job& job, const gathered& found, utc_ms now);
  result<void> send(const webhook_job& job, const webhook_batch& batch);
  result<std::vector<std::string>> open_secrets(const webhook_job& job) const;

  void answered(const webhook_answer& answer, utc_ms now);
  result<bool> record_failure(const sent_batch& batch, const webhook_answer& answer);
  /// `id`: empty where it is not known.
  void failed(const char* doing, webhook_key key, const std::string& id, const error& why, utc_ms now);

  const webhooks_settings config_;
  const utc_ms interval_ms_;
  const key_ring& keys_;
  metrics& numbers_;
  std::function<void()> fenced_;
  database database_;
  webhook_progress_store progress_;
  event_feed feed_;
  webhook_client client_;
  webhook_schedule schedule_;
  std::map<webhook_key, sent_batch> sent_;
  std::minstd_rand random_{std::random_device{}()};
  repeated_trouble troubles_;
  uint64_t epoch_ = 0;
  utc_ms refresh_at_ = 0;
  bool finishing_ = false;
};

}  // namespace pusher
