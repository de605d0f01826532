// A page that is the same for everybody: compressed and named once, because anybody may ask for it again and
// again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"

namespace pusher::http {

class fixed_page {
 public:
  using headers = std::vector<std::pair<std::string, std::string>>;

  fixed_page(std::string body, std::string content_type, headers more = {});

  response answer_to(const request& asked) const;

 private:
  const std::string body_;
  const std::string packed_;
  const std::string tag_;
  const std::string content_type_;
  const headers headers_;
};

}  // namespace pusher::http
