// Every gateway's transport against the emulator, so that one suite of tests runs for all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/result.hpp"
#include "tests/contract/transports/answer_collector.hpp"
#include "tests/contract/transports/emulated_gateway.hpp"
#include "transports/transport.hpp"

namespace pusher::testing {

struct gateway_under_test {
  const char* name;
  std::function<result<std::unique_ptr<transport>>(const emulated_gateway&, const limits_settings&,
                                                   answer_sink&)>
      make;
  /// The target whose push token says this to the emulator.
  std::function<push_target(const emulated_gateway&, const std::string& text)> target;
};

const std::vector<gateway_under_test>& every_gateway();

/// One running emulator, one transport, one collector.
struct bench_of {
  bench_of(const gateway_under_test& which, std::vector<std::string> flags = {}, limits_settings limits = {});

  push_order order(uint64_t id, const std::vector<std::string>& texts, lane urgency = lane::campaign) const;
  void submit(uint64_t id, const std::vector<std::string>& texts) { sink.submit(*sender, order(id, texts)); }
  /// One order for each, numbered from `id` on: a gateway that takes many targets at once gets them apart.
  void submit_each(uint64_t id, const std::vector<std::string>& texts) {
    for (auto& text : texts)
      submit(id++, {text});
  }
  /// 2,000 targets in four orders.
  void submit_many();
  /// How often the emulator accepted each token; all of them must have been accepted once.
  bool each_accepted_at_most_once() const;
  size_t arrivals_accepted() const;

  const gateway_under_test& of;
  emulated_gateway gateway;
  answer_collector sink;
  std::unique_ptr<transport> sender;  ///< last: it ends first
};

}  // namespace pusher::testing
