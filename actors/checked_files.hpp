// What CAF is given of the cluster's files: a copy of our own, which is always sound. CAF reads the files
// anew for each connection and aborts the process when they are unreadable or do not fit together, so it must
// never see those that an operator is changing.
#pragma once

#include <optional>
#include <string>

#include "actors/cluster_files.hpp"

namespace pusher {

/// Not thread-safe. Used by the process that holds the data directory.
class checked_files {
 public:
  /// `configured`: nothing = the files of this machine's own authority, made and renewed by refresh().
  checked_files(std::string data_directory, std::optional<cluster_files> configured);

  /// Paths in the data directory, always the same ones: what CAF is configured with.
  const cluster_files& active() const { return active_; }

  /// Looks at the configured files. Changed and sound, they are copied, and `true` says that swap() will make
  /// them the active ones. Otherwise the active ones stay, and CAF goes on with them. Errors:
  /// invalid_configuration, also when files that have not changed have expired meanwhile.
  result<bool> prepare();
  /// Makes what was prepared active, by one rename. CAF opens certificate and key one after the other: call
  /// it where no connection begins at that moment. Without anything prepared it does nothing.
  result<void> swap();
  /// Both, and whether the active files are others now: for the start, and where nothing connects.
  result<bool> refresh();

  /// Of the active files; 0 before the first.
  utc_ms certificate_ends_at() const { return current_.certificate_ends_at; }
  utc_ms ca_ends_at() const { return current_.ca_ends_at; }

 private:
  result<cluster_identity> read();

  std::string data_directory_;
  std::optional<cluster_files> configured_;
  cluster_files active_;
  cluster_identity current_, prepared_;
  std::string version_;  ///< of what is prepared; empty = nothing
};

}  // namespace pusher
