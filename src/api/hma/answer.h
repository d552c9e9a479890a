#pragma once

// Answers as HMA gives them: those of Flask, flask-openapi3 and pydantic.
//
// Thread-safety: pure functions.

#include <string>
#include <string_view>

#include "base/json.h"
#include "fristad/result.h"
#include "http/message.h"

namespace fristad {

// JSON as Flask's jsonify writes it: keys sorted, no blanks, a real number always with its point (1.0).
std::string flask_text(const Json& value);

// That, and a line end.
Response hma_json(int status, const Json& value);
// {"message": "..."}
Response hma_message(int status, std::string_view message);
// The status that stands for the code; the text of an internal error stays here.
Response hma_error(const Error& error);

// 422 with the list that pydantic gives of what is wrong with a request: {"type", "loc", "msg", "input", "url"}. What
// was sent isn't repeated.
Response hma_invalid(std::string_view type, std::string_view where, std::string_view message);
Response hma_missing(std::string_view where);

// The page in HTML for what no route answers.
Response hma_page(int status);

}  // namespace fristad
