// The schema, as a list of steps that lead from any older version to this binary's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/result.hpp"

namespace pusher {

class database;

/// Statements that lead from the version before to `version`. DDL commits by itself, so a crash can leave a
/// step half done: each statement must be harmless when it runs again (IF NOT EXISTS, INSERT IGNORE).
struct migration {
  unsigned version;
  std::vector<std::string> statements;
};

/// In order of version, without gaps, from 1. Published steps never change; the schema changes by a new step.
const std::vector<migration>& migrations();

/// As migrate(db), telling before each step to which version it leads.
result<void> migrate(database& db, const std::function<void(unsigned)>& before);

}  // namespace pusher
