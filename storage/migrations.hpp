// The schema, as a list of steps that lead from any older version to this binary's.
#pragma once

#include <string>
#include <vector>

namespace pusher {

/// Statements that lead from the version before to `version`. DDL commits by itself, so a crash can leave a
/// step half done: each statement must be harmless when it runs again (IF NOT EXISTS, INSERT IGNORE).
struct migration {
  unsigned version;
  std::vector<std::string> statements;
};

/// In order of version, without gaps, from 1. Published steps never change; the schema changes by a new step.
const std::vector<migration>& migrations();

}  // namespace pusher
