// What a second person has to approve.

#include <algorithm>
#include <limits>

#include "base/hex.h"
#include "base/try.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::size_t page_max = 200;
constexpr std::int64_t lapses_at_once = 1000;

// A row of the view; what is sealed in the payloads is missing.
struct Row {
  ApprovalInfo info;
  Place place;
  Place answer;
};

Row row_of(const SqlRow& row) {
  return {.info = {.id = array_of<16>(row.bytes(0)),
                   .draft = {.action = std::string(row.text(2)),
                             .subject = std::string(row.text(3)),
                             .reason = {},
                             .answered_with = right_from_text(row.text(4)).value_or(Right::answer_users)},
                   .state = approval_state_from_text(row.text(7)).value_or(ApprovalState::lapsed),
                   .asked_by = std::string(row.text(5)),
                   .asked_ms = row.integer(6),
                   .lapses_ms = row.integer(8),
                   .answered_by = std::string(row.text(9)),
                   .answered_ms = row.integer(10)},
          .place = Place::of(row.integer(1)),
          .answer = Place::of(row.integer(11))};
}

Result<Row> row_in(Connection& views, const ApprovalId& approval) {
  std::optional<Row> found;
  TRY(
      views.query("SELECT id, place, action, subject, answered_with, asked_by, asked_at, state, lapses_at, "
                  "answered_by, answered_at, answer_place FROM approval WHERE id = $1",
                  {Bytes(approval)}, [&](const SqlRow& row) {
                    found = row_of(row);
                    return Status();
                  }));
  if (!found) return Error{Code::not_found, "nobody asked for approval " + to_hex(approval)};
  return *found;
}

Result<ApprovalInfo> complete(const Journal& journal, Row row) {
  const Record asked = TRY(journal.read(row.place));
  row.info.draft = TRY(approval_draft(asked.payload.body));
  if (row.info.answered_ms != 0) {
    const Record answered = TRY(journal.read(row.answer));
    row.info.answer_reason = TRY(text_in(answered.payload.body, "reason"));
  }
  return row.info;
}

Json of_approval(const ApprovalId& approval) {
  return Json::object({{"approval", to_hex(approval)}});
}

bool is_open(ApprovalState state) {
  return state == ApprovalState::asked || state == ApprovalState::approved;
}

}  // namespace

Result<ApprovalId> People::ask(const By& by, const ApprovalDraft& draft) {
  TRY(approval_draft(body_of(draft, 0)));
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(decision.emit(
        {.kind = std::string(kind_approval_asked), .body = body_of(draft, decision.now_ms() + approval_lapse_ms)}));
    return {};
  }));
  impl_->changed();
  return recorded.front().id;
}

Result<ApprovalInfo> People::answer(const By& by, const ApprovalId& approval, bool approve, std::string_view reason) {
  TRY(check_text("why it is answered so", reason, approve ? 0 : 1, why_bytes_max));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const Row row = TRY(row_in(decision.views(), approval));
    if (row.info.asked_by == decision.actor()) {
      return Error{Code::permission_denied, "who asked can't answer: another person does"};
    }
    if (row.info.state != ApprovalState::asked) {
      return Error{Code::conflict, "it is " + std::string(to_text(row.info.state)) + " already"};
    }
    if (decision.now_ms() >= row.info.lapses_ms) return Error{Code::conflict, "its time is over: ask again"};
    Json body = of_approval(approval);
    body.members()->emplace("approve", approve);
    body.members()->emplace("lapses", approve ? decision.now_ms() + approval_lapse_ms : row.info.lapses_ms);
    body.members()->emplace("reason", reason);
    TRY(decision.emit({.kind = std::string(kind_approval_answered), .body = std::move(body)}));
    return {};
  }));
  impl_->changed();
  return this->approval(approval);
}

Decide People::use_up(const ApprovalId& approval) const {
  return [approval](Decision& decision) -> Status {
    const Row row = TRY(row_in(decision.views(), approval));
    if (row.info.state != ApprovalState::approved) {
      return Error{Code::conflict, "it isn't approved: it is " + std::string(to_text(row.info.state))};
    }
    if (decision.now_ms() >= row.info.lapses_ms) return Error{Code::conflict, "the approval's time is over: ask again"};
    TRY(decision.emit({.kind = std::string(kind_approval_done), .body = of_approval(approval)}));
    return {};
  };
}

Result<ApprovalInfo> People::approval(const ApprovalId& approval) const {
  const Row row = TRY([&]() -> Result<Row> {
    const std::scoped_lock lock(impl_->reading);
    return row_in(*impl_->views, approval);
  }());
  return complete(impl_->journal, row);
}

Result<People::ApprovalPage> People::approvals(const ApprovalFilter& filter) const {
  const std::size_t count = std::clamp<std::size_t>(filter.count, 1, page_max);
  const std::int64_t before = filter.before > 0 ? filter.before : std::numeric_limits<std::int64_t>::max();
  const std::string_view state = filter.state ? to_text(*filter.state) : std::string_view();
  std::vector<Row> rows;
  {
    const std::scoped_lock lock(impl_->reading);
    // One more tells whether there are more.
    TRY(impl_->views->query(
        "SELECT id, place, action, subject, answered_with, asked_by, asked_at, state, lapses_at, answered_by, "
        "answered_at, answer_place FROM approval WHERE place < $1 AND (CAST($2 AS text) = '' OR state = $2) AND "
        "(CAST($3 AS text) = '' OR asked_by = $3) ORDER BY place DESC LIMIT $4",
        {before, state, std::string_view(filter.asked_by), static_cast<std::int64_t>(count) + 1},
        [&](const SqlRow& row) {
          rows.push_back(row_of(row));
          return Status();
        }));
  }
  ApprovalPage page;
  if (rows.size() > count) {
    rows.pop_back();
    page.next = rows.back().place.value();
  }
  for (const Row& row : rows) page.approvals.push_back(TRY(complete(impl_->journal, row)));
  return page;
}

Status People::Impl::lapse() {
  std::vector<ApprovalId> over;
  {
    const std::scoped_lock lock(reading);
    for (const ApprovalState state : {ApprovalState::asked, ApprovalState::approved}) {
      TRY(views->query("SELECT id FROM approval WHERE state = $1 AND lapses_at <= $2 ORDER BY place LIMIT $3",
                       {to_text(state), now_ms(), lapses_at_once}, [&](const SqlRow& row) {
                         over.push_back(array_of<16>(row.bytes(0)));
                         return Status();
                       }));
    }
  }
  if (over.empty()) return {};
  TRY(journal.transact("node", [&](Decision& decision) -> Status {
    for (const ApprovalId& approval : over) {
      const auto row = row_in(decision.views(), approval);
      if (!row && row.error().code == Code::not_found) continue;  // erased meanwhile
      if (!row) return row.error();
      if (!is_open(row->info.state) || decision.now_ms() < row->info.lapses_ms) continue;
      TRY(decision.emit({.kind = std::string(kind_approval_lapsed), .body = of_approval(approval)}));
    }
    return {};
  }));
  changed();
  return {};
}

}  // namespace fristad
