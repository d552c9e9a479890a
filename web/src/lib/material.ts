// What may be said of lists and entries, and who may say it.

export const handlings = ['TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR'] as const;
export const purposes = ['match', 'allow'] as const;
export const classifications = ['baseline', 'national', 'not-illegal', 'unclassified'] as const;
export const limit_max = 31;

// The node's own limits, in bytes of UTF-8.
export const title_bytes_max = 200;
export const reason_bytes_max = 1000;

export function is_too_long(text: string, bytes_max: number): boolean {
  return new TextEncoder().encode(text).length > bytes_max;
}
