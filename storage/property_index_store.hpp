// Which property names are indexed, and the work of building and dropping their rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/result.hpp"
#include "storage/database.hpp"
#include "storage/property_index_rows.hpp"

namespace pusher {

class property_index_store {
 public:
  explicit property_index_store(database& db) : db_(db) {}

  result<std::vector<indexed_property>> list(application_id app);
  /// From now on exactly these names are indexed: new ones are built, others dropped, by calls of work(). At
  /// most most_indexed_names.
  result<std::vector<indexed_property>> declare(application_id app, const std::vector<std::string>& names);
  /// One bounded step (about 1,000 devices or 5,000 rows, one transaction) of what is to be built or dropped;
  /// whether there was any.
  result<bool> work();

 private:
  database& db_;
};

}  // namespace pusher
