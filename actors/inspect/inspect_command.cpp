#include "actors/inspect/inspect_command.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "actors/inspect/answer_text.hpp"
#include "actors/inspect/node_client.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "model/json.hpp"

namespace pusher::commands {

namespace {

constexpr int well = 0, unhealthy = 1, usage = 2, unreachable = 3, configuration = 78;

int give_up(const error& why) {
  std::fprintf(stderr, "pusher: %s\n", screen::legible(why.detail).c_str());
  if (why.code == errc::invalid_field) return usage;
  return why.code == errc::invalid_configuration ? configuration : unreachable;
}

bool on_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

/// Blocks SIGINT and SIGTERM from here on; they are waited for between two looks.
class looks {
 public:
  looks() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  /// Whether nobody said to end meanwhile.
  bool pause(double seconds) const {
    auto whole = static_cast<time_t>(seconds);
    timespec most{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
    return sigtimedwait(&signals_, nullptr, &most) < 0;
  }

 private:
  sigset_t signals_{};
};

class asker {
 public:
  asker(const inspect_wish& wish, const settings& config) : wish_(wish), config_(config) {}

  /// One look; the exit code.
  int look(double seconds_between) {
    if (!node_) {
      auto connected = node_client::connect(config_, wish_.node);
      if (!connected) return give_up(connected.failure());
      node_ = std::move(*connected);
    }
    auto said = node_->ask(screen::question_of(wish_.command), wish_.arguments);
    if (!said) {
      node_.reset();
      return give_up(said.failure());
    }
    if (!said->ok) {
      std::fprintf(stderr, "pusher: %s\n", screen::legible(said->text).c_str());
      return unhealthy;
    }
    return show(screen::valid_utf8(std::move(said->text)), seconds_between);
  }

 private:
  int show(const std::string& text, double seconds_between) {
    auto document = json::parse(text);
    if (!document) {
      std::fprintf(stderr, "pusher: the node's answer cannot be read: %s\n",
                   document.failure().detail.c_str());
      return unreachable;
    }
    bool colours = on_terminal() && std::getenv("NO_COLOR") == nullptr;
    auto shown = screen::show(wish_.command, *document, before_ ? &*before_ : nullptr, seconds_between,
                              {now_ms(), colours, wish_.as_json});
    if (wish_.watch_seconds > 0 && !wish_.as_json && on_terminal()) std::fputs("\033[H\033[2J", stdout);
    std::fputs(shown.text.c_str(), stdout);
    std::fflush(stdout);
    before_ = std::make_unique<rapidjson::Document>(std::move(*document));
    return shown.healthy ? well : unhealthy;
  }

  const inspect_wish& wish_;
  const settings& config_;
  std::unique_ptr<node_client> node_;
  std::unique_ptr<rapidjson::Document> before_;
};

}  // namespace

int inspect(const inspect_wish& wish, const settings& config) {
  std::signal(SIGPIPE, SIG_IGN);
  // Before there are threads, which would take the signals otherwise.
  std::optional<looks> signals;
  if (wish.watch_seconds > 0) signals.emplace();
  asker to(wish, config);
  int code = to.look(0);
  // What is wrong from the start will not mend itself by being asked again.
  if (wish.watch_seconds <= 0 || code > unhealthy) return code;
  using clock = std::chrono::steady_clock;
  for (auto last = clock::now(); std::ferror(stdout) == 0 && signals->pause(wish.watch_seconds);) {
    auto now = clock::now();
    code = to.look(std::chrono::duration<double>(now - last).count());
    last = now;
  }
  return code;
}

}  // namespace pusher::commands
