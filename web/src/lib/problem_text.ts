// What a reader is told of a failed request: our words for what happened, the node's for what exactly.

import type { ApiError } from './api';
import { t } from './i18n.svelte';

export function problem_text(error: ApiError): { what: string; detail: string } {
  const texts = t().problems;
  const known = texts[error.code as keyof typeof texts];
  const what = typeof known === 'string' ? known : texts.title;
  const wait = error.retry_after_s === null ? '' : texts.wait_s(error.retry_after_s);
  // The node's details are English; where our words say as much, they do.
  const says_all = ['offline', 'bad-answer', 'sign-in-needed', 'conflict', 'stale', 'not-found', 'unsupported', 'probing'].includes(error.code);
  return { what: [what, wait].filter(Boolean).join(' '), detail: says_all ? '' : error.detail };
}
