#pragma once

// The OpenAPI 3.1 document of the routes (https://spec.openapis.org/oas/v3.1.0).
//
// Thread-safety: pure function.

#include <span>
#include <string>

#include "api/route.h"

namespace fristad {

std::string openapi_document(std::span<const ApiRoute> routes);

}  // namespace fristad
