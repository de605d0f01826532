// The private certificate authority, the server's certificate, and the TLS context made of them.
#pragma once

#include <string>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

/// Paths of the files in a client's directory.
struct tls_files {
  std::string ca;           ///< ca.pem: what clients trust
  std::string certificate;  ///< server.pem: for localhost, 127.0.0.1, ::1 and a name
  std::string key;          ///< server.key, mode 0600
  std::string client;       ///< apns-client.pem: certificate and key of a client, mode 0600
  std::string client_p12;   ///< apns-client.p12: the same, mode 0600
};

/// Of apns-client.p12.
constexpr const char* client_p12_password = "pusher";

tls_files tls_files_in(const std::string& directory);

/// Writes the files unless all of them exist; the client's certificate has `client_uid` as its UID, where
/// Apple has the topic; the server's is also for `name`, if it is not empty. False when that fails. The
/// authority's key is kept nowhere.
bool ensure_tls_files(const tls_files& files, const char* client_uid, const std::string& name);

/// Takes ALPN h2 and http/1.1 (also clients without ALPN, as http/1.1) and refuses others. Takes client
/// certificates of our authority, and clients without any. Null when a file is bad.
ssl_context_ptr make_server_context(const tls_files& files, bool http2);

}  // namespace pusher::emulator
