// What the processes of the cluster share lies in the journal's Redis.
#pragma once

#include <optional>
#include <string>

#include "storage/journal.hpp"
#include "transports/apns/provider_token.hpp"

namespace pusher {

class journal_values final : public shared_values {
 public:
  explicit journal_values(journal& from) : journal_(from) {}
  result<std::optional<std::string>> load(const std::string& name) override {
    return journal_.shared_value(name);
  }
  result<bool> replace(const std::string& name, const std::optional<std::string>& expected,
                       const std::string& value) override {
    return journal_.replace_shared_value(name, expected, value);
  }

 private:
  journal& journal_;
};

}  // namespace pusher
