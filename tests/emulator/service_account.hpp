// The Google service account whose key signs the assertions, and its file.
#pragma once

#include <optional>
#include <string>

#include "tests/emulator/openssl_handles.hpp"

namespace pusher::emulator {

struct service_account {
  std::string project;
  std::string key_id;
  std::string email;
  std::string client_id;
  std::string token_uri;
  key_ptr key;  ///< RSA-2048
};

/// Takes the account of the file, or makes one when there is none; the file then names `token_uri` and
/// `project`, mode 0600. Nothing when the file is unreadable as an account or cannot be written.
std::optional<service_account> ensure_service_account(const std::string& path, const std::string& project,
                                                      const std::string& token_uri);

}  // namespace pusher::emulator
