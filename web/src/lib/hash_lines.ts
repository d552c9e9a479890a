// Hashes that were pasted, one on a line: told apart by their length, or by a name in front ("sha256:…").

export type HashKind = 'pdq' | 'md5' | 'sha1' | 'sha256';

export interface PastedHash {
  line: number;
  // Two where 64 digits may be a PDQ or a SHA-256.
  kinds: HashKind[];
  digits: string;
}

export interface Pasted {
  hashes: PastedHash[];
  // Lines that are no hash.
  wrong: number[];
}

const digits_of: Record<HashKind, number> = { pdq: 64, md5: 32, sha1: 40, sha256: 64 };
const kinds_by_length: Record<number, HashKind[]> = { 32: ['md5'], 40: ['sha1'] };

// `long`: what 64 digits are taken for.
export function read_hashes(text: string, long: HashKind[]): Pasted {
  const found: Pasted = { hashes: [], wrong: [] };
  for (const [i, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.trim();
    if (!line) continue;
    const parts = /^(?:(pdq|md5|sha1|sha-1|sha256|sha-256)\s*[:=]\s*)?([0-9a-f]+)$/i.exec(line);
    const name = parts?.[1]?.toLowerCase().replace('-', '') as HashKind | undefined;
    const digits = parts?.[2]?.toLowerCase() ?? '';
    const kinds = name ? (digits.length === digits_of[name] ? [name] : []) : digits.length === 64 ? long : (kinds_by_length[digits.length] ?? []);
    if (kinds.length > 0) found.hashes.push({ line: i + 1, kinds, digits });
    else found.wrong.push(i + 1);
  }
  return found;
}
