// Pages of lists.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pusher::http {

/// One page of a list; `next` continues it and is empty at the end. Cursors are opaque to clients.
template <class T>
struct page {
  std::vector<T> items;
  std::string next;
};

struct page_request {
  size_t limit = 100;
  std::string cursor;  ///< as `page::next` gave it; empty = from the start
};

}  // namespace pusher::http
