#pragma once

// JPEG: only the luma is decoded, row by row; chroma costs no more than its entropy coding. Plain baseline files go
// through the decoder of jpeg_baseline.h; all others, and all that are flawed, through libjpeg-turbo.
//
// CMYK and YCCK go through RGB; with an Adobe marker they are inverted, as Photoshop writes them. Where the picture
// is incomplete or its data contradict themselves the file is damaged: a hash of half a picture would match nothing,
// and would look like an answer. What libjpeg-turbo merely wonders at (stray bytes between markers, a missing end
// marker after a whole baseline picture) is accepted, since every viewer shows such files.
//
// Thread-safety: a pure function, but for `stream`, which is working memory.

#include <cstdint>
#include <span>

#include "fristad/image.h"
#include "hash/pdq_stream.h"

namespace fristad {

Result<ImageHash> hash_jpeg(std::span<const std::uint8_t> bytes, const ImageLimits& limits, pdq::PdqStream& stream);

// The same by libjpeg-turbo alone, with the same result.
Result<ImageHash> hash_jpeg_by_libjpeg(std::span<const std::uint8_t> bytes, const ImageLimits& limits,
                                       pdq::PdqStream& stream);

}  // namespace fristad
