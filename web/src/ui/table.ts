// What a table shows: one entry for each column.

import type { Snippet } from 'svelte';

export interface Column<Row> {
  key: string; // in the address and in exports: stable, not translated
  label: string;
  // What is sorted by, filtered in and exported.
  value: (row: Row) => string | number | boolean | null;
  // What is shown instead of `value`, where that isn't a text yet.
  text?: (row: Row) => string;
  // A snippet with links, badges or buttons. It gets the column too, where several columns share one.
  cell?: Snippet<[Row, Column<Row>]>;
  numeric?: boolean;
  // Narrow screens show rows as cards; there this one goes first and needs no label.
  lead?: boolean;
  // A column of buttons: not sorted, not exported.
  actions?: boolean;
}
