// What an actor does with an exception that nothing caught: it says which, and ends; its supervisor starts it
// again.
#pragma once

#include <exception>

#include <caf/all.hpp>

#include "actors/log.hpp"

namespace pusher {

template <class Actor>
void name_exceptions(Actor* self) {
  self->set_exception_handler([](std::exception_ptr& caught) -> caf::error {
    try {
      std::rethrow_exception(caught);
    } catch (const std::exception& fault) {
      log::error("actor.exception", {{"detail", fault.what()}});
    } catch (...) {
      log::error("actor.exception", {{"detail", "of an unknown kind"}});
    }
    return caf::sec::runtime_error;
  });
}

}  // namespace pusher
