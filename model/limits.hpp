// Fixed limits of the data model: what a field may hold. Bounds that an operator may tune are in conf/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pusher::limits {

constexpr size_t device_id_bytes = 128;
constexpr size_t push_token_bytes = 4096;
constexpr size_t user_id_bytes = 128;
constexpr size_t locale_bytes = 35;  // RFC 5646 section 4.4.1
constexpr size_t time_zone_bytes = 64;
constexpr uint32_t misfire_grace_seconds_max = 7 * 24 * 3600;
constexpr size_t app_version_bytes = 64;
constexpr size_t external_id_bytes = 128;
constexpr size_t idempotency_key_bytes = 255;
constexpr size_t collapse_key_bytes = 64;  // APNs's limit, the smallest of the gateways'
constexpr size_t credential_name_bytes = 64;
constexpr size_t properties_bytes = 64 * 1024;
constexpr size_t property_names = 200;
constexpr size_t property_name_bytes = 64;
constexpr uint32_t rate_per_second_max = 1'000'000;
constexpr size_t json_depth =
    48;  // a condition of full depth takes 2 * condition_depth, and stands inside a request
constexpr size_t condition_depth = 16;
constexpr size_t condition_leaves = 256;
constexpr size_t condition_bytes = 64 * 1024;
constexpr size_t audience_ids = 10'000;
constexpr size_t transactional_ids = 1'000;
constexpr size_t localizations = 100;
constexpr size_t variables = 64;          // of one notification's texts; of one target
constexpr size_t variable_bytes = 4'096;  // no gateway takes a longer push
constexpr size_t fcm_message_bytes = 4096;
constexpr size_t fcm_topic_message_bytes = 2048;
constexpr uint32_t ttl_seconds_max = 2'419'200;  // 4 weeks, FCM's limit
constexpr size_t import_line_bytes = 128 * 1024;
constexpr size_t reports = 1'000;  ///< of clients, in one request

}  // namespace pusher::limits
