#pragma once

// An error as the API tells it: problem details of RFC 9457, with codes that don't change.
//
// Thread-safety: plain values.

#include <span>
#include <string>
#include <string_view>

#include "fristad/result.h"
#include "http/message.h"

namespace fristad {

// One code of the API's list. A client decides by `code`; `title` is for people.
struct ProblemKind {
  std::string_view code;  // "not-found": the last part of the type's URN
  int status;
  std::string_view title;
};

// All that there are, for the OpenAPI document and the reference.
std::span<const ProblemKind> problem_kinds();

// The kind that stands for a code of ours.
const ProblemKind& problem_of(Code code);

// application/problem+json: type, title, status, code, detail.
Response problem_response(const ProblemKind& kind, std::string_view detail);
Response problem_response(const Error& error);
// 429 with Retry-After, for who failed to sign in too often: how long he has to wait is in the error.
Response wait_response(const Error& error);
// Of an HTTP status that no handler gave: 404, 405, 413, ...
Response problem_response(int status, std::string_view detail);

// Kinds that no Code stands for.
const ProblemKind& problem_sign_in_needed();
const ProblemKind& problem_forbidden();
const ProblemKind& problem_throttled();
const ProblemKind& problem_probing();
const ProblemKind& problem_stale();

}  // namespace fristad
