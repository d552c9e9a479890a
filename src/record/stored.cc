#include "record/stored.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/try.h"
#include "crypto/seal.h"

namespace fristad {
namespace {

constexpr std::uint8_t form_whole = 1;
constexpr std::uint8_t form_open = 2;
constexpr std::uint8_t item_erased = 0;
constexpr std::uint8_t item_present = 1;

class Writer {
 public:
  explicit Writer(std::size_t size) { out_.reserve(size); }
  void byte(std::uint8_t value) { out_.push_back(value); }
  void number(std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void text(std::string_view text) {
    number(text.size());
    bytes(as_bytes(text));
  }
  std::vector<std::uint8_t> take() { return std::move(out_); }

 private:
  std::vector<std::uint8_t> out_;
};

// Takes what travelled for foreign bytes.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }
  Bytes bytes(std::size_t size) {
    if (rest_.size() < size) {
      good_ = false;
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint8_t byte() {
    const Bytes taken = bytes(1);
    return taken.empty() ? std::uint8_t{0} : taken[0];
  }
  std::size_t number() {
    std::size_t value = 0;
    for (const std::uint8_t b : bytes(4)) value = value << 8 | b;
    return value;
  }
  std::string text() { return std::string(as_text(bytes(number()))); }
  template <std::size_t size>
  void fill(std::array<std::uint8_t, size>& to) {
    const Bytes taken = bytes(size);
    if (!taken.empty()) std::ranges::copy(taken, to.begin());
  }

 private:
  Bytes rest_;
  bool good_ = true;
};

std::string place_text(Place place, std::string_view purpose) {
  return std::string(purpose) + std::to_string(place.log) + "/" + std::to_string(place.position);
}

}  // namespace

std::vector<std::uint8_t> encode_stored(const Stored& stored) {
  if (stored.open.empty()) {
    std::size_t size = 64 + stored.content.payload.size();
    for (const std::string& item : stored.content.items) size += 4 + item.size();
    Writer out(size);
    out.byte(form_whole);
    out.bytes(stored.salt);
    out.text(stored.content.payload);
    out.number(stored.content.items.size());
    for (const std::string& item : stored.content.items) out.text(item);
    return out.take();
  }
  Writer out(stored.open.size() * 64);
  out.byte(form_open);
  out.number(stored.open.size());
  for (const OpenItem& item : stored.open) {
    out.byte(item.text.empty() ? item_erased : item_present);
    if (item.text.empty()) {
      out.bytes(item.leaf_if_erased);
    } else {
      out.bytes(item.salt);
      out.text(item.text);
    }
  }
  return out.take();
}

Result<Stored> decode_stored(Bytes bytes) {
  const Error damaged{Code::damaged, "the content of a record is not laid out as this program does it"};
  Reader in(bytes);
  Stored stored;
  const std::uint8_t form = in.byte();
  if (form == form_whole) {
    in.fill(stored.salt);
    stored.content.payload = in.text();
    const std::size_t items = in.number();
    if (items > items_max) return damaged;
    for (std::size_t i = 0; i < items && in.good(); ++i) stored.content.items.push_back(in.text());
  } else if (form == form_open) {
    const std::size_t items = in.number();
    if (items > items_max + 1) return damaged;
    for (std::size_t i = 0; i < items && in.good(); ++i) {
      OpenItem item;
      const std::uint8_t state = in.byte();
      if (state > item_present) return damaged;
      if (state == item_erased) {
        in.fill(item.leaf_if_erased);
      } else {
        in.fill(item.salt);
        item.text = in.text();
        if (item.text.empty()) return damaged;
      }
      stored.open.push_back(std::move(item));
    }
    if (stored.open.empty()) return damaged;
  } else {
    return damaged;
  }
  if (!in.good() || !in.at_end()) return damaged;
  return stored;
}

std::vector<std::string> Stored::items() && {
  if (open.empty()) return std::move(content.items);
  std::vector<std::string> texts;
  texts.reserve(open.size() - 1);
  for (std::size_t i = 1; i < open.size(); ++i) texts.push_back(std::move(open[i].text));
  return texts;
}

Status Stored::erase_items(std::span<const std::uint32_t> items) {
  if (open.empty()) {
    open.push_back({.text = std::move(content.payload), .salt = item_salt(salt, 0)});
    std::uint32_t index = 0;
    for (std::string& item : content.items) {
      open.push_back({.text = std::move(item), .salt = item_salt(salt, ++index)});
    }
    content = {};
    salt = {};  // from it the salts of all items follow
  }
  for (const std::uint32_t item : items) {
    if (item + std::size_t{1} >= open.size()) {
      return Error{Code::invalid_argument, "the chunk has no item " + std::to_string(item)};
    }
    OpenItem& at = open[item + std::size_t{1}];
    if (!at.text.empty()) at = OpenItem{.leaf_if_erased = item_leaf(at.text, at.salt)};
  }
  return {};
}

Result<SealedContent> seal_stored(const Stored& stored, Place place, const Key& data_key, const Random& random) {
  const Key key = TRY(Key::generate(random));
  return SealedContent{.key = TRY(seal(data_key, key.bytes(), as_bytes(place_text(place, "record key ")), random)),
                       .bytes = seal_once(key, encode_stored(stored), as_bytes(place_text(place, "record ")))};
}

Result<Stored> open_stored(Bytes key, Bytes sealed, Place place, const Key& data_key) {
  std::vector<std::uint8_t> opened = TRY(open(data_key, key, as_bytes(place_text(place, "record key "))));
  if (opened.size() != 32) return Error{Code::damaged, "the key of a record is damaged"};
  const Key record_key{std::span<const std::uint8_t, 32>(opened)};
  wipe(opened);
  return decode_stored(TRY(open_once(record_key, sealed, as_bytes(place_text(place, "record ")))));
}

}  // namespace fristad
