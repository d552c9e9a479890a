#include "api/problem.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"

namespace fristad {
namespace {

TEST(ProblemTest, CodesAreStable) {
  // Clients decide by these: one that changes breaks them.
  std::string list;
  std::set<std::string_view> codes;
  for (const ProblemKind& kind : problem_kinds()) {
    EXPECT_TRUE(codes.insert(kind.code).second);
    list += std::string(kind.code) + " " + std::to_string(kind.status) + "\n";
  }
  EXPECT_EQ(list,
            "invalid 400\nsign-in-needed 401\nforbidden 403\nnot-found 404\nmethod-not-allowed 405\ntoo-slow 408\n"
            "conflict 409\nstale 412\ntoo-large 413\ntarget-too-long 414\nunsupported 415\nunreadable 422\n"
            "throttled 429\nprobing 429\nheaders-too-large 431\ninternal 500\nunavailable 503\n");
}

TEST(ProblemTest, EveryErrorIsAProblem) {
  for (const Code code : {Code::invalid_argument, Code::not_found, Code::already_exists, Code::permission_denied,
                          Code::unsupported, Code::damaged, Code::too_large, Code::deadline_exceeded, Code::unavailable,
                          Code::conflict, Code::cancelled, Code::internal}) {
    const Response response = problem_response(Error{code, "why \"so\""});
    const auto body = parse_json(response.body, {});
    ASSERT_TRUE(body) << response.body;
    EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json");
    EXPECT_EQ(*body->find("status")->integer(), response.status);
    EXPECT_EQ(*body->find("detail")->text(), "why \"so\"");
    EXPECT_EQ(*body->find("type")->text(), "urn:fristad:problem:" + *body->find("code")->text());
    EXPECT_GE(response.status, 400);
  }
}

TEST(ProblemTest, WhoHasToWaitIsToldHowLong) {
  for (const auto& [wait_ms, seconds] :
       {std::pair(1, "1"), std::pair(1000, "1"), std::pair(1001, "2"), std::pair(3'600'000, "3600")}) {
    const Response response = wait_response(Error{Code::deadline_exceeded, "try again", wait_ms});
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.headers.find("Retry-After"), seconds) << "rounded up";
  }
}

TEST(ProblemTest, AStatusThatNobodyGaveHasACodeToo) {
  EXPECT_NE(problem_response(404, "").body.find("not-found"), std::string::npos);
  EXPECT_EQ(problem_response(417, "").status, 417);
  EXPECT_NE(problem_response(417, "").body.find("\"invalid\""), std::string::npos);
  EXPECT_NE(problem_response(505, "").body.find("\"internal\""), std::string::npos);
  EXPECT_EQ(problem_response(problem_sign_in_needed(), "").headers.find("WWW-Authenticate"), "Bearer");
}

}  // namespace
}  // namespace fristad
