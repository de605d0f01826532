// The steps of the schema that have a file of their own, storage/migration_<topic>.cpp each.
#pragma once

#include "storage/migrations.hpp"

namespace pusher {

migration lifecycle_migration();

}  // namespace pusher
