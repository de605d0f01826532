// How jobs are written into journal entries: a compact binary form with a version in its first bytes. Readers
// check every length, so that an entry of another version or one that was tampered with is an error and never
// a crash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/job.hpp"
#include "model/notification.hpp"
#include "model/result.hpp"

namespace pusher {

std::string encode(const push_batch& batch);
std::string encode(const result_batch& batch);
std::string encode(const message& content);

// Errors of the readers: corrupt_data.
result<push_batch> decode_push_batch(std::string_view bytes);
result<result_batch> decode_result_batch(std::string_view bytes);
result<message> decode_message(std::string_view bytes);

/// Which targets of a claimed batch need no further push, and which wait for a later one.
struct batch_progress {
  struct waiting {
    uint32_t target = 0;
    uint8_t attempts = 0;
    utc_ms due_at = 0;
    std::string code;
  };
  std::vector<bool> done;  ///< by target; their results are in the journal
  std::vector<waiting> retries;
};

std::string encode(const batch_progress& progress);
result<batch_progress> decode_batch_progress(std::string_view bytes);

}  // namespace pusher
