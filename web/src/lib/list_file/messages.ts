// What the page and its worker tell each other. The worker reads the file; the page talks to the node.

import type { EntryDraft } from '../types';
import type { BadRow, Column, HeaderCode, ListOptions } from './rows';

export interface Summary {
  format: 'csv' | 'jsonl';
  columns: { name: string; column: Column | null; filled: number }[];
  good: number;
  bad: number;
  // The first of them: a file that is bad in each of a million rows says so as well by the first hundred thousand.
  bad_rows: BadRow[];
  first_rows: { line: number; entry: EntryDraft }[];
  // Of the good rows; words that aren't ours are told apart up to a number.
  classifications: { word: string; ours: boolean; count: number }[];
}

export interface Batch {
  entries: EntryDraft[];
  lines: number[]; // where each begins
}

export type ToWorker =
  | { do: 'check'; file: File; options: ListOptions }
  // From the beginning, with the options of the last check.
  | { do: 'first_batch' }
  | { do: 'next_batch' };

export type FromWorker =
  | { is: 'progress'; bytes: number; good: number; bad: number }
  | { is: 'checked'; summary: Summary }
  | { is: 'unreadable'; code: HeaderCode | 'gone'; column: string }
  | { is: 'batch'; batch: Batch | null };
