// Segments and indexed properties of an engine for tests of the routes, in memory.
#pragma once

#include "fake_devices.hpp"

class fake_audience : public fake_devices {
 public:
  std::map<std::string, pusher::segment> segments;
  std::vector<std::string> indexed;

  result<pusher::http::saved_segment> put_segment(application_id, const std::string& name,
                                                  const pusher::condition& where,
                                                  const segment_check& allowed) override {
    if (fails) return *fails;
    if (auto good = allowed(segment_of(name)); !good) return good.failure();
    bool created = segments.count(name) == 0;
    segments[name] = {name, where.to_json(), 1'000, 2'000};
    return pusher::http::saved_segment{created, segments[name]};
  }
  result<pusher::segment> get_segment(application_id, const std::string& name) override {
    auto found = segments.find(name);
    if (found == segments.end()) return failure(pusher::errc::not_found, "There is no such segment.");
    return found->second;
  }
  const pusher::segment* segment_of(const std::string& name) {
    return segments.count(name) > 0 ? &segments[name] : nullptr;
  }
  result<void> delete_segment(application_id, const std::string& name,
                              const segment_check& allowed) override {
    if (auto good = allowed(segment_of(name)); !good) return good.failure();
    if (segments.erase(name) == 0) return failure(pusher::errc::not_found, "There is no such segment.");
    return {};
  }
  result<pusher::http::page<pusher::segment>> list_segments(
      application_id, const pusher::http::page_request& request) override {
    paging = request;
    pusher::http::page<pusher::segment> page;
    for (const auto& [name, each] : segments)
      page.items.push_back(each);
    return page;
  }
  result<std::vector<pusher::http::indexed_name>> indexed_properties(application_id) override {
    std::vector<pusher::http::indexed_name> names;
    for (const auto& each : indexed)
      names.push_back({each, true});
    return names;
  }
  result<std::vector<pusher::http::indexed_name>> index_properties(
      application_id app, const std::vector<std::string>& names) override {
    indexed = names;
    return indexed_properties(app);
  }
};
