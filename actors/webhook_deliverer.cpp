#include "actors/webhook_deliverer.hpp"

#include <exception>

#include "actors/log.hpp"

namespace pusher {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto longest_turn = 250ms;  // so long may we go on after the lead is lost
constexpr auto last_answers = 3s;
constexpr auto pause_after_fault = 1s;

}  // namespace

webhook_deliverer::webhook_deliverer(node_context_ptr node)
    : node_(std::move(node)),
      delivery_(node_->config, *node_->secrets, node_->numbers, [this] { node_->lead.lose(); }),
      thread_([this] { run(); }) {}

webhook_deliverer::~webhook_deliverer() {
  stopping_ = true;
  delivery_.wake();
  thread_.join();
}

void webhook_deliverer::turn() {
  try {
    delivery_.lead(node_->lead.epoch());
    delivery_.turn(steady_ms(), longest_turn);
  } catch (const std::exception& fault) {
    // As an actor would be started again: what counts is in the database.
    log::error("webhooks.failed", {{"detail", fault.what()}});
    delivery_.lead(0);
    std::this_thread::sleep_for(pause_after_fault);
  }
}

void webhook_deliverer::run() {
  while (!stopping_)
    turn();
  delivery_.finish();
  auto deadline = clock::now() + last_answers;
  while (!delivery_.finished() && clock::now() < deadline)
    turn();
}

}  // namespace pusher
