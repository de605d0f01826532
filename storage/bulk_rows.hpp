// Rows for a bulk write: one array per column, as Connector/C's array binding takes them.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pusher {

/// Text is not copied: it must live until the rows are written.
class bulk_rows {
 public:
  enum class kind : uint8_t { number, text };

  explicit bulk_rows(const std::vector<kind>& columns) {
    for (auto each : columns)
      columns_.push_back({each, {}, {}, {}, {}});
  }

  /// Fills a row from left to right: one call per column.
  bulk_rows& add(uint64_t value) {
    auto& to = next();
    to.numbers.push_back(value);
    to.indicators.push_back(STMT_INDICATOR_NONE);
    return *this;
  }
  bulk_rows& add(std::string_view value) {
    auto& to = next();
    // Connector/C wants non-const pointers and only reads through them; an empty view may carry a null
    // pointer.
    to.texts.push_back(const_cast<char*>(value.empty() ? "" : value.data()));
    to.lengths.push_back(value.size());
    to.indicators.push_back(STMT_INDICATOR_NONE);
    return *this;
  }
  bulk_rows& add(const std::optional<std::string>& value) {
    add(value ? std::string_view(*value) : std::string_view());
    if (!value) previous().indicators.back() = STMT_INDICATOR_NULL;
    return *this;
  }
  bulk_rows& add(const std::string& value) { return add(std::string_view(value)); }

  size_t size() const { return columns_.front().indicators.size(); }
  bool empty() const { return size() == 0; }
  void clear() {
    for (auto& each : columns_) {
      each.numbers.clear();
      each.texts.clear();
      each.lengths.clear();
      each.indicators.clear();
    }
    at_ = 0;
  }

 private:
  friend class sql_statement;
  struct column {
    kind type;
    std::vector<uint64_t> numbers;
    std::vector<char*> texts;
    std::vector<unsigned long> lengths;
    std::vector<char> indicators;
  };
  column& next() {
    auto& here = columns_[at_];
    at_ = (at_ + 1) % columns_.size();
    return here;
  }
  column& previous() { return columns_[(at_ + columns_.size() - 1) % columns_.size()]; }

  std::vector<column> columns_;
  size_t at_ = 0;
};

}  // namespace pusher
