// An application of the test's own, with what writes its notifications, and the lead.
#pragma once

#include "sample.hpp"
#include "storage/lease_store.hpp"
#include "storage/notification_store.hpp"

namespace pusher::testing {

struct leading_fixture {
  database db{shared_stores().mysql};
  application_id app = new_application(db);
  notification_store notifications{db};
  lease_store lease{db};
  uint64_t epoch = lead();

  /// Leads as this test, whoever led before.
  uint64_t lead() {
    change(db, "UPDATE lease SET holder = '', ends_at = 0");
    return **lease.acquire("leader", 60'000);
  }
};

/// With every field set.
inline notification_draft full_draft() {
  notification_draft draft;
  auto& content = draft.content;
  content.title = "Title \"quoted\" 🙂";
  content.body = "Body\nwith lines";
  content.image_url = "https://example.org/i.png";
  content.icon_url = "https://example.org/c.png";
  content.deep_link = "app://x";
  content.sound = "ping";
  content.badge = 0;
  content.data = {{"k", "v"}, {"", ""}, {std::string("nul\0key", 7), "x"}};
  draft.android = R"({"priority":"high"})";
  draft.apns = R"({"a":1})";
  draft.webpush = R"({"w":1})";
  draft.hms = R"({"h":1})";
  draft.audience = audience_condition{R"({"all":[{"property":"plan","eq":"pro"}]})"};
  draft.external_id = "campaign-1";
  draft.lane = lane::transactional;
  draft.ttl_seconds = 3600;
  draft.collapse_key = "one";
  draft.allow_duplicates = true;
  return draft;
}

}  // namespace pusher::testing
