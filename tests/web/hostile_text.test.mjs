// Texts that would be scripts if a page took them for more than text: in all that a person or an import can fill.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assert_accessible, assert_fits, launch, on_page, settle } from './support/browser.mjs';
import { Node, random_hash } from './support/node.mjs';

const payloads = [
  '<img src=x onerror=window.ran=1>',
  '"><script>window.ran=2</script>',
  "'-window.ran=3-'",
  '{{constructor.constructor("window.ran=4")()}}${window.ran=4}{@html "<b id=ran>"}',
  'javascript:window.ran=5//',
  '<svg/onload=window.ran=6><a href="javascript:window.ran=6">x</a>',
  '\u202egnp.exe <b id="ran">bold</b>\u2066',
];
const payload = payloads.join(' ');
// The node refuses what could hide something in a name; the marks that turn text stay out of short ones.
const short = payloads.slice(0, 2).join(' ');

// Nothing of it became more than text.
async function assert_text_alone(page) {
  const found = await page.evaluate(() => ({
    ran: window.ran ?? null,
    made: [...document.querySelectorAll('img[src="x"], svg[onload], #ran, main script, [onerror], [onload]')].map((one) => one.outerHTML),
    links: [...document.querySelectorAll('a[href], form[action], iframe')]
      .map((one) => one.href ?? one.action ?? 'iframe')
      .filter((one) => !/^(https?:\/\/localhost|blob:|otpauth:)/.test(one)),
  }));
  assert.deepEqual(found, { ran: null, made: [], links: [] }, page.url());
}

describe('hostile text', () => {
  let node;
  let browser;
  let pages;
  const people = {};

  before(async () => {
    browser = await launch();
    node = await Node.start();
    const rows = payloads.map((one, i) => ({ pdq: random_hash(), id: one, note: payload, ...(i % 2 ? { classification: 'baseline' } : { raw: one, scheme: one }) }));
    const list = await node.add_list(payload.slice(0, 180), rows.slice(0, 1));
    await node.add_list(short, rows);
    people.analyst = await node.person('anna', 'analyst', payload.slice(0, 150));
    people.other = await node.person('omar', 'analyst', short);
    people.admin = await node.person('eva', 'admin', short);
    people.steward = await node.person('sten', 'steward', short);
    const at = `/api/v1/lists/${list}`;
    await people.analyst.post(`${at}/entries`, { entries: rows });
    const { entries } = await people.analyst.get(`${at}/entries`);
    const [first, second, third] = entries.map((one) => one.entry);
    await people.analyst.post(`${at}/entries/${first}/opinions`, { verdict: 'dispute', basis: 'relayed', reason: payload });
    await people.analyst.post(`${at}/withdrawals`, { entries: String(second), reason: payload });
    await people.other.post(`${at}/exports`, { reason: payload });
    await people.other.post(`${at}/erasures`, { entry: third, ground: payload });
    const asked = await people.other.post(`${at}/exports`, { reason: payload });
    await people.analyst.post(`/api/v1/approvals/${asked.approval}/answer`, { approve: false, reason: payload });
    const made = await people.admin.post('/api/v1/tokens', { name: 'uploads', scopes: ['match'], days: 9 });
    await people.admin.post(`/api/v1/tokens/${made.token}/revoke`, { reason: payload });
    const { users } = await people.admin.get('/api/v1/users');
    const { user } = users.find((one) => one.name === 'anna');
    await people.admin.post(`/api/v1/users/${user}/roles`, { roles: ['viewer'], reason: payload });
    pages = [
      ['analyst', '/', []],
      ['analyst', '/match', []],
      ['analyst', '/lists', [short]],
      ['analyst', `/lists/${list}`, [payloads[0]]],
      ['analyst', `/lists/${list}/import`, []],
      ['analyst', `/lists/${list}/entries/${first}`, [payloads[0], payloads[3]]],
      ['analyst', `/lists/${list}/entries/${second}`, [payloads[1]]],
      ['analyst', `/lists/${list}/entries/${third}`, []],
      ['analyst', '/approvals', [payloads[0]]],
      ['other', '/approvals', []],
      ['steward', '/approvals', [payloads[0]]],
      ['steward', '/audit', []],
      ['admin', '/users', [short]],
      ['admin', `/users/${user}`, [payloads[0]]],
      ['admin', '/tokens', []],
      ['admin', '/approvals', []],
      ['analyst', '/node', []],
      ['analyst', '/account', [payloads[0]]],
    ];
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('is text wherever it is shown', async (t) => {
    for (const [who, address, shown] of pages) {
      await t.test(`${who} ${address.replace(/[0-9a-f]{32}/, '…')}`, () =>
        on_page(browser, node, { person: people[who], width: 320 }, async (page) => {
          await page.show(address);
          const text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
          for (const one of shown) assert.ok(text.includes(one.replace(/\s+/g, ' ')), `"${one}" isn't shown`);
          await assert_text_alone(page);
          await assert_fits(page);
          await assert_accessible(page);
          // What is closed is looked at too.
          for (const closed of await page.locator('main details:not([open]) > summary').all()) {
            if (await closed.isVisible()) await closed.click();
          }
          await settle(page);
          await assert_text_alone(page);
        }),
      );
    }
  });

  it('is text wherever it is typed', async (t) => {
    for (const [who, address] of pages) {
      await t.test(`${who} ${address.replace(/[0-9a-f]{32}/, '…')}`, () =>
        on_page(browser, node, { person: people[who], allowed: [[400, /./], [422, /./]] }, async (page) => {
          await page.show(address);
          const controls = page.locator('main').locator('input[type=text], input[type=search], input:not([type]), textarea');
          for (const control of await controls.all()) {
            if (!(await control.isVisible()) || !(await control.isEnabled())) continue;
            await control.fill(payload.slice(0, Number(await control.getAttribute('maxlength')) || undefined));
            await page.keyboard.press('Tab');
          }
          await page.waitForTimeout(300);
          await settle(page);
          await assert_text_alone(page);
          assert.ok(!page.url().includes('ran'), page.url());
        }),
      );
    }
  });

  it('is text in the address', async () => {
    await on_page(browser, node, { person: people.analyst, allowed: [[404, /./], [400, /./]] }, async (page) => {
      for (const address of [
        `/lists/${encodeURIComponent(payloads[0])}`,
        `/lists?sort=${encodeURIComponent(payloads[1])}&page=${encodeURIComponent(payloads[4])}`,
        `/approvals?state=${encodeURIComponent(payloads[5])}`,
        `/#${encodeURIComponent(payloads[0])}`,
        `//${encodeURIComponent('evil.example')}/..//lists`,
      ]) {
        await page.show(address);
        await assert_text_alone(page);
        assert.equal(new URL(page.url()).origin, node.origin);
      }
    });
  });
});
