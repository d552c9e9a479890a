// Reads a list of known material piece by piece, in bounded memory, whatever the size of the file.
//
//   const list = new ListReader(file, options);
//   for (let rows = await list.next(); rows; rows = await list.next()) …

import { CsvRows } from './csv';
import { JsonRows } from './json_lines';
import { LineSplitter, type Line } from './lines';
import { HeaderError, type BadRow, type Column, type GoodRow, type ListOptions } from './rows';

const read_bytes = 1 << 20;
const quotation_mark = 34;

export class ListReader {
  #splitter = new LineSplitter();
  #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #rows: CsvRows | JsonRows | null = null;
  #last_line = 0;
  #ended = false;
  bytes_read = 0;

  constructor(
    readonly file: Blob,
    readonly name: string,
    readonly options: ListOptions,
  ) {}

  get format(): 'csv' | 'jsonl' {
    return this.#rows instanceof JsonRows ? 'jsonl' : 'csv';
  }
  get columns(): { name: string; column: Column | null }[] {
    return this.#rows?.columns ?? [];
  }

  // The rows of the next piece, maybe none; null at the end. Throws HeaderError, or what the browser says where the
  // file can't be read.
  async next(): Promise<(GoodRow | BadRow)[] | null> {
    if (this.#ended) return null;
    const rows: (GoodRow | BadRow)[] = [];
    const take = (row: GoodRow | BadRow | null) => {
      if (row) rows.push(row);
    };
    const piece = new Uint8Array(await this.file.slice(this.bytes_read, this.bytes_read + read_bytes).arrayBuffer());
    this.bytes_read += piece.length;
    for (const line of this.#splitter.push(piece)) take(this.#line(line));
    if (this.bytes_read >= this.file.size) {
      this.#ended = true;
      for (const line of this.#splitter.end()) take(this.#line(line));
      if (!this.#rows) throw new HeaderError('empty');
      take(this.#rows.end(this.#last_line));
    }
    return rows;
  }

  #line(line: Line): GoodRow | BadRow | null {
    this.#last_line = line.number;
    let bytes = line.bytes;
    if (line.number === 1) bytes = without_byte_order_mark(bytes);
    if (!this.#rows) {
      if (bytes.length === 0 && !line.too_long) return null;
      this.#rows = this.#start(bytes);
    }
    let text: string | null = null;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      // Not UTF-8: the row is bad, and says so.
    }
    if (this.#rows instanceof JsonRows) return this.#rows.line(text, line.number, line.too_long);
    return this.#rows.line(text, line.number, line.too_long, marks_in(bytes));
  }

  #start(first: Uint8Array): CsvRows | JsonRows {
    if (first[0] === 0x5b) throw new HeaderError('json_array');
    const end = this.name.toLowerCase().replace(/^.*\./s, '.');
    const json = end === '.jsonl' || end === '.ndjson' || (end !== '.csv' && first[0] === 0x7b);
    return json ? new JsonRows(this.options) : new CsvRows(this.options);
  }
}

function without_byte_order_mark(bytes: Uint8Array): Uint8Array {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) throw new HeaderError('utf16');
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function marks_in(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(quotation_mark); at >= 0; at = bytes.indexOf(quotation_mark, at + 1)) count += 1;
  return count;
}
