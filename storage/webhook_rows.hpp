// Rows of webhooks, shared by the store of clients and that of delivering.
#pragma once

#include <string>
#include <vector>

#include "model/webhook.hpp"
#include "storage/connection.hpp"

namespace pusher {

/// Names joined by commas; empty = all.
std::string event_names(const std::vector<event_type>& events);
/// Names that this version does not know are left out.
std::vector<event_type> parse_event_names(std::string_view names);

/// Within a transaction that has locked the webhook's row: numbers the attempt and drops those beyond `kept`.
result<void> write_attempt(database::connection& on, webhook_key key, const webhook_attempt& made,
                           size_t kept);

/// The newest first.
std::vector<std::string> signing_secrets(const sql_row& row, size_t first_column);
/// Columns for signing_secrets.
inline const std::string secret_columns =
    "secret, IF(previous_secret_until > " + database_now + ", previous_secret, '')";

}  // namespace pusher
