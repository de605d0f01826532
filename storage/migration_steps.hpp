// The steps of the schema that have a file of their own, storage/migration_<topic>.cpp each.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "storage/migrations.hpp"

namespace pusher {

/// CREATE TABLE statements, with the engine and collation that all our tables have.
std::vector<std::string> tables(std::initializer_list<const char*> definitions);

migration lifecycle_migration();
migration access_migration();
migration credentials_migration();
migration results_migration();
migration webhooks_migration();
migration local_time_migration();
migration journal_migration();
migration retention_migration();

}  // namespace pusher
