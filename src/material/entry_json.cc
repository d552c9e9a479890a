#include "material/entry_json.h"

#include "base/hex.h"

namespace fristad {

void write_entry_members(JsonWriter& json, const EntryBody& body) {
  const auto text = [&](std::string_view name, std::string_view content) {
    if (!content.empty()) json.member(name, content);
  };
  if (body.pdq) text("pdq", body.pdq->to_hex());
  if (body.md5) text("md5", to_hex(*body.md5));
  if (body.sha1) text("sha1", to_hex(*body.sha1));
  if (body.sha256) text("sha256", to_hex(*body.sha256));
  text("id", body.id);
  text("classification", to_text(body.classification));
  text("raw", body.raw);
  text("scheme", body.scheme);
  text("note", body.note);
  text("context", body.context);
}

void write_entry(JsonWriter& json, const EntryView& entry) {
  json.begin_object().member("list", to_text(entry.list)).member("entry", entry.number);
  write_entry_members(json, entry.body);
  json.member("withdrawn", entry.withdrawn);
  if (entry.withdrawn) json.member("reason", entry.reason);
  if (entry.paused_until_ms != 0) json.member("paused_until", entry.paused_until_ms);
  json.end_object();
}

std::string entry_json_row(const EntryBody& body) {
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  write_entry_members(json, body);
  json.end_object();
  return line + "\n";
}

std::string entry_csv_row(const EntryBody& body) {
  return (body.pdq ? body.pdq->to_hex() : "") + "," + (body.md5 ? to_hex(*body.md5) : "") + "," +
         (body.sha1 ? to_hex(*body.sha1) : "") + "," + (body.sha256 ? to_hex(*body.sha256) : "") + "," +
         escape_csv(body.id) + "," + std::string(to_text(body.classification)) + "," + escape_csv(body.raw) + "," +
         escape_csv(body.scheme) + "," + escape_csv(body.note) + "," + escape_csv(body.context) + "\n";
}

}  // namespace fristad
