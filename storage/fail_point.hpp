// Places at which a test lets the process die, stop, fail or wait: the crash points of docs/guarantees.md.
// The shipped program has an empty function here; the tests' `pusher-with-fail-points` has the one of
// tests/fail_points, which does what PUSHER_FAIL says.
#pragma once

#include <array>
#include <string_view>

namespace pusher {

/// Every place there is, in the order in which data flows.
inline constexpr std::array fail_point_names{
    std::string_view("api.starting"),
    std::string_view("api.serving"),         ///< a request was taken, nothing was done yet
    std::string_view("api.stored"),          ///< rows committed, launches not announced
    std::string_view("api.announced"),       ///< announced, not answered
    std::string_view("api.step_stored"),     ///< a pause, resume or cancel committed, Redis not told
    std::string_view("api.step_told"),       ///< Redis told, the client not answered
    std::string_view("schedule.due_taken"),  ///< due row locked, nothing written
    std::string_view("schedule.launched"),   ///< due row launched, and committed
    std::string_view("fan_out.starting"),
    std::string_view("fan_out.lease_taken"),  ///< the epoch not yet raised in Redis
    std::string_view("fan_out.committing"),   ///< pages read under the lease, not appended
    std::string_view("fan_out.committed"),    ///< pages appended, and nobody here knows
    std::string_view("fan_out.concluding"),   ///< last page appended, not marked complete
    std::string_view("rebuild.named"),        ///< a lost journal's next name is known in MariaDB only
    std::string_view("rebuild.taken"),        ///< Redis has it, and all else is as it was
    std::string_view("rebuild.swept"),        ///< nothing of the old journal is left
    std::string_view(
        "rebuild.begun_anew"),             ///< notifications begin anew, the journal does not count as whole
    std::string_view("rebuild.finished"),  ///< it does, and nobody has vouched for it
    std::string_view("push_sender.starting"),
    std::string_view("push_sender.claimed"),    ///< batches claimed, none sent
    std::string_view("push_sender.answered"),   ///< answers came, not recorded
    std::string_view("push_sender.recording"),  ///< all of a batch sent, its last results not recorded
    std::string_view("push_sender.recorded"),   ///< results recorded, and nobody here knows
    std::string_view("result_writer.starting"),
    std::string_view("result_writer.rows_inserted"),  ///< in the middle of a transaction
    std::string_view("result_writer.committed"),      ///< rows committed, not acknowledged
    std::string_view("purge.rows_deleted"),  ///< some of a deleted notification's rows are gone, not all
};

/// Passes the place of this name. May not return; may throw.
void fail_point(std::string_view name);

}  // namespace pusher
