// Comma-separated lists: RFC 4180, with lines that may end in LF alone. As src/cli/list_csv.cc.

import { line_bytes_max } from './lines';
import { column_of, HeaderError, RowMaker, type BadRow, type Column, type GoodRow, type ListOptions } from './rows';

type Split = string[] | 'open' | 'malformed';

export function split_record(record: string): Split {
  if (!record.includes('"')) return record.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record[at] !== '"') {
      const comma = record.indexOf(',', at);
      const end = comma < 0 ? record.length : comma;
      const field = record.slice(at, end);
      if (field.includes('"')) return 'malformed';
      fields.push(field);
      at = end;
    } else {
      let field = '';
      at += 1;
      for (;;) {
        const mark = record.indexOf('"', at);
        if (mark < 0) return 'open';
        field += record.slice(at, mark);
        at = mark + 1;
        if (record[at] !== '"') break;
        field += '"';
        at += 1;
      }
      fields.push(field);
    }
    if (at === record.length) return fields;
    if (record[at] !== ',') return 'malformed';
    at += 1;
  }
}

interface Open {
  line: number;
  text: string;
  broken: boolean;
}

export class CsvRows {
  readonly columns: { name: string; column: Column | null }[] = [];
  #open: Open | null = null;

  constructor(readonly options: ListOptions) {}

  // The row that ends with this line, if one does. `text` is null where the bytes aren't UTF-8; then `marks` is all
  // that is known of it.
  line(text: string | null, number: number, too_long: boolean, marks: number): GoodRow | BadRow | null {
    const open = this.#open;
    if (!open) {
      if (too_long) return this.#bad({ line: number, code: 'too_long' });
      if (text === '') return null;
      if (text === null && marks % 2 === 0) return this.#bad({ line: number, code: 'not_utf8' });
      const fields = text === null ? 'open' : split_record(text);
      if (fields !== 'open') return this.#record(number, fields);
      this.#open = { line: number, text: text ?? '', broken: text === null };
      return null;
    }
    open.text += '\n' + (text ?? '');
    open.broken ||= text === null;
    if (too_long || open.text.length > line_bytes_max) return this.#unclosed(open, number);
    // Counting marks is enough: outside of quoted cells a well-formed record has none.
    if (marks % 2 === 0) return null;
    this.#open = null;
    if (open.broken) return this.#bad({ line: open.line, code: 'not_utf8' });
    return this.#record(open.line, split_record(open.text));
  }

  end(last_line: number): GoodRow | BadRow | null {
    if (this.#open) return this.#unclosed(this.#open, last_line);
    if (this.columns.length === 0) throw new HeaderError('empty');
    return null;
  }

  #unclosed(open: Open, last_line: number): BadRow {
    this.#open = null;
    return this.#bad({ line: open.line, code: 'open_quote', found: last_line });
  }

  #bad(row: BadRow): BadRow {
    if (this.columns.length === 0) throw new HeaderError('bad_header');
    return row;
  }

  #record(line: number, fields: Split): GoodRow | BadRow | null {
    if (typeof fields === 'string') return this.#bad({ line, code: 'stray_quote' });
    if (this.columns.length === 0) {
      this.#header(fields);
      return null;
    }
    if (fields.length !== this.columns.length) return { line, code: 'cells', found: fields.length, wanted: this.columns.length };
    const row = new RowMaker(line, this.options);
    for (const [i, { column }] of this.columns.entries()) {
      if (column && !row.set(column, fields[i] ?? '')) break;
    }
    return row.finish();
  }

  #header(fields: string[]): void {
    for (const field of fields) {
      const name = field.replace(/^ +| +$/g, '');
      const column = column_of(name) ?? null;
      if (!column && !this.options.ignore_unknown) throw new HeaderError(name.includes(';') ? 'semicolons' : 'unknown_column', name.slice(0, 64));
      if (column && this.columns.some((one) => one.column === column)) throw new HeaderError('column_twice', column);
      this.columns.push({ name: name.slice(0, 64), column });
    }
    if (!this.columns.some(({ column }) => column === 'pdq' || column === 'md5' || column === 'sha1' || column === 'sha256')) {
      throw new HeaderError('no_hash_column');
    }
  }
}
