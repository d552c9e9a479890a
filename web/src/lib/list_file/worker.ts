// Reads a list off the page's own thread, so that a million rows don't freeze it. Twice: to check, then to import. In
// between no row is kept in memory but the first ones.

import type { Batch, FromWorker, Summary, ToWorker } from './messages';
import { ListReader } from './reader';
import { HeaderError, type BadRow, type Column, type GoodRow, type ListOptions } from './rows';

const bad_rows_max = 100_000;
const first_rows_max = 5;
const words_max = 20;
// The node takes 10,000 entries and 16 MiB at once; smaller ones show how it goes.
const batch_rows_max = 5000;
const batch_bytes_max = 8 << 20;

let file: File | null = null;
let options: ListOptions | null = null;
let reader: ListReader | null = null;
let waiting: GoodRow[] = [];

const tell = (message: FromWorker) => self.postMessage(message);
const is_good = (row: GoodRow | BadRow): row is GoodRow => 'entry' in row;

async function check(): Promise<void> {
  if (!file || !options) return;
  const list = new ListReader(file, file.name, options);
  const filled = new Map<Column, number>();
  const words = new Map<string, { ours: boolean; count: number }>();
  const summary: Summary = { format: 'csv', columns: [], good: 0, bad: 0, bad_rows: [], first_rows: [], classifications: [] };
  const note = ({ line, entry }: GoodRow) => {
    summary.good += 1;
    if (summary.first_rows.length < first_rows_max) summary.first_rows.push({ line, entry });
    for (const key in entry) filled.set(key as Column, (filled.get(key as Column) ?? 0) + 1);
    const word = entry.raw ?? entry.classification ?? '';
    const key = (entry.raw ? 'raw ' : '') + word;
    const known = words.get(key);
    if (known) known.count += 1;
    else if (words.size < words_max) words.set(key, { ours: !entry.raw, count: 1 });
  };
  for (let rows = await list.next(); rows; rows = await list.next()) {
    for (const row of rows) {
      if (is_good(row)) note(row);
      else {
        summary.bad += 1;
        if (summary.bad_rows.length < bad_rows_max) summary.bad_rows.push(row);
      }
    }
    tell({ is: 'progress', bytes: list.bytes_read, good: summary.good, bad: summary.bad });
  }
  summary.format = list.format;
  summary.columns = list.columns.map((one) => ({ ...one, filled: one.column ? (filled.get(one.column) ?? 0) : 0 }));
  summary.classifications = [...words].map(([key, { ours, count }]) => ({ word: key.replace(/^raw /, ''), ours, count }));
  tell({ is: 'checked', summary });
}

async function next_batch(): Promise<void> {
  if (!reader) return;
  while (waiting.length < batch_rows_max) {
    const rows = await reader.next();
    if (!rows) break;
    waiting = waiting.concat(rows.filter(is_good));
  }
  let count = 0;
  for (let bytes = 0; count < waiting.length && count < batch_rows_max && bytes < batch_bytes_max; ++count) bytes += waiting[count]?.bytes ?? 0;
  const rows = waiting.slice(0, count);
  waiting = waiting.slice(count);
  const batch: Batch | null = rows.length === 0 ? null : { entries: rows.map((row) => row.entry), lines: rows.map((row) => row.line) };
  tell({ is: 'batch', batch });
}

self.onmessage = async (event: MessageEvent<ToWorker>) => {
  const asked = event.data;
  try {
    if (asked.do === 'check') {
      file = asked.file;
      options = asked.options;
      await check();
      return;
    }
    if (asked.do === 'first_batch' && file && options) {
      reader = new ListReader(file, file.name, options);
      waiting = [];
    }
    await next_batch();
  } catch (error) {
    if (error instanceof HeaderError) tell({ is: 'unreadable', code: error.code, column: error.column });
    else tell({ is: 'unreadable', code: 'gone', column: '' });
  }
};
