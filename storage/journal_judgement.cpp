#include "storage/journal_judgement.hpp"

namespace pusher {

namespace {

journal_finding lost(const std::string& why) {
  return {journal_state::lost,
          "the journal in Redis was lost (" + why + "): the leader rebuilds it from MariaDB"};
}

journal_finding older(const std::string& why) {
  return {journal_state::older,
          "Redis came back with an older journal (" + why + "): the leader rebuilds it from MariaDB"};
}

}  // namespace

std::string installation_of(const std::string& run_id) {
  return run_id.substr(0, run_id.find('.'));
}

journal_finding judge(const journal_identity& known, const journal_evidence& found) {
  if (found.run && installation_of(*found.run) != known.installation)
    return {
        journal_state::foreign,
        "Redis holds the journal of another installation than MariaDB's rows: was MariaDB emptied or "
        "replaced? Give it its data back (a backup); or, if the new rows are the ones to keep, end all nodes "
        "and remove this cluster's keys from Redis. Two installations that share a Redis need a "
        "cluster.name each"};
  if (known.rebuilding)
    return {journal_state::rebuilding, "the journal in Redis was lost and is being rebuilt from MariaDB"};
  if (known.fresh) return {journal_state::unmade, "the journal is not made yet"};
  if (!found.run) return lost("its run key is missing");
  if (*found.run != known.run_id) return lost("it is of another generation");
  if (!found.epoch) return lost("its epoch is missing");
  if (!found.last_result) return lost("the stream of results is missing");
  if (*found.last_result < known.highest_result)
    return older("rows were made of results that it does not know");
  if (found.pages < known.pages) return older("it lacks pages of an audience");
  return {};
}

}  // namespace pusher
