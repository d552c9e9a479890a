import { tick } from 'svelte';

// Brings the reader to the first field that is wrong, so that its message is read out. False: none is.
export async function to_first_wrong(within: ParentNode = document): Promise<boolean> {
  await tick();
  const wrong = within.querySelector<HTMLElement>('[aria-invalid="true"]');
  wrong?.focus();
  return wrong !== null;
}

// A new step of the same page is told by its title.
export async function to_title(): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>('[data-page-title]')?.focus({ preventScroll: true });
}
