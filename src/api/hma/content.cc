#include "api/hma/content.h"

#include "api/hma/metadata.h"

namespace fristad {
namespace {

// Of a field or member of the query that holds JSON.
Status add_text(Json::Object& metadata, std::string_view text) {
  const auto parsed = parse_json(text, {.bytes_max = 64 * 1024, .depth_max = 32, .reals = true});
  if (!parsed) return Error{Code::invalid_argument, "metadata form field must be valid JSON"};
  return add_metadata(metadata, *parsed);
}

// Clients put it there, where HMA doesn't look.
Status read_query(const HmaCall& call, HmaDraft& draft) {
  if (const std::string* const text = call.query("metadata")) TRY(add_text(draft.metadata, *text));
  for (const char* const name : {"content_id", "content_uri"}) {
    if (const std::string* const text = call.query(name)) draft.metadata.insert_or_assign(name, Json(*text));
  }
  if (const std::string* const note = call.query("note")) draft.note = TRY(note_of(Json(*note)));
  return {};
}

Status read_json(HmaCall& call, HmaDraft& draft) {
  const auto sent = call.json();
  if (!sent) return sent.error().code == Code::unsupported ? Status() : Status(sent.error());
  if ((*sent)->members() == nullptr) return {};
  if (const Json* const metadata = (*sent)->find("metadata"); metadata != nullptr && !metadata->is_null()) {
    TRY(add_metadata(draft.metadata, *metadata));
  }
  if (const Json* const note = (*sent)->find("note")) draft.note = TRY(note_of(*note));
  return {};
}

}  // namespace

std::int64_t paused_until_ms(std::int64_t disable_until_ts) {
  if (disable_until_ts == 0) return paused_for_good;
  return disable_until_ts == 1 ? 0 : disable_until_ts * 1000;
}

std::int64_t disable_until_ts(std::int64_t paused_until_ms) {
  if (paused_until_ms == paused_for_good) return 0;
  return paused_until_ms == 0 ? 1 : (paused_until_ms + 999) / 1000;
}

Result<HmaDraft> read_draft(HmaCall& call) {
  HmaDraft draft;
  TRY(read_query(call, draft));
  const std::string* const url = call.query("url");
  const bool fetches = url != nullptr && !url->empty();
  if (is_form(call)) {
    HmaForm form = TRY(read_form(call));
    if (const auto at = form.fields.find("metadata"); at != form.fields.end()) {
      TRY(add_text(draft.metadata, at->second));
    }
    if (const auto at = form.fields.find("note"); at != form.fields.end()) {
      draft.note = TRY(note_of(Json(at->second)));
    }
    draft.media = std::move(form.media);
  } else {
    TRY(read_json(call, draft));
  }
  if (fetches) draft.media = TRY(fetch_media(call, *url));
  if (draft.media) return draft;
  return Error{Code::invalid_argument, "Neither `url` nor multipart file upload was received"};
}

}  // namespace fristad
