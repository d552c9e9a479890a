#include "record/kinds.h"

#include "base/try.h"

namespace fristad {

Status Fold::fact(const Fact& fact) {
  TRY(views_.execute("INSERT INTO fact(place, number, kind, subject, at, dimensions) VALUES ($1, $2, $3, $4, $5, $6)",
                     {place_.value(), facts_++, fact.kind, fact.subject, fact.at_ms, fact.dimensions}));
  return {};
}

const Kind* Kinds::find(std::string_view kind, int schema) const {
  for (const View* view : views_) {
    for (const Kind& known : view->kinds) {
      if (known.name == kind) return schema <= known.schema_newest ? &known : nullptr;
    }
  }
  return nullptr;
}

}  // namespace fristad
