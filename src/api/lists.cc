// Lists: made, changed, asked about; exports and erasures are asked for, and carried out once another has approved.

#include "api/actions.h"
#include "api/api_impl.h"
#include "api/call.h"
#include "api/problem.h"
#include "base/hex.h"
#include "material/entry_json.h"

namespace fristad {
namespace {

void write_list(JsonWriter& json, const ListInfo& list) {
  json.begin_object().member("list", to_text(list.id)).member("title", list.body.title);
  json.member("purpose", to_text(list.body.purpose)).member("handling", list.body.handling);
  json.member("limit", list.body.limit).member("state", to_text(list.body.state)).member("own", list.own);
  json.member("revision", list.revision).member("entries", list.entries).member("withdrawn", list.withdrawn);
  json.end_object();
}

Response list_response(const Call& call, int status, const ListInfo& list) {
  std::string body;
  JsonWriter json(body);
  write_list(json, list);
  return with_etag(call, list.revision, json_response(status, std::move(body)));
}

template <class T>
Status set_word(Fields& in, std::string_view name, T& to) {
  const auto text = TRY(in.maybe_text(name, 32));
  if (!text) return {};
  const auto word = from_text<T>(*text);
  if (!word) return Error{Code::invalid_argument, "\"" + std::string(name) + "\" isn't one of the words it can be"};
  to = *word;
  return {};
}

Status read_list(Fields& in, ListBody& body) {
  if (auto title = TRY(in.maybe_text("title", 200))) body.title = *std::move(title);
  if (auto handling = TRY(in.maybe_text("handling", 32))) body.handling = *std::move(handling);
  if (const auto limit = TRY(in.maybe_integer("limit", 0, 31))) body.limit = static_cast<int>(*limit);
  TRY(set_word(in, "purpose", body.purpose));
  TRY(set_word(in, "state", body.state));
  TRY(in.end());
  // As it will be read: finds what is empty or no handling code.
  TRY(ListBody::from_json(body.to_json()));
  return {};
}

// A member of the query that is a word; nothing if it isn't there.
template <class T>
Result<std::optional<T>> word_of_query(const Call& call, std::string_view name) {
  const std::string text = TRY(call.request.query_value(name));
  if (text.empty()) return std::optional<T>();
  const auto word = from_text<T>(text);
  if (!word) return Error{Code::invalid_argument, "\"" + std::string(name) + "\" isn't one of the words it can be"};
  return std::optional<T>(*word);
}

Result<Response> show_lists(Call& call) {
  const auto state = TRY(word_of_query<ListState>(call, "state"));
  const auto purpose = TRY(word_of_query<Purpose>(call, "purpose"));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("lists").begin_array();
  for (const ListInfo& list : TRY(call.api.parts.material.lists())) {
    if (state && *state != list.body.state) continue;
    if (purpose && *purpose != list.body.purpose) continue;
    write_list(json, list);
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> make_list(Call& call) {
  Fields in(*TRY(call.body()));
  ListBody body;
  TRY(read_list(in, body));
  const ListId list = TRY(call.api.parts.material.create_list(call.by(), body));
  Response response = list_response(call, 201, TRY(call.api.parts.material.list(list)));
  response.headers.add("Location", "/api/v1/lists/" + to_text(list));
  return response;
}

Result<Response> show_list(Call& call) {
  return list_response(call, 200, TRY(call.api.parts.material.list(TRY(call.id("list")))));
}

Result<Response> show_history(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("revisions").begin_array();
  for (const ListRevision& one : TRY(call.api.parts.material.history(TRY(call.id("list"))))) {
    json.begin_object().member("revision", one.revision).member("at_ms", one.at_ms).member("title", one.body.title);
    json.member("purpose", to_text(one.body.purpose)).member("handling", one.body.handling);
    json.member("limit", one.body.limit).member("state", to_text(one.body.state)).end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> change_list(Call& call) {
  Material& material = call.api.parts.material;
  const ListId id = TRY(call.id("list"));
  const auto if_revision = TRY(call.if_revision());
  Fields in(*TRY(call.body()));
  ListBody wanted = TRY(material.list(id)).body;
  if (if_revision && *if_revision != TRY(material.list(id)).revision) {
    return problem_response(problem_stale(), "the list has changed since: read it again");
  }
  TRY(read_list(in, wanted));
  const Json& sent = *TRY(call.body());
  TRY(material.revise_list(
      call.by(), id,
      [&](ListBody& body) -> Status {
        Fields again(sent);
        return read_list(again, body);
      },
      if_revision));
  return list_response(call, 200, TRY(material.list(id)));
}

// ---- What another has to approve ----

Result<Response> ask_export(Call& call) {
  const ListInfo list = TRY(call.api.parts.material.list(TRY(call.id("list"))));
  Fields in(*TRY(call.body()));
  const std::string format = TRY(in.maybe_text("format", 8)).value_or("csv");
  if (format != "csv" && format != "jsonl") return Error{Code::invalid_argument, "\"format\" is csv or jsonl"};
  const std::string reason = TRY(in.text("reason", 1000));
  TRY(in.end());
  return ask_for(call, {.action = std::string(action_export),
                        .subject = to_text(list.id),
                        .arguments = Json::object({{"list", to_text(list.id)}, {"format", format}}),
                        .reason = reason,
                        .answered_with = Right::answer_lists});
}

Result<Response> ask_erasure(Call& call) {
  Material& material = call.api.parts.material;
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  const std::int64_t entry = TRY(in.integer("entry", 1, (std::int64_t{1} << 50) - 1));
  const std::string ground = TRY(in.text("ground", 1000));
  TRY(in.end());
  if (ground.empty()) return Error{Code::invalid_argument, "\"ground\" says why the law lets it be erased"};
  TRY(material.erasable(list, entry));
  return ask_for(call, {.action = std::string(action_erase),
                        .subject = to_text(list),
                        .arguments = Json::object({{"list", to_text(list)}, {"entry", entry}, {"ground", ground}}),
                        .reason = ground,
                        .answered_with = Right::answer_lists});
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists",
             .right = Right::read_lists,
             .summary = "All lists",
             .gives = "Lists",
             .query = "state,purpose",
             .handle = show_lists},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists",
             .right = Right::decide_lists,
             .summary = "Make a list",
             .takes = "ListDraft",
             .gives = "List",
             .status = 201,
             .handle = make_list},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}",
             .right = Right::read_lists,
             .summary = "A list",
             .gives = "List",
             .has_etag = true,
             .handle = show_list},
    ApiRoute{.method = Method::patch,
             .pattern = "/api/v1/lists/{list}",
             .right = Right::decide_lists,
             .summary = "Change a list: title, limit, handling code, state",
             .takes = "ListDraft",
             .gives = "List",
             .has_etag = true,
             .handle = change_list},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}/history",
             .right = Right::read_lists,
             .summary = "How the list stood, revision by revision; the oldest first",
             .gives = "ListHistory",
             .handle = show_history},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/exports",
             .right = Right::ask_export,
             .summary = "Ask for an export of a list with its hashes; another approves",
             .takes = "ExportDraft",
             .gives = "Approval",
             .status = 202,
             .handle = ask_export},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/erasures",
             .right = Right::ask_erasure,
             .summary = "Ask for the erasure of an entry, for good and everywhere; another approves",
             .takes = "ErasureDraft",
             .gives = "Approval",
             .status = 202,
             .handle = ask_erasure},
};

}  // namespace

std::span<const ApiRoute> list_routes() {
  return routes;
}

}  // namespace fristad
