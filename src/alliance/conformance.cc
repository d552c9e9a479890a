#include "alliance/conformance.h"

#include <algorithm>
#include <utility>

#include "alliance/body.h"
#include "alliance/conformance_ask.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

using Ask = void (*)(Questioner& ask, AnswerSheet& answers);
constexpr std::array<std::pair<std::string_view, Ask>, 9> sections{{{"card", ask_card},
                                                                    {"epoch", ask_epoch},
                                                                    {"imagery", ask_imagery},
                                                                    {"json", ask_json},
                                                                    {"leaf", ask_leaf},
                                                                    {"note", ask_note},
                                                                    {"payload", ask_payload},
                                                                    {"statement", ask_statement},
                                                                    {"tree", ask_tree}}};

bool is_section_name(std::string_view name) {
  return !name.empty() && name.size() <= conformance_name_size_max &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

Json ConformanceAnswers::to_json() const {
  Json json = Json::object();
  for (const auto& [name, digest] : sections) json.members()->emplace(name, to_hex(digest));
  return json;
}

Result<ConformanceAnswers> ConformanceAnswers::from_json(const Json& json) {
  const Json::Object* const members = json.members();
  if (members == nullptr || members->size() > conformance_sections_max) {
    return Error{Code::invalid_argument, "\"conformance\" is an object of at most 32 sections"};
  }
  StrictBody body(json);
  ConformanceAnswers answers;
  for (const auto& [name, value] : *members) {
    if (!is_section_name(name)) {
      return Error{Code::invalid_argument, "the name of a section has 1 to 32 of a-z and '_'"};
    }
    answers.sections.emplace(name, TRY(body.hex<32>(name)));
  }
  return answers;
}

Result<ConformanceAnswers> conformance_answers(const Nonce& nonce, const ConformanceTools& tools) {
  ConformanceAnswers all;
  for (const auto& [name, ask] : sections) {
    Questioner questions(name, nonce);
    AnswerSheet answers;
    ask(questions, answers);
    all.sections.emplace(name, answers.digest());
  }
  if (tools.pdq) {
    Questioner questions("pdq", nonce);
    AnswerSheet answers;
    TRY(ask_pdq(questions, answers, tools.pdq));
    all.sections.emplace("pdq", answers.digest());
  }
  return all;
}

std::vector<std::string> differences(const ConformanceAnswers& ours, const ConformanceAnswers& theirs) {
  std::vector<std::string> names;
  for (const auto& [name, digest] : ours.sections) {
    const auto at = theirs.sections.find(name);
    if (at == theirs.sections.end() || at->second != digest) names.push_back(name);
  }
  return names;
}

}  // namespace fristad
