import { ApiError } from './api';
import { t } from './i18n.svelte';

// Why nothing came of a security key, in words; null: it is the node's answer, to be shown as such.
export function key_error(error: unknown): string | null {
  if (error instanceof ApiError) return null;
  const said = t().factor;
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'SecurityError') return said.key_site;
  if (name === 'NotSupportedError' || name === 'ConstraintError') return said.key_kind;
  if (name === 'InvalidStateError') return said.key_known;
  // The browser doesn't tell a refusal from a wait that was too long, so that pages can't probe for keys.
  return said.key_stopped;
}
