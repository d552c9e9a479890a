// Without a mouse, at 400 % zoom: a window of 1280 × 1024 has 320 × 256 CSS pixels then.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { button, dialog, field, link } from './support/act.mjs';
import { assert_accessible, assert_fits, en, launch, on_page, settle } from './support/browser.mjs';
import { made_up_rows, Node } from './support/node.mjs';

const zoomed = { width: 320, height: 256, deviceScaleFactor: 4 };
const stops_max = 80;

// What has the focus has to be seen to have it: an outline, inside of the window, with nothing on top of it.
async function assert_focus_seen(page) {
  const seen = await page.evaluate(() => {
    const at = document.activeElement;
    if (!at || at === document.body) return 'nothing has the focus';
    const name = `${at.tagName.toLowerCase()} "${(at.ariaLabel ?? at.textContent ?? '').trim().slice(0, 40)}"`;
    // A radio or checkbox may be drawn by its label, a link by its row.
    const drawn = [at, at.closest('label'), at.parentElement].filter(Boolean).some((one) => {
      const style = getComputedStyle(one);
      return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow.includes('0px 0px 0px');
    });
    if (!drawn) return `${name} shows no focus`;
    const box = at.getBoundingClientRect();
    const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    if (!inside) return `${name} is outside of the window: ${JSON.stringify(box)}`;
    const [left, right] = [Math.max(box.left, 0) + 1, Math.min(box.right, innerWidth) - 1];
    const [top, bottom] = [Math.max(box.top, 0) + 1, Math.min(box.bottom, innerHeight) - 1];
    const places = [left, (left + right) / 2, right].flatMap((x) => [top, (top + bottom) / 2, bottom].map((y) => [x, y]));
    const above = places.map(([x, y]) => document.elementFromPoint(x, y));
    const is_seen = above.some((one) => one && (at.contains(one) || one.contains(at) || one.closest('label')?.contains(at)));
    return is_seen ? '' : `${name} lies under ${above[4]?.outerHTML.slice(0, 120)}`;
  });
  assert.equal(seen, '', page.url());
}

// Presses Tab until this has the focus.
async function tab_to(page, target, key = 'Tab') {
  await target.waitFor();
  for (let i = 0; i < stops_max; i += 1) {
    if (await target.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press(key);
    const is_out = await page.evaluate(() => document.activeElement === document.body);
    // Past the last one the browser's own controls come.
    if (!is_out) await assert_focus_seen(page);
  }
  assert.fail(`the keyboard doesn't reach ${target}`);
}

async function press_on(page, target, key = 'Enter') {
  await tab_to(page, target);
  await page.keyboard.press(key);
}

describe('the keyboard alone, at 400 %', () => {
  let node;
  let browser;
  let anna;
  const rows = made_up_rows(3);

  before(async () => {
    browser = await launch();
    node = await Node.start();
    anna = await node.person('anna', 'analyst');
    await node.add_list('Known', rows);
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('signs in, makes a list, and matches a hash', async () => {
    await on_page(browser, node, zoomed, async (page) => {
      await page.show('/');
      await tab_to(page, field(page, en.sign_in.name));
      await page.keyboard.type('anna');
      await tab_to(page, field(page, en.sign_in.password));
      await page.keyboard.type(anna.password);
      await page.keyboard.press('Enter');
      const code = field(page, en.sign_in.code);
      await tab_to(page, code);
      await page.keyboard.type(await anna.app.code());
      await page.keyboard.press('Enter');
      await button(page, en.common.menu).waitFor();
      await settle(page);
      await assert_fits(page);

      await press_on(page, button(page, en.common.menu));
      await press_on(page, link(page.getByRole('navigation', { name: en.common.menu }), en.nav.lists));
      await page.getByRole('heading', { level: 1, name: en.lists.title }).waitFor();
      await settle(page);
      await press_on(page, button(page, en.lists.make));
      const making = dialog(page, en.lists.make);
      await making.waitFor();
      await assert_fits(page);
      await tab_to(page, field(making, en.material.title));
      await page.keyboard.type('Made by keys');
      await press_on(page, button(making, en.lists.make_it));
      await page.getByRole('heading', { level: 1, name: 'Made by keys' }).waitFor();
      await settle(page);
      await assert_fits(page);

      await page.keyboard.press('g');
      await page.keyboard.press('m');
      const hashes = field(page, en.match.hashes_label);
      await settle(page);
      await tab_to(page, hashes);
      await page.keyboard.insertText(rows[1].pdq);
      await press_on(page, button(page, en.match.ask));
      await page.getByText(en.match.summary(1, 1)).waitFor();
      await settle(page);
      await assert_fits(page);
      await assert_accessible(page);
      const entry = page.locator('main').getByRole('link', { name: /Known/ }).first();
      await press_on(page, entry);
      await page.waitForURL(/\/entries\/\d+$/);
    });
  });

  it('the first stop leads past the menu', async () => {
    await on_page(browser, node, { person: anna, ...zoomed }, async (page) => {
      await page.show('/lists');
      await page.keyboard.press('Tab');
      assert.ok(await link(page, en.common.skip).evaluate((one) => one === document.activeElement));
      await assert_focus_seen(page);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)));
    });
  });

  it('every stop of every page is seen, and none is a trap', async (t) => {
    const [{ list }] = (await anna.get('/api/v1/lists')).lists.filter((one) => one.title === 'Known');
    const [{ entry }] = (await anna.get(`/api/v1/lists/${list}/entries`)).entries;
    const eva = await node.person('eva', 'admin');
    const pages = [
      [anna, '/'],
      [anna, '/match'],
      [anna, '/lists'],
      [anna, `/lists/${list}`],
      [anna, `/lists/${list}/import`],
      [anna, `/lists/${list}/entries/${entry}`],
      [anna, '/approvals'],
      [anna, '/node'],
      [anna, '/account'],
      [eva, '/audit'],
      [eva, '/users'],
      [eva, '/tokens'],
    ];
    for (const [person, address] of pages) {
      await t.test(address.replace(/[0-9a-f]{32}/, '…'), () =>
        on_page(browser, node, { person, ...zoomed }, async (page) => {
          await page.show(address);
          await page.keyboard.press('Tab');
          const first = await page.evaluateHandle(() => document.activeElement);
          let stops = 0;
          for (; stops < 400; stops += 1) {
            const is_out = await page.evaluate(() => document.activeElement === document.body);
            if (!is_out) await assert_focus_seen(page);
            await page.keyboard.press('Tab');
            if (await first.evaluate((one) => one === document.activeElement)) break;
          }
          assert.ok(stops < 400, 'the focus never comes back to the beginning');
          // Everything that a mouse can press is among the stops.
          const unreachable = await page.evaluate(() =>
            [...document.querySelectorAll('[onclick], [role=button], a:not([href])')].filter((one) => one.tabIndex < 0).map((one) => one.outerHTML.slice(0, 120)),
          );
          assert.deepEqual(unreachable, []);
        }),
      );
    }
  });

  it('Escape closes what is open, and the focus goes back', async () => {
    await on_page(browser, node, { person: anna, ...zoomed }, async (page) => {
      await page.show('/lists');
      const make = button(page, en.lists.make);
      await press_on(page, make);
      const making = dialog(page, en.lists.make);
      await making.waitFor();
      for (let i = 0; i < 12; i += 1) {
        await page.keyboard.press('Tab');
        const inside = await page.evaluate(() => document.querySelector('dialog[open]').contains(document.activeElement) || document.activeElement === document.body);
        assert.ok(inside, 'the focus left the dialog');
      }
      await page.keyboard.press('Escape');
      await making.waitFor({ state: 'hidden' });
      assert.ok(await make.evaluate((one) => one === document.activeElement), 'the focus is elsewhere');
    });
  });

  it('? lists the shortcuts, which do what they say, and can be switched off', async () => {
    await on_page(browser, node, { person: anna, ...zoomed }, async (page) => {
      await page.show('/');
      await page.keyboard.press('?');
      const list = dialog(page, en.shortcuts.title);
      await list.waitFor();
      await assert_accessible(page);
      await assert_fits(page);
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'hidden' });
      for (const [key, address] of [
        ['l', '/lists'],
        ['m', '/match'],
        ['a', '/approvals'],
        ['h', '/'],
      ]) {
        await page.keyboard.press('g');
        await page.keyboard.press(key);
        await page.waitForURL(node.origin + address);
        await settle(page);
      }
      await page.keyboard.press('g');
      await page.keyboard.press('l');
      await settle(page);
      await page.keyboard.press('/');
      assert.ok(await page.locator('[data-filter]').first().evaluate((one) => one === document.activeElement));
      // In a field they are letters.
      await page.keyboard.type('gm?');
      assert.equal(await page.locator('[data-filter]').first().inputValue(), 'gm?');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('?');
      await list.getByRole('checkbox').uncheck();
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.waitForTimeout(200);
      assert.ok(!(await list.isVisible()));
    });
  });
});
