// A server on a free port of the loopback, for tests.
#pragma once

#include <doctest/doctest.h>

#include <memory>

#include "answering.hpp"
#include "http/server.hpp"

inline std::unique_ptr<pusher::http::server> start(pusher::http::dispatcher& target,
                                                   const pusher::limits_settings& limits = {},
                                                   const pusher::http::health_source* health = nullptr) {
  auto started = pusher::http::server::start({"127.0.0.1", 0}, limits, target, health, 2);
  REQUIRE(started.ok());
  return std::move(*started);
}

inline pusher::http::response echo(const pusher::http::request& asked) {
  return with_body(asked.method + " " + asked.path + " " + asked.body);
}
