// The answers as a file: names of files or what was pasted, and what the node said. Never a hash that only the node
// knows, nor one that it computed.

import type { Item } from '../../lib/match_run.svelte';
import { csv_field, save_file } from '../../lib/save_file';
import type { Match } from '../../lib/types';

interface Told {
  name: string;
  line: number | null;
  asked: string;
  result: string;
  problem: string;
}

const match_columns = ['list', 'list_title', 'entry', 'level', 'distance', 'orientation', 'reasons'] as const;

function told_of(item: Item): Told {
  return {
    name: item.name,
    line: item.line || null,
    asked: item.digits,
    result: item.state,
    problem: item.error?.code ?? '',
  };
}

function match_cells(match: Match, titles: Map<string, string>): Record<(typeof match_columns)[number], string | number> {
  return {
    list: match.list,
    list_title: titles.get(match.list) ?? '',
    entry: match.entry ?? '',
    level: match.level,
    distance: match.distance ?? '',
    orientation: match.orientation ?? '',
    reasons: (match.reasons ?? []).join(' '),
  };
}

export function save_answers(items: Item[], titles: Map<string, string>, as: 'csv' | 'json'): void {
  if (as === 'json') {
    const answers = items.map((item) => ({
      ...told_of(item),
      matches: item.matches.map((match) => ({ ...match, list_title: titles.get(match.list) ?? '' })),
    }));
    save_file('matches.json', 'application/json', JSON.stringify(answers, null, 2) + '\n');
    return;
  }
  const header = ['name', 'line', 'asked', 'result', 'problem', ...match_columns];
  const lines = [header];
  for (const item of items) {
    const told = Object.values(told_of(item)).map((value) => String(value ?? ''));
    if (item.matches.length === 0) lines.push([...told, ...match_columns.map(() => '')]);
    // One line for each match.
    for (const match of item.matches) {
      const cells = match_cells(match, titles);
      lines.push([...told, ...match_columns.map((column) => String(cells[column]))]);
    }
  }
  save_file('matches.csv', 'text/csv', lines.map((line) => line.map(csv_field).join(',') + '\r\n').join(''));
}
