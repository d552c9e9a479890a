// What a person does on the pages, found by what a person reads.

import assert from 'node:assert/strict';
import { settle } from './browser.mjs';

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// The control with this label; that it may be left empty stands behind some.
export function field(place, label) {
  const texts = (place.texts ?? place.page().texts).common;
  return place.getByLabel(new RegExp(`^\\s*${escaped(label)}\\s*(\\(${escaped(texts.optional)}\\))?\\s*$`)).and(place.locator('input, textarea, select'));
}

export function button(place, name) {
  return place.getByRole('button', { name, exact: true });
}

export function link(place, name) {
  return place.getByRole('link', { name, exact: true });
}

export function dialog(page, name) {
  const found = page.getByRole('dialog', name === undefined ? {} : { name });
  found.texts = page.texts;
  return found;
}

export async function open_menu(page) {
  const menu = button(page, page.texts.common.menu);
  if ((await menu.isVisible()) && (await menu.getAttribute('aria-expanded')) !== 'true') await menu.click();
}

// By the menu, as a reader goes.
export async function go_to(page, name) {
  await open_menu(page);
  await link(page.getByRole('navigation', { name: page.texts.common.menu }), name).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await settle(page);
}

export async function give_name(page, name, password) {
  await field(page, page.texts.sign_in.name).fill(name);
  await field(page, page.texts.sign_in.password).fill(password);
  await button(page, page.texts.sign_in.next).click();
}

export async function give_code(page, code) {
  await field(page, page.texts.sign_in.code).fill(code);
  await button(page, page.texts.sign_in.title).click();
  await page.getByRole('navigation', { name: page.texts.common.menu }).waitFor({ state: 'attached' });
  await settle(page);
}

// A security key in the browser, that is always touched.
export async function plug_in_key(page) {
  const line = await page.context().newCDPSession(page);
  await line.send('WebAuthn.enable');
  await line.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: false,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

// The words of a short message at the foot of the page.
export const toast = (page, text) => page.locator('.toast').filter({ hasText: text });

// Everything that the page and the browser keep or show beside the page itself.
export async function kept(page) {
  return page.evaluate(async () => {
    const databases = (await indexedDB.databases?.()) ?? [];
    const caches_kept = await caches.keys();
    return {
      address: location.href,
      title: document.title,
      history: JSON.stringify(history.state),
      local: Object.entries(localStorage).flat(),
      session: Object.entries(sessionStorage).flat(),
      cookies: document.cookie,
      databases: [...databases.map((one) => one.name), ...caches_kept],
      asked: performance.getEntriesByType('resource').map((one) => one.name),
      name: window.name,
    };
  });
}

export async function assert_kept_nowhere(page, ...secrets) {
  const found = JSON.stringify(await kept(page)).toLowerCase();
  for (const one of secrets) {
    const forms = [one, encodeURIComponent(one), Buffer.from(one).toString('base64')];
    for (const form of forms) assert.ok(!found.includes(form.toLowerCase()), `"${form}" is kept: ${found}`);
  }
}
