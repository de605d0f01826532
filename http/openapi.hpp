// The API's description in OpenAPI 3.1, put together from one hand-written source per topic (openapi/*.json).
// docs/openapi.md says how a route gets into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/result.hpp"

namespace pusher::http {

struct openapi_source {
  std::string_view name;  ///< the file's, without `.json`; `common` holds what is no topic's own
  std::string_view text;
};

/// The sources of this build.
const std::vector<openapi_source>& openapi_sources();

/// One document of all sources, topics by their `order`. Every operation gets its topic's tag, and the
/// parameters, headers and answers that `x-added-to` of `common` gives to its kind. Errors: corrupt_data,
/// naming the source, when one is not JSON or two define the same thing.
result<std::string> assemble_openapi(const std::vector<openapi_source>& sources);

/// The document of this build, made once.
const result<std::string>& openapi_document();

}  // namespace pusher::http
