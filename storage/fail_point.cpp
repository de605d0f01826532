// Linked where no other fail_point() is.
#include "storage/fail_point.hpp"

namespace pusher {

void fail_point(std::string_view) {}

}  // namespace pusher
