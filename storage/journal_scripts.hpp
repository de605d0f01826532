// The journal's Lua scripts; their texts are the files in storage/scripts/.
#pragma once

#include <vector>

#include "storage/redis.hpp"

namespace pusher::scripts {

extern const std::vector<const redis_script*> all;

extern const redis_script announce_node;
extern const redis_script list_nodes;
extern const redis_script create_run;
extern const redis_script take_run;
extern const redis_script drop_keys;
extern const redis_script found_run;
extern const redis_script replace_shared;
extern const redis_script take_rate;
extern const redis_script reserve_rate;
extern const redis_script raise_epoch;
extern const redis_script begin_fan_out;
extern const redis_script commit_page;
extern const redis_script take_over;
extern const redis_script record;
extern const redis_script promote;
extern const redis_script set_control;
extern const redis_script release_held;
extern const redis_script hasten;
extern const redis_script settle;
extern const redis_script bury;
extern const redis_script forget;
extern const redis_script publish_credentials;
extern const redis_script close_routes;
extern const redis_script busy_queues;
extern const redis_script requeue_letter;
extern const redis_script drop_letter;
extern const redis_script survey_stream;
extern const redis_script measure;

}  // namespace pusher::scripts
