import { t } from '../../lib/i18n.svelte';
import { is_too_long, limit_max, title_bytes_max } from '../../lib/material';
import type { List, ListDraft } from '../../lib/types';

// As they are typed.
export interface ListFields {
  title: string;
  purpose: 'match' | 'allow';
  handling: string;
  limit: string; // a number field puts numbers there, and null when it is empty
  state: 'enabled' | 'disabled' | 'withdrawn';
}

export interface ListFieldErrors {
  title?: string | undefined;
  limit?: string | undefined;
}

export const fresh_fields: ListFields = { title: '', purpose: 'match', handling: 'TLP:AMBER', limit: '31', state: 'enabled' };

export function fields_of(list: List): ListFields {
  return { title: list.title, purpose: list.purpose, handling: list.handling, limit: String(list.limit), state: list.state };
}

export function errors_in(fields: ListFields): ListFieldErrors {
  const errors: ListFieldErrors = {};
  const title = fields.title.trim();
  if (!title) errors.title = t().material.needed;
  else if (is_too_long(title, title_bytes_max)) errors.title = t().material.too_long;
  const limit = Number(fields.limit);
  const limit_is_good = String((fields.limit as string | null) ?? '').trim() !== '' && Number.isInteger(limit) && limit >= 0 && limit <= limit_max;
  if (!limit_is_good) errors.limit = t().material.limit_wrong;
  return errors;
}

// What differs from how it is.
export function changes(fields: ListFields, list: List): ListDraft {
  const draft: ListDraft = {};
  if (fields.title.trim() !== list.title) draft.title = fields.title.trim();
  if (fields.handling !== list.handling) draft.handling = fields.handling;
  if (Number(fields.limit) !== list.limit) draft.limit = Number(fields.limit);
  if (fields.state !== list.state) draft.state = fields.state;
  return draft;
}
