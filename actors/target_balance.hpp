// Whether a notification's targets add up: audience = what has a row + what is pending, and all that is
// pending is somewhere in the journal. Both stores are read at different moments, so only what stays is
// wrong.
#pragma once

#include <string>

#include "model/result.hpp"
#include "storage/journal_survey.hpp"
#include "storage/operator_queries.hpp"

namespace pusher {

/// What is wrong with the counts, as a sentence, if nothing of the notification moves; empty = nothing.
std::string difference(const notification_row& row, const targets_survey& journal);

/// The same for one that has ended: what its row says and what `deliveries` counted.
std::string difference(const notification_row& row, const outcome_counts& deliveries);

/// Looks again a little later, and gives what is still so although nothing moved meanwhile. Blocks for most
/// of a second when something seems wrong. Errors: of the stores.
result<std::string> lasting_difference(const notification_row& row, const targets_survey& journal,
                                       operator_queries rows, journal_survey& survey);

}  // namespace pusher
