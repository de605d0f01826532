// One page of an export: devices as lines that an import takes.
#pragma once

#include <optional>
#include <string>

#include "http/exchange.hpp"
#include "http/operations.hpp"

namespace pusher::http {

/// The internal note that says where a page begins: empty for the first page, then what the note of the page
/// before said. The last page has none.
inline const std::string export_position_note = "export-position";

/// Which devices a client wants.
struct export_wish {
  device_filter which;
  std::optional<std::string> after;  ///< a device_id: only the devices behind it
};

/// Renders the page that the request's note asks for. Without the note the request did not come from a stream
/// and is refused: a page alone must not pass for the whole.
result<response> export_page(const request& asked, const export_wish& wish, application_id app,
                             operations& engine);

}  // namespace pusher::http
