#pragma once

// What the alliance's conformance questions ask for and other rooms know: the PDQ hashes of pictures.
//
// Thread-safety: the tools may be called from any thread at once. Complexity: 0.4 ms a picture at most.

#include "alliance/conformance.h"

namespace fristad {

ConformanceTools conformance_tools();

}  // namespace fristad
