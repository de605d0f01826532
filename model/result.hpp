// A value or an error. Errors are values at every boundary between the parts.
#pragma once

#include <cassert>
#include <utility>
#include <variant>

#include "model/error.hpp"

namespace pusher {

template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT(google-explicit-*)
  result(error failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT(google-explicit-*)

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const error& failure() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  error&& failure() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  T& value() { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const { return assert(ok()), *std::get_if<0>(&state_); }

  std::variant<T, error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(error failure) : failure_(std::move(failure)), ok_(false) {}  // NOLINT(google-explicit-*)

  explicit operator bool() const { return ok_; }
  bool ok() const { return ok_; }
  const error& failure() const& { return assert(!ok_), failure_; }
  error&& failure() && { return assert(!ok_), std::move(failure_); }

 private:
  error failure_;
  bool ok_ = true;
};

}  // namespace pusher
