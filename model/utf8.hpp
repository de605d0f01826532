// Cutting and counting text in UTF-8 that is known to be valid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pusher::utf8 {

/// How many code points the text has.
size_t characters(std::string_view text);

/// The longest beginning of at most so many bytes that ends between code points.
std::string_view cut(std::string_view text, size_t most_bytes);

/// The same, but also not before what belongs to the character before it (combining marks, joined emoji,
/// variants, the second half of a flag), with an ellipsis behind it.
std::string shortened(std::string_view text, size_t most_bytes);

}  // namespace pusher::utf8
