// Whole files, read and written at once.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace pusher::emulator {

std::optional<std::string> read_file(const std::string& path);

/// Replaces the file in one step, so that a reader sees the old text or all of the new one. False: see errno.
bool write_file(const std::string& path, const std::string& text, mode_t mode);

/// Creates a directory and those above it. False: see errno.
bool make_directories(const std::string& path);

}  // namespace pusher::emulator
