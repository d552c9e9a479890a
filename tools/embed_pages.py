#!/usr/bin/env python3
"""Makes sources of the files of the web interface, so that they are part of the program.

    tools/embed_pages.py FOLDER OUTPUT

Writes OUTPUT/pages.s, which holds each file as it is and compressed, and OUTPUT/page_files.cc, the table of them that
src/api/pages.h promises. The same files give the same bytes. Without a folder the table is empty.
"""

import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
         ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2"}


def main():
    folder, output = map(pathlib.Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    assembly = [".section .rodata\n"]
    declared, rows = [], []
    files = sorted((file for file in folder.rglob("*") if file.is_file()),
                   key=lambda file: file.relative_to(folder).as_posix())
    for number, file in enumerate(files):
        content = file.read_bytes()
        packed = output / f"{number}.gz"
        packed.write_bytes(gzip.compress(content, 9, mtime=0))
        for name, source, size in ((f"page_{number}", file, len(content)),
                                   (f"page_{number}_gzip", packed, packed.stat().st_size)):
            assembly.append(f'.global {name}\n{name}:\n.incbin "{source.resolve()}"\n.byte 0\n')
            declared.append(f"extern const char {name}[];")
        path = "/" + file.relative_to(folder).as_posix()
        etag = hashlib.sha256(content).hexdigest()[:32]
        rows.append(f'    PageFile{{"{path}", "{TYPES[file.suffix]}", "\\"{etag}\\"", '
                    f"{{page_{number}, {len(content)}}}, {{page_{number}_gzip, {packed.stat().st_size}}}}},")
    assembly.append('.section .note.GNU-stack,"",%progbits\n')
    (output / "pages.s").write_text("".join(assembly))
    table = "\n".join(rows)
    (output / "page_files.cc").write_text(
        '// Made by tools/embed_pages.py.\n#include <array>\n\n#include "api/pages.h"\n\n'
        + 'extern "C" {\n' + "\n".join(declared) + "\n}\n\nnamespace fristad {\n\n"
        + "std::span<const PageFile> page_files() {\n"
        + f"  static const std::array<PageFile, {len(rows)}> files{{{{\n{table}\n  }}}};\n  return files;\n}}\n\n"
        + "}  // namespace fristad\n")


if __name__ == "__main__":
    main()
