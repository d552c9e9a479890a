#include "federation/message.h"

#include <algorithm>
#include <array>

#include "alliance/body.h"
#include "base/json.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::string_view receipt_type = "application/vnd.fristad.receipt.v1+json";
constexpr std::size_t note_bytes_max = 4096;
constexpr std::size_t refused_max = 1000;
constexpr std::size_t receipt_bytes_max = 64 << 10;
constexpr std::size_t scope_bytes_max = 64;
constexpr std::size_t parcel_head_bytes = 8 + 8 + 4;

constexpr std::array<std::pair<std::string_view, Question>, question_count> questions{
    {{"head", Question::head},
     {"leaves", Question::leaves},
     {"scopes", Question::scopes},
     {"parcels", Question::parcels},
     {"cosignature", Question::cosignature},
     {"receipt", Question::receipt},
     {"poke", Question::poke},
     {"own-leaves", Question::own_leaves},
     {"own-scopes", Question::own_scopes},
     {"own-parcels", Question::own_parcels}}};

Error damaged(std::string_view what) {
  return {Code::damaged, "a message between nodes isn't as it has to be: " + std::string(what)};
}

// What was sent is wrong, not what was asked for.
template <class T>
Result<T> as_message(Result<T> read) {
  if (read || read.error().code != Code::invalid_argument) return read;
  return damaged(read.error().message);
}

Result<Json> json_of(std::string_view body, std::size_t bytes_max) {
  return parse_canonical(body, {.bytes_max = bytes_max, .depth_max = 4});
}

Json number(std::uint64_t value) {
  return {static_cast<std::int64_t>(value)};
}

Result<std::uint64_t> size_in(StrictBody& body, std::string_view name) {
  return static_cast<std::uint64_t>(TRY(body.integer(name)));
}

Json to_json(const SeenHead& head) {
  Json::Array lines;
  for (const std::string& line : head.cosignatures) lines.emplace_back(line);
  return Json::object({{"cosignatures", std::move(lines)}, {"note", head.note}});
}

Result<SeenHead> seen_head(const Json& json) {
  StrictBody body(json);
  SeenHead head;
  for (const Json& line : *TRY(body.list("cosignatures", cosignatures_max))) {
    if (line.text() == nullptr || line.text()->size() > cosignature_bytes_max)
      return damaged("a cosignature is a line");
    head.cosignatures.push_back(*line.text());
  }
  head.note = TRY(body.text("note", 1, note_bytes_max));
  TRY(body.end());
  return head;
}

// Numbers in network byte order.
void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}
std::uint64_t take_number(std::string_view& from, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint8_t>(from[static_cast<std::size_t>(i)]);
  from.remove_prefix(static_cast<std::size_t>(bytes));
  return value;
}

Result<HeadRequest> head_request(const Json& json) {
  StrictBody body(json);
  const HeadRequest request{.known = TRY(size_in(body, "known"))};
  TRY(body.end());
  return request;
}

Result<HeadAnswer> head_answer(const Json& json) {
  StrictBody body(json);
  HeadAnswer answer;
  answer.at_ms = TRY(body.integer("at"));
  const Json& cosigned = *TRY(body.any("cosigned"));
  if (!cosigned.is_null()) answer.cosigned = TRY(seen_head(cosigned));
  answer.head = TRY(seen_head(*TRY(body.any("head"))));
  answer.scopes = TRY(body.hex<32>("scopes"));
  answer.yours = TRY(body.text("yours", 0, note_bytes_max));
  TRY(body.end());
  return answer;
}

Result<LeavesRequest> leaves_request(const Json& json) {
  StrictBody body(json);
  const LeavesRequest request{.from = TRY(size_in(body, "from")), .to = TRY(size_in(body, "to"))};
  TRY(body.end());
  if (request.to < request.from) return damaged("leaves up to before where they begin");
  return request;
}

Result<ParcelsRequest> parcels_request(const Json& json) {
  StrictBody body(json);
  ParcelsRequest request;
  request.from = TRY(body.integer("from"));
  request.scope = TRY(body.text("scope", 1, scope_bytes_max));
  TRY(body.end());
  if (request.from < 1) return damaged("sequence numbers begin with 1");
  return request;
}

Result<Receipt> receipt_of(const Json& json) {
  StrictBody body(json);
  Receipt receipt;
  receipt.at_ms = TRY(body.integer("at"));
  receipt.origin = TRY(body.text("origin", 1, note_name_size_max));
  receipt.reader = TRY(body.member("reader"));
  for (const Json& position : *TRY(body.list("refused", refused_max))) {
    if (position.integer() == nullptr || *position.integer() < 0) return damaged("positions are numbers");
    receipt.refused.push_back(static_cast<std::uint64_t>(*position.integer()));
  }
  receipt.root = TRY(body.hex<32>("root"));
  receipt.scopes = TRY(body.hex<32>("scopes"));
  receipt.size = TRY(size_in(body, "size"));
  TRY(body.end());
  return receipt;
}

}  // namespace

std::string_view to_text(Question question) {
  return questions.at(static_cast<std::size_t>(question)).first;
}

std::optional<Question> question_from_text(std::string_view text) {
  for (const auto& [name, question] : questions) {
    if (name == text) return question;
  }
  return std::nullopt;
}

// ---- Heads ----

std::string HeadRequest::encode() const {
  return canonical(Json::object({{"known", number(known)}}));
}
Result<HeadRequest> HeadRequest::decode(std::string_view body) {
  return as_message(head_request(TRY(json_of(body, question_bytes_max))));
}

std::string HeadAnswer::encode() const {
  return canonical(Json::object({{"at", at_ms},
                                 {"cosigned", cosigned ? to_json(*cosigned) : Json()},
                                 {"head", to_json(head)},
                                 {"scopes", to_hex(scopes)},
                                 {"yours", yours}}));
}
Result<HeadAnswer> HeadAnswer::decode(std::string_view body) {
  return as_message(head_answer(TRY(json_of(body, std::size_t{1} << 20))));
}

// ---- Leaves ----

std::string LeavesRequest::encode() const {
  return canonical(Json::object({{"from", number(from)}, {"to", number(to)}}));
}
Result<LeavesRequest> LeavesRequest::decode(std::string_view body) {
  return as_message(leaves_request(TRY(json_of(body, question_bytes_max))));
}

std::string encode_leaves(std::span<const LeafBytes> leaves) {
  std::string body;
  body.reserve(leaves.size() * leaf_size);
  for (const LeafBytes& leaf : leaves) body.append(reinterpret_cast<const char*>(leaf.data()), leaf.size());
  return body;
}

Result<std::vector<LeafBytes>> decode_leaves(std::string_view body) {
  if (body.size() % leaf_size != 0) return damaged("the last leaf is cut");
  if (body.size() / leaf_size > leaves_per_answer) return Error{Code::too_large, "more leaves than an answer has"};
  std::vector<LeafBytes> leaves(body.size() / leaf_size);
  for (LeafBytes& leaf : leaves) {
    std::ranges::copy(as_bytes(body.substr(0, leaf_size)), leaf.begin());
    body.remove_prefix(leaf_size);
  }
  return leaves;
}

// ---- Scopes ----

Digest ScopesAnswer::digest() const {
  return sha256(as_bytes(encode()));
}

std::string ScopesAnswer::encode() const {
  Json::Object scopes;
  for (const auto& [scope, number] : last) scopes.emplace(scope, number);
  return canonical(Json(std::move(scopes)));
}

Result<ScopesAnswer> ScopesAnswer::decode(std::string_view body) {
  const Json json = TRY(json_of(body, answer_bytes_max));
  if (json.members() == nullptr) return damaged("scopes are the members of an object");
  if (json.members()->size() > scopes_max) return Error{Code::too_large, "over 100,000 scopes"};
  ScopesAnswer answer;
  for (const auto& [scope, number] : *json.members()) {
    if (scope.size() > scope_bytes_max || number.integer() == nullptr || *number.integer() < 1) {
      return damaged("a scope has the number of its last record");
    }
    answer.last.emplace(scope, *number.integer());
  }
  return answer;
}

// ---- Parcels ----

std::string ParcelsRequest::encode() const {
  return canonical(Json::object({{"from", from}, {"scope", scope}}));
}
Result<ParcelsRequest> ParcelsRequest::decode(std::string_view body) {
  return as_message(parcels_request(TRY(json_of(body, question_bytes_max))));
}

std::string encode_parcels(std::span<const Parcel> parcels) {
  std::string body;
  for (const Parcel& parcel : parcels) {
    append_number(body, static_cast<std::uint64_t>(parcel.sequence), 8);
    append_number(body, parcel.position, 8);
    append_number(body, parcel.content.size(), 4);
    body.append(as_text(parcel.content));
  }
  return body;
}

Result<std::vector<Parcel>> decode_parcels(std::string_view body) {
  std::vector<Parcel> parcels;
  while (!body.empty()) {
    if (body.size() < parcel_head_bytes) return damaged("the last record is cut");
    if (parcels.size() == parcels_per_answer) return Error{Code::too_large, "more records than an answer has"};
    Parcel parcel;
    const std::uint64_t sequence = take_number(body, 8);
    parcel.position = take_number(body, 8);
    const std::uint64_t size = take_number(body, 4);
    if (sequence > INT64_MAX || parcel.position >= std::uint64_t{1} << 40) return damaged("a number is out of range");
    if (size > body.size()) return damaged("the last record is cut");
    parcel.sequence = static_cast<std::int64_t>(sequence);
    const Bytes content = as_bytes(body.substr(0, size));
    parcel.content.assign(content.begin(), content.end());
    body.remove_prefix(size);
    parcels.push_back(std::move(parcel));
  }
  return parcels;
}

// ---- Receipts ----

std::string Receipt::sign(const PublicKey& record_key, const Signer& sign) const {
  Json::Array positions;
  for (const std::uint64_t position : refused) positions.push_back(number(position));
  const Json body = Json::object({{"at", at_ms},
                                  {"origin", origin},
                                  {"reader", reader},
                                  {"refused", std::move(positions)},
                                  {"root", to_hex(root)},
                                  {"scopes", to_hex(scopes)},
                                  {"size", number(size)}});
  return letter_text(receipt_type, signed_letter(receipt_type, body, record_key, sign));
}

Result<Receipt> Receipt::read(std::string_view text, std::span<const PublicKey> record_keys) {
  Result<Receipt> receipt = Error{Code::not_found, "no key of that member is known"};
  for (auto key = record_keys.begin(); key != record_keys.end() && !receipt; ++key) receipt = read(text, *key);
  return receipt;
}

Result<Receipt> Receipt::read(std::string_view text, const PublicKey& record_key) {
  const UnprovedLetter letter = TRY(open_letter(receipt_type, text, receipt_bytes_max));
  TRY(prove_letter(receipt_type, text, letter, record_key));
  return as_message(receipt_of(letter.payload));
}

}  // namespace fristad
