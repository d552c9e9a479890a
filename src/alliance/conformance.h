#pragma once

// Whether a candidate's program reads and writes the alliance's formats as ours does. The nonce of its invitation makes
// questions; its node answers them, and signs the answers with its acceptance. Whoever is to vote computes the same:
// a program that would sign, hash or refuse otherwise shows now, not when its log has to be read.
//
//   const ConformanceAnswers ours = fristad::conformance_answers(acceptance.nonce, tools);
//   differences(ours, acceptance.conformance);     // {"leaf", "tree"}; empty: the programs agree
//
// It proves nothing about who answers: somebody else's program may have done it. docs/format/alliance.md tells how
// questions follow from the nonce, and what each section asks.
//
// Thread-safety: plain values and pure functions, if the tools are. Complexity: about 20 ms, most of it signatures.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "crypto/digest.h"
#include "fristad/result.h"

namespace fristad {

// Ties an acceptance to one invitation.
using Nonce = std::array<std::uint8_t, 16>;

inline constexpr std::size_t conformance_sections_max = 32;
inline constexpr std::size_t conformance_name_size_max = 32;

struct ConformanceAnswers {
  // By the names of sections, 1 to 32 of a-z and '_': SHA-256 over all answers of each. At most 32; ones that this
  // program doesn't know are kept.
  std::map<std::string, Digest, std::less<>> sections = {};

  Json to_json() const;
  // Errors: invalid_argument.
  static Result<ConformanceAnswers> from_json(const Json& json);
  friend bool operator==(const ConformanceAnswers&, const ConformanceAnswers&) = default;
};

// The PDQ hash of a picture, in hex, a blank, and its quality.
using PdqOf =
    std::function<Result<std::string>(std::span<const std::uint8_t> luma, int width, int height)>;  // rows without gaps

// What other rooms know.
struct ConformanceTools {
  PdqOf pdq = {};  // empty: no section "pdq"
};

// What a function refuses is an answer too. Errors: those of the tools.
Result<ConformanceAnswers> conformance_answers(const Nonce& nonce, const ConformanceTools& tools);

// In order, the sections of ours that they answer otherwise, or not at all. What only they know doesn't count: newer
// programs may ask for more.
std::vector<std::string> differences(const ConformanceAnswers& ours, const ConformanceAnswers& theirs);

}  // namespace fristad
