#pragma once

// How an entry of a list is written in JSON: the same in every command and answer.

#include "base/json_writer.h"
#include "material/material.h"

namespace fristad {

// The hashes and words of an entry as members of an object: those that there are. `list import` reads them back.
void write_entry_members(JsonWriter& json, const EntryBody& body);

// An object with all that is known of it.
void write_entry(JsonWriter& json, const EntryView& entry);

}  // namespace fristad
