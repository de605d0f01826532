// Random devices and conditions that are awkward on purpose, and that meet often enough to tell judges apart.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "condition_oracle.hpp"

namespace pusher::oracle {

class generator {
 public:
  explicit generator(uint64_t seed) : random_(seed) {}

  world make_world();
  /// Within the documented limits, segments written out.
  node make_condition(const world& in);

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices.at(below(choices.size()));
  }

  // What values are, and how they are written.
  std::string quoted(const std::string& text);
  std::string any_text();
  std::string any_version();
  std::string any_number_literal();
  int64_t any_ms(int64_t as_of);
  std::string rfc3339(int64_t ms);
  value text(const std::string& is) { return {is, quoted(is)}; }
  value numeric(const std::string& literal) { return {number_of(literal), literal}; }
  value time(int64_t ms, bool plain = false);
  value list();
  value any_value(size_t type, int64_t as_of);
  value near(const value& has, int64_t as_of, bool attribute);
  value written_anew(const value& has, bool plain_time);

  device make_device(const world& in, size_t index);
  void write_properties(device& of);

  node leaf(const world& in);
  node comparison(const world& in, form is);
  node cohort();
  void choose_operator(node& of, const value& like, bool is_time, const world& in);
  void choose_days(node& of, const world& in);
  node tree(const world& in, size_t levels, size_t& comparisons);
  node chain(const world& in, size_t levels);
  node wide(const world& in);

  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<value>> usual_;  ///< values that several devices share, by name
};

}  // namespace pusher::oracle
