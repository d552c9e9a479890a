#pragma once

// How an entry of a list is written in JSON and CSV: the same in every command and answer.

#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "material/material.h"

namespace fristad {

// The hashes and words of an entry as members of an object: those that there are. `list import` reads them back.
void write_entry_members(JsonWriter& json, const EntryBody& body);

// An object with all that is known of it.
void write_entry(JsonWriter& json, const EntryView& entry);

// What an export has of an entry, as one line: `list import` reads both.
std::string entry_json_row(const EntryBody& body);
inline constexpr std::string_view entry_csv_header = "pdq,md5,sha1,sha256,id,classification,raw,scheme,note,context\n";
std::string entry_csv_row(const EntryBody& body);

}  // namespace fristad
