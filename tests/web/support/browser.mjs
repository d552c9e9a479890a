// Debian's chromium, and pages on which nothing may go wrong unseen.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AxeBuilder, chromium, root } from './packages.mjs';
import { en, locales, texts } from './texts.mjs';

const executable = process.env.FRISTAD_CHROMIUM ?? '/usr/bin/chromium';
export const shots = path.join(root, 'build/web-shots');

export function launch() {
  // Its sandbox needs another user than root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: executable, args });
}

// Answers that a page may get without anything being wrong: before anybody has signed in there is no session.
const usual = [[401, /\/api\/v1\/me$/]];

// Notes everything that a developer would see in the console, and more. `allowed` lists [status, address] of answers.
function watch(page, allowed) {
  const trouble = [];
  const is_allowed = (status, address) => [...usual, ...allowed].some(([of, where]) => of === status && where.test(address));
  page.on('pageerror', (error) => trouble.push(`error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
    if (is_allowed(status, message.location().url)) return;
    trouble.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('requestfailed', (request) => {
    // A page that is left gives up what it asked for.
    const why = request.failure()?.errorText;
    if (why !== 'net::ERR_ABORTED') trouble.push(`request: ${request.url()}: ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400 && !is_allowed(response.status(), response.url())) {
      trouble.push(`answer: ${response.status()} ${response.request().method()} ${response.url()}`);
    }
  });
  page.on('request', (request) => {
    if (/^(data|blob):/.test(request.url())) return;
    if (new URL(request.url()).hostname !== 'localhost') trouble.push(`foreign: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    if (dialog.type() === 'beforeunload') void dialog.accept();
    else {
      trouble.push(`a dialog of the browser: ${dialog.message()}`);
      void dialog.dismiss();
    }
  });
  return trouble;
}

// A page of its own browser profile. `person`: who has signed in on it.
export async function open_page(browser, node, { person, language = 'en', width = 1440, height = 900, dark = false, allowed = [], ...more } = {}) {
  const context = await browser.newContext({
    locale: locales[language],
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Stockholm',
    ...more,
  });
  context.setDefaultTimeout(15_000);
  if (person) {
    const cookie = { name: 'fristad_session', value: person.cookie, url: node.origin, httpOnly: true, sameSite: 'Strict' };
    await context.addCookies([cookie]);
  }
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  page.trouble = watch(page, allowed);
  page.texts = texts[language];
  // What is asked at the moment; the stream of events never ends.
  page.asked = new Set();
  page.on('request', (request) => request.resourceType() !== 'eventsource' && page.asked.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.asked.delete(request));
  page.show = async (address) => {
    await page.goto(node.origin + address);
    await settle(page);
  };
  return page;
}

// Until nothing is asked for any more and nothing says that it is loading.
export async function settle(page) {
  const until = Date.now() + 15_000;
  let quiet_since = Date.now();
  for (;;) {
    if (page.asked.size > 0) quiet_since = Date.now();
    else if (Date.now() - quiet_since > 120) {
      const is_loading = await page.evaluate(
        (text) => !document.querySelector('h1') || [...document.querySelectorAll('[role=status]')].some((one) => one.textContent.trim() === text),
        page.texts.common.loading,
      );
      // The design page shows what loading looks like.
      if (!is_loading || Date.now() - quiet_since > 1500) return;
    }
    if (Date.now() > until) throw new Error(`${page.url()} doesn't settle: ${[...page.asked].map((one) => one.url())}`);
    await page.waitForTimeout(30);
  }
}

export async function assert_no_trouble(page) {
  const violations = await page.evaluate(() => window.violations).catch(() => []);
  assert.deepEqual([...page.trouble, ...violations.map((one) => `policy: ${one}`)], []);
}

// Runs `work` on a page of its own, and fails if anything went wrong on it.
export async function on_page(browser, node, options, work) {
  const page = await open_page(browser, node, options);
  try {
    await work(page);
    await assert_no_trouble(page);
  } catch (error) {
    await shot(page, `failed-${Date.now()}`).catch(() => {});
    if (page.trouble.length > 0) error.message += `\non the page: ${page.trouble.join('\n')}`;
    throw error;
  } finally {
    await page.context().close();
  }
}

export async function shot(page, name) {
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, name + '.png'), fullPage: true });
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
const more_rules = ['heading-order', 'landmark-one-main', 'page-has-heading-one', 'empty-heading', 'image-redundant-alt'];

// What axe finds wrong, a line for each place.
export async function axe_findings(page) {
  const options = { runOnly: { type: 'tag', values: rules }, rules: Object.fromEntries(more_rules.map((one) => [one, { enabled: true }])) };
  const found = await new AxeBuilder({ page }).options(options).analyze();
  return found.violations.flatMap((one) => one.nodes.map((place) => `${one.id}: ${place.html.slice(0, 200)}: ${place.failureSummary}`));
}

export async function assert_accessible(page) {
  assert.deepEqual(await axe_findings(page), [], page.url());
}

// Nothing stands beyond the right edge.
export async function assert_fits(page) {
  const { wide, seen, culprits } = await page.evaluate(() => {
    const seen = document.documentElement.clientWidth;
    const culprits = [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > seen + 1 && !one.closest('.spoken'))
      .map((one) => `${one.tagName.toLowerCase()}.${one.className}: ${one.textContent.trim().slice(0, 60)}`);
    return { wide: document.documentElement.scrollWidth, seen, culprits: culprits.slice(0, 5) };
  });
  assert.ok(wide <= seen, `${page.url()}: ${wide} of ${seen} CSS pixels: ${culprits.join(' | ')}`);
}

// A title, one first heading, the right language.
export async function assert_named(page, language = 'en') {
  const { title, headings, lang } = await page.evaluate(() => ({
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map((one) => one.textContent.trim()),
    lang: document.documentElement.lang,
  }));
  assert.equal(headings.length, 1, `${page.url()}: h1: ${headings}`);
  assert.notEqual(headings[0], '');
  assert.match(title, /\S+ · Fristad$/, page.url());
  assert.equal(lang, language);
}

export { en };
