// Lists as JSON lines: one object of texts on each. As src/cli/list_json.cc.

import { column_of, RowMaker, type BadRow, type Column, type GoodRow, type ListOptions } from './rows';

// The keys of an object, each as often as it stands there: JSON.parse keeps the last of several and says nothing.
export function keys_of(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const c = text[at];
    if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    else if (c === '"') {
      const start = at;
      at += 1;
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      if (depth === 1) {
        let next = at + 1;
        while (/\s/.test(text[next] ?? '')) next += 1;
        if (text[next] === ':') keys.push(JSON.parse(text.slice(start, at + 1)) as string);
      }
    }
    at += 1;
  }
  return keys;
}

export class JsonRows {
  // Those that were seen, in that order.
  readonly columns: { name: string; column: Column | null }[] = [];
  #names = new Set<string>();

  constructor(readonly options: ListOptions) {}

  line(text: string | null, number: number, too_long: boolean): GoodRow | BadRow | null {
    if (too_long) return { line: number, code: 'too_long' };
    if (text === '') return null;
    if (text === null) return { line: number, code: 'not_utf8' };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { line: number, code: 'not_json' };
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { line: number, code: 'not_object' };
    const members = value as Record<string, unknown>;
    const row = new RowMaker(number, this.options);
    const seen = new Set<Column>();
    for (const key of keys_of(text)) {
      const column = column_of(key);
      this.#note(key, column);
      if (!column) {
        if (this.options.ignore_unknown) continue;
        return { line: number, code: 'unknown_key', column: key.slice(0, 64) };
      }
      if (seen.has(column)) return { line: number, code: 'twice', column };
      seen.add(column);
      const member = members[key];
      if (member === null) continue;
      if (typeof member !== 'string') return { line: number, code: 'not_text', column };
      // Half of a pair of code units can be escaped in JSON, and isn't text.
      if (/\p{Surrogate}/u.test(member)) return { line: number, code: 'not_json' };
      if (!row.set(column, member)) break;
    }
    return row.finish();
  }

  end(): null {
    return null;
  }

  #note(key: string, column: Column | undefined): void {
    if (this.#names.has(key) || this.#names.size >= 50) return;
    this.#names.add(key);
    this.columns.push({ name: key.slice(0, 64), column: column ?? null });
  }
}
