// Texts in the reader's language. A language is one file that has every text of en.ts, which the compiler checks;
// another one is added to `languages` below.
//
//   t().table.rows(3)             "3 rows"
//
// Numbers, dates and names of countries come from the browser, by the same language.

import { en, type Texts } from '../texts/en';
import { sv } from '../texts/sv';

export const languages: Record<string, { name: string; texts: Texts }> = {
  en: { name: 'English', texts: en },
  sv: { name: 'Svenska', texts: sv },
};

function first_language(): string {
  try {
    const kept = localStorage.getItem('language');
    if (kept && kept in languages) return kept;
  } catch {
    // Nothing is kept: the browser's own list decides.
  }
  for (const wanted of navigator.languages) {
    const code = wanted.split('-')[0] ?? '';
    if (code in languages) return code;
  }
  return 'en';
}

const first = first_language();
let language = $state(first);
document.documentElement.lang = first;

export function t(): Texts {
  return languages[language]?.texts ?? en;
}

export const locale = {
  get language(): string {
    return language;
  },
};

export function set_language(code: string): void {
  if (!(code in languages)) return;
  language = code;
  document.documentElement.lang = code;
  try {
    localStorage.setItem('language', code);
  } catch {
    // It holds until the page is closed.
  }
}

// Dates and numbers as the reader's region writes them: British ones for who has British English.
function regional(): string {
  return navigator.languages.find((one) => one.split('-')[0] === language) ?? language;
}

// Words of a list, where they begin a line.
export function sentence(text: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}

export function number(value: number): string {
  return new Intl.NumberFormat(regional()).format(value);
}

export function date_time(ms: number): string {
  return new Intl.DateTimeFormat(regional(), { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

// To the second, for trails.
export function date_time_exact(ms: number): string {
  return new Intl.DateTimeFormat(regional(), { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);
}

export function date(ms: number): string {
  return new Intl.DateTimeFormat(regional(), { dateStyle: 'medium' }).format(ms);
}

export function time(ms: number): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(ms);
}

// "3 hours ago", "in 2 days".
export function ago(ms: number, now_ms: number = Date.now()): string {
  const format = new Intl.RelativeTimeFormat(regional(), { numeric: 'auto' });
  const seconds = (ms - now_ms) / 1000;
  for (const [unit, size] of [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(0, 'second');
}

// "1.2 MB"
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = Math.min(units.length - 1, value > 0 ? Math.floor(Math.log10(value) / 3) : 0);
  return new Intl.NumberFormat(regional(), {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: step > 0 ? 1 : 0,
  }).format(value / 1000 ** step);
}

// Which form a count takes: plural(3, 'sv') is "other".
export function plural(count: number, forms: { one: string; other: string }, of: string = language): string {
  const rule = new Intl.PluralRules(of).select(count);
  return (rule === 'one' ? forms.one : forms.other).replace('#', new Intl.NumberFormat(of).format(count));
}
