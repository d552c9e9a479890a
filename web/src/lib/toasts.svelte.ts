// Short words about what was done, with a way back where there is one. Spoken to screen readers too.

export interface Toast {
  id: number;
  text: string;
  // Takes back what was done; absent where it can't be.
  undo?: () => void | Promise<void>;
}

let next = 1;
let toasts = $state<Toast[]>([]);

export const shown = {
  get toasts(): Toast[] {
    return toasts;
  },
};

export function say(text: string, undo?: () => void | Promise<void>): void {
  const toast: Toast = undo ? { id: next++, text, undo } : { id: next++, text };
  toasts = [...toasts.slice(-2), toast];
  // What can be undone stays until it is closed: nobody has to be quick.
  if (!undo) setTimeout(() => close_toast(toast.id), 8000);
}

// Whoever signs in next has nothing to undo of it.
export function clear_toasts(): void {
  toasts = [];
}

export function close_toast(id: number): void {
  toasts = toasts.filter((one) => one.id !== id);
}
