// A terminal's whole screen, for as long as it lives: what was there comes back afterwards.
#pragma once

#include <termios.h>

#include <cstddef>
#include <string>

namespace pusher {

class full_screen {
 public:
  /// Standard input and output are terminals.
  full_screen();
  ~full_screen();
  full_screen(const full_screen&) = delete;
  full_screen& operator=(const full_screen&) = delete;

  struct extent {
    size_t lines = 24, columns = 80;
  };
  static extent size();
  /// Lines between newlines; the rest of the screen becomes empty.
  static void show(const std::string& text);

 private:
  termios before_{};
};

}  // namespace pusher
