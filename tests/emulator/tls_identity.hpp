// The private certificate authority, the server's certificate, and the TLS context made of them.
#pragma once

#include <string>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

/// Paths of the files in a client's directory.
struct tls_files {
  std::string ca;           ///< ca.pem: what clients trust
  std::string certificate;  ///< server.pem: for localhost, 127.0.0.1 and ::1
  std::string key;          ///< server.key, mode 0600
};

tls_files tls_files_in(const std::string& directory);

/// Writes the files unless all of them exist. False when that fails.
bool ensure_tls_files(const tls_files& files);

/// Takes ALPN h2 and http/1.1 (also clients without ALPN, as http/1.1) and refuses others. Null when a file
/// is bad.
ssl_context_ptr make_server_context(const tls_files& files);

}  // namespace pusher::emulator
