// Splits bytes into lines, in bounded memory: what src/base/line_reader.cc does in the program.

export const line_bytes_max = 1 << 20;

export interface Line {
  bytes: Uint8Array; // without its end; empty where it is too long
  number: number; // counted from 1
  too_long: boolean;
}

const line_feed = 10;
const carriage_return = 13;

export class LineSplitter {
  #rest: Uint8Array = new Uint8Array(0);
  #number = 0;
  #skipping = false;

  // The lines that end in `bytes`.
  *push(bytes: Uint8Array): Generator<Line> {
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(line_feed, at);
      if (end < 0) break;
      yield this.#line(this.#joined(bytes.subarray(at, end)));
      this.#rest = new Uint8Array(0);
      at = end + 1;
    }
    this.#rest = this.#joined(bytes.subarray(at));
    // One byte more than the limit is kept: it may be the carriage return of a line that just fits.
    if (this.#rest.length > line_bytes_max + 1) {
      this.#skipping = true;
      this.#rest = new Uint8Array(0);
    }
  }

  // The last line, which may lack its end.
  *end(): Generator<Line> {
    if (this.#rest.length > 0 || this.#skipping) yield this.#line(this.#rest);
    this.#rest = new Uint8Array(0);
  }

  #joined(more: Uint8Array): Uint8Array {
    if (this.#skipping) return new Uint8Array(0);
    if (this.#rest.length === 0) return more;
    const both = new Uint8Array(this.#rest.length + more.length);
    both.set(this.#rest);
    both.set(more, this.#rest.length);
    return both;
  }

  #line(bytes: Uint8Array): Line {
    this.#number += 1;
    const skipped = this.#skipping;
    this.#skipping = false;
    const text = bytes.at(-1) === carriage_return ? bytes.subarray(0, -1) : bytes;
    if (skipped || text.length > line_bytes_max) return { bytes: new Uint8Array(0), number: this.#number, too_long: true };
    return { bytes: text, number: this.#number, too_long: false };
  }
}
