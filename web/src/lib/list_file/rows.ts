// What the two formats of lists share: the columns, and how the text of one becomes part of an entry. The same rules as
// the program's own reader (src/cli/list_reader.cc, docs/format/list.md), so that a file that is good here is good there.

import type { EntryDraft } from '../types';

export const column_names = ['pdq', 'md5', 'sha1', 'sha256', 'id', 'classification', 'note', 'raw', 'scheme', 'context'] as const;
export type Column = (typeof column_names)[number];

export const hash_digits: Partial<Record<Column, number>> = { pdq: 64, md5: 32, sha1: 40, sha256: 64 };
const classifications = ['baseline', 'national', 'not-illegal', 'unclassified'] as const;
export type Classification = (typeof classifications)[number];
const text_bytes_max = 4096;
const context_bytes_max = 8192;

export interface ListOptions {
  // Columns or keys that aren't known are passed over.
  ignore_unknown: boolean;
  // Of rows that say nothing, or say it in words of their own.
  classification: Classification;
  // Whose words those are.
  scheme: string;
}

export type BadCode =
  | 'too_long'
  | 'not_utf8'
  | 'open_quote'
  | 'stray_quote'
  | 'cells'
  | 'no_hash'
  | 'not_hex'
  | 'text_long'
  | 'not_json'
  | 'not_object'
  | 'unknown_key'
  | 'twice'
  | 'not_text'
  | 'raw_too'
  | 'picture'
  | 'refused';

// A row that can't be used. It holds no hash and no text of the row, but names of columns.
export interface BadRow {
  line: number; // where the row starts
  code: BadCode;
  column?: string;
  found?: number;
  wanted?: number;
  detail?: string; // the node's own words
}

export interface GoodRow {
  line: number;
  entry: EntryDraft;
  bytes: number; // about as many as it takes in a request
}

export type HeaderCode = 'empty' | 'utf16' | 'json_array' | 'no_hash_column' | 'column_twice' | 'unknown_column' | 'semicolons' | 'bad_header';

// The file as a whole can't be read.
export class HeaderError extends Error {
  constructor(
    readonly code: HeaderCode,
    readonly column = '',
  ) {
    super(code);
  }
}

export function column_of(name: string): Column | undefined {
  const wanted = name.toLowerCase();
  return column_names.find((one) => one === wanted);
}

const encoder = new TextEncoder();
export function utf8_bytes(text: string): number {
  return encoder.encode(text).length;
}

// What the node refuses, for it could be a picture (src/record/payload.cc). The node has the last word.
const picture = [
  /[A-Za-z0-9+/=_-]{321}/,
  /(?<![A-Za-z0-9+/=_-])(?=[A-Za-z0-9+/=_-]{48})(?:\/9j\/|_9j_|iVBORw0KGgo|R0lGODlh|R0lGODdh|UklGR|SUkqAA|TU0AKg|AAAAIGZ0eXB|AAAAGGZ0eXB|ffd8ffe|89504e470d0a1a0a)/,
  /data:[A-Za-z0-9+/=_,;-]/i,
  /(?:\d{1,3}[,\]]\[*){65}/,
];

const hex = /^[0-9a-fA-F]*$/;

// One row on its way to be an entry.
export class RowMaker {
  #texts = new Map<Column, string>();
  bad: BadRow | null = null;

  constructor(
    readonly line: number,
    readonly options: ListOptions,
  ) {}

  // False, and `bad` is set, if the text doesn't fit its column.
  set(column: Column, text: string): boolean {
    if (text === '') return true;
    const digits = hash_digits[column];
    if (digits !== undefined) {
      if (text.length !== digits || !hex.test(text)) return this.fail('not_hex', { column, found: [...text].length, wanted: digits });
    } else {
      const bytes_max = column === 'context' ? context_bytes_max : text_bytes_max;
      if (text.length * 3 > bytes_max && utf8_bytes(text) > bytes_max) return this.fail('text_long', { column, wanted: bytes_max });
      // Most texts are too short to hold any of that.
      if (text.length > 9 && (text.length >= 48 || text.includes(':')) && picture.some((one) => one.test(text))) return this.fail('picture', { column });
    }
    this.#texts.set(column, text);
    return true;
  }

  finish(): GoodRow | BadRow {
    if (this.bad) return this.bad;
    const entry: EntryDraft = {};
    let bytes = 40;
    for (const [column, text] of this.#texts) {
      bytes += column.length + 6 + text.length * (column in hash_digits ? 1 : 2);
      if (column === 'classification' || column === 'scheme') continue;
      entry[column] = text;
    }
    if (!entry.pdq && !entry.md5 && !entry.sha1 && !entry.sha256) return { line: this.line, code: 'no_hash' };
    const word = this.#texts.get('classification') ?? '';
    const ours = classifications.find((one) => one === word);
    if (!ours && word) {
      if (entry.raw) return { line: this.line, code: 'raw_too' };
      entry.raw = word;
    }
    entry.classification = ours ?? this.options.classification;
    if (entry.raw) {
      const scheme = this.#texts.get('scheme') ?? this.options.scheme;
      if (scheme) entry.scheme = scheme;
    }
    return { line: this.line, entry, bytes };
  }

  fail(code: BadCode, more: Partial<BadRow> = {}): false {
    this.bad = { line: this.line, code, ...more };
    return false;
  }
}
