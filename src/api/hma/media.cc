#include "api/hma/media.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "api/hma/fetch.h"
#include "api/matching.h"
#include "base/hex.h"
#include "base/text_escape.h"
#include "http/multipart.h"
#include "http/syntax.h"

namespace fristad {
namespace {

constexpr std::size_t field_bytes_max = 64 * 1024;
constexpr std::size_t fields_max = 16;

using Read = std::function<Result<std::size_t>(std::span<char>)>;

enum class Medium { photo, video };

Error wrong(std::string what) {
  return {Code::invalid_argument, std::move(what)};
}

Result<Medium> content_named(std::string_view name) {
  if (name == "photo") return Medium::photo;
  if (name == "video") return Medium::video;
  return wrong("no such content_type: '" + std::string(name) + "'");
}

// Each type of content has one type of signal: "types" either has it or is refused.
Status check_types(const HmaCall& call, Medium content) {
  const std::string* const types = call.query("types");
  if (types == nullptr) return {};
  bool any = false;
  for (std::string_view rest = *types; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const std::string_view type = trimmed(part);
    if (type.empty()) continue;
    if (type != (content == Medium::photo ? signal_pdq : signal_md5)) {
      return wrong("signal type '" + std::string(type) + "' doesn't exist or is disabled");
    }
    any = true;
  }
  return any ? Status() : wrong("empty signal type selection");
}

Result<HmaMedia> hash_photo(HmaCall& call, const Read& read) {
  Upload upload(call.call);
  if (const Status filled = upload.fill(read, 0); !filled) {
    if (filled.error().code == Code::too_large) return Error{Code::too_large, "Content too large"};
    return filled.error();
  }
  const auto image = hash_upload(call.call, upload);
  if (!image) {
    const Code code = image.error().code;
    if (code == Code::unavailable || code == Code::internal) return image.error();
    return wrong("Failed to hash the file: " + image.error().message);
  }
  HmaMedia media;
  if (image->pdq.quality >= pdq_quality_min) media.picture = image->pdq;
  media.signals.emplace(signal_pdq, media.picture ? image->pdq.hash.to_hex() : "");
  return media;
}

Result<HmaMedia> hash_video(const Read& read) {
  Digester digester;
  std::vector<char> piece(std::size_t{256} * 1024);
  while (const std::size_t got = TRY(read(piece))) {
    digester.update({reinterpret_cast<const std::uint8_t*>(piece.data()), got});
  }
  HmaMedia media;
  media.signals.emplace(signal_md5, to_hex(digester.finish().md5));
  return media;
}

Result<HmaMedia> hash_content(HmaCall& call, Medium content, const Read& read) {
  TRY(check_types(call, content));
  return content == Medium::photo ? hash_photo(call, read) : hash_video(read);
}

// What was fetched, in memory of ours: wiped and given back at the end.
struct Fetched {
  UploadBudget& budget;
  std::uint64_t taken;
  std::string bytes = {};
  std::size_t at = 0;

  ~Fetched() {
    wipe(bytes);
    budget.give_back(taken);
  }
};

Result<HmaForm> read_parts(HmaCall& call) {
  MultipartReader reader(call.request.headers.find("Content-Type"), *call.request.body);
  const Read read = [&](std::span<char> to) { return reader.read(to); };
  HmaForm form;
  bool has_file = false;
  std::optional<Error> refused;
  while (const auto part = TRY(reader.next())) {
    if (part->filename) {
      if (has_file) return wrong("Only one file allowed per request");
      has_file = true;
      const auto content = content_named(part->name);
      // A second file is the graver mistake: it is looked for first.
      auto media = content ? hash_content(call, *content, read) : Result<HmaMedia>(content.error());
      if (media) {
        form.media = *std::move(media);
      } else if (media.error().code == Code::invalid_argument) {
        refused = media.error();
      } else {
        return media.error();
      }
      continue;
    }
    std::string text;
    std::array<char, 4096> piece{};
    while (const std::size_t got = TRY(reader.read(piece))) {
      text.append(piece.data(), got);
      if (text.size() > field_bytes_max) return Error{Code::too_large, "a form field has at most 64 KiB"};
    }
    if (form.fields.size() == fields_max) return Error{Code::too_large, "a form has at most 16 fields"};
    form.fields.insert_or_assign(part->name, std::move(text));
  }
  if (refused) return *refused;
  return form;
}

}  // namespace

bool is_form(const HmaCall& call) {
  const auto type = parse_parameterized(call.request.headers.find("Content-Type"));
  return type && equal_fold(type->value, "multipart/form-data");
}

Result<HmaForm> read_form(HmaCall& call) {
  auto form = read_parts(call);
  // A form that isn't well-formed is the client's mistake: 400.
  if (!form && form.error().code == Code::damaged) return wrong(form.error().message);
  return form;
}

Result<HmaMedia> read_media(HmaCall& call) {
  const Error missing = wrong("Missing multipart/form-data file upload");
  if (!is_form(call)) return missing;
  HmaForm form = TRY(read_form(call));
  if (!form.media) return missing;
  return *std::move(form.media);
}

Result<HmaMedia> fetch_media(HmaCall& call, const std::string& url) {
  const HmaOptions& options = call.hma.options;
  TRY(check_url(url, options.url_hosts));
  // How much it is, is only known afterwards.
  UploadBudget& budget = call.hma.api.uploads;
  if (!budget.take(options.url_bytes_max)) {
    return Error{Code::unavailable, "too many uploads are on their way: try again"};
  }
  Fetched fetched{.budget = budget, .taken = options.url_bytes_max};
  HttpAnswer answer = TRY(fetch_url(url, {.hosts = options.url_hosts,
                                          .bytes_max = options.url_bytes_max,
                                          .ms = options.url_ms,
                                          .may_connect = options.may_fetch,
                                          .clock = call.hma.api.parts.clock}));
  fetched.bytes = std::move(answer.body);
  const std::string type(answer.headers.find("Content-Type"));
  const std::string* const named = call.query("content_type");
  Result<Medium> content = Medium::photo;
  if (named != nullptr && !named->empty()) {
    content = content_named(*named);
  } else if (equal_fold(std::string_view(type).substr(0, 5), "video")) {
    content = Medium::video;
  } else if (!equal_fold(std::string_view(type).substr(0, 5), "image")) {
    return wrong("unsupported url ContentType: '" + (is_utf8(type) ? type : "") +
                 "', if you know the expected type, provide it with the content_type query param");
  }
  return hash_content(call, TRY(std::move(content)), [&](std::span<char> to) -> Result<std::size_t> {
    const std::size_t count = std::min(to.size(), fetched.bytes.size() - fetched.at);
    std::memcpy(to.data(), fetched.bytes.data() + fetched.at, count);
    fetched.at += count;
    return count;
  });
}

}  // namespace fristad
