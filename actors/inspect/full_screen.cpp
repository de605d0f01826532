#include "actors/inspect/full_screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace pusher {

namespace {

void put(std::string_view text) {
  while (!text.empty()) {
    auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

// The other screen, no cursor, and lines that are too long are cut.
constexpr const char* enter = "\033[?1049h\033[?25l\033[?7l";
constexpr const char* leave = "\033[?7h\033[?25h\033[?1049l";

}  // namespace

full_screen::full_screen() {
  tcgetattr(STDIN_FILENO, &before_);
  auto raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  put(enter);
}

full_screen::~full_screen() {
  put(leave);
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

full_screen::extent full_screen::size() {
  winsize now{};
  extent made;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &now) == 0 && now.ws_row > 0 && now.ws_col > 0)
    made = {now.ws_row, now.ws_col};
  return made;
}

void full_screen::show(const std::string& text) {
  std::string made = "\033[H";
  for (char c : text)
    made += c == '\n' ? std::string("\033[K\r\n") : std::string(1, c);
  put(made + "\033[K\033[J");
}

}  // namespace pusher
