// What changes elsewhere shows by itself; what was done can be taken back; who was slower is told.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { button, dialog, field, link, toast } from './support/act.mjs';
import { assert_accessible, en, launch, on_page, settle } from './support/browser.mjs';
import { made_up_rows, Node } from './support/node.mjs';

describe('live', () => {
  let node;
  let browser;
  let anna;

  before(async () => {
    browser = await launch();
    node = await Node.start();
    anna = await node.person('anna', 'analyst');
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  // A mark that a reload would take away.
  const mark = (page) => page.evaluate(() => (window.same_page = true));
  const is_marked = (page) => page.evaluate(() => window.same_page === true);

  it('a list that the command line makes shows at once, without a reload', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show('/lists');
      await mark(page);
      const list = await node.add_list('Made meanwhile', made_up_rows(3));
      await link(page, 'Made meanwhile').waitFor();
      await page.getByRole('row', { name: /Made meanwhile/ }).getByRole('cell', { name: '3', exact: true }).waitFor();
      await page.show(`/lists/${list}`);
      await mark(page);
      await node.cli('list', 'set', list, '--title', 'Named anew');
      await page.getByRole('heading', { level: 1, name: 'Named anew' }).waitFor();
      assert.ok(await is_marked(page));
    });
  });

  it('what is typed stays while something changes elsewhere', async () => {
    const list = await node.add_list('Being changed', []);
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show(`/lists/${list}`);
      await button(page, en.list.edit).click();
      const editing = dialog(page, en.list.edit_title);
      await field(editing, en.material.title).fill('Half typ');
      await node.add_list('Another one', []);
      await page.waitForTimeout(600);
      await settle(page);
      assert.equal(await field(editing, en.material.title).inputValue(), 'Half typ');
    });
  });

  it('a changed title can be taken back', async () => {
    const list = await node.add_list('As it was', []);
    const title = async () => (await anna.get(`/api/v1/lists/${list}`)).title;
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show(`/lists/${list}`);
      await button(page, en.list.edit).click();
      const editing = dialog(page, en.list.edit_title);
      await assert_accessible(page);
      await field(editing, en.material.title).fill('As it became');
      await button(editing, en.common.save).click();
      await page.getByRole('heading', { level: 1, name: 'As it became' }).waitFor();
      assert.equal(await title(), 'As it became');
      await assert_accessible(page);
      await button(toast(page, en.list.saved), en.common.undo).click();
      await page.getByRole('heading', { level: 1, name: 'As it was' }).waitFor();
      assert.equal(await title(), 'As it was');
    });
  });

  it('who was slower is told, and nothing is overwritten', async () => {
    const list = await node.add_list('Contested', []);
    await on_page(browser, node, { person: anna, allowed: [[412, /\/lists\//], [409, /\/lists\//]] }, async (page) => {
      await page.show(`/lists/${list}`);
      await button(page, en.list.edit).click();
      const editing = dialog(page, en.list.edit_title);
      await field(editing, en.material.title).fill('Mine');
      await node.cli('list', 'set', list, '--title', 'Theirs');
      await page.waitForTimeout(600);
      await settle(page);
      await button(editing, en.common.save).click();
      await editing.getByText(en.list.changed_meanwhile).waitFor();
      await assert_accessible(page);
      assert.equal((await anna.get(`/api/v1/lists/${list}`)).title, 'Theirs');
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { level: 1, name: 'Theirs' }).waitFor();
    });
  });

  it('an export of a table is what is shown', async () => {
    for (const title of ['=cmd|x', 'Filtered, "one"', 'Filtered two']) await node.add_list(title, made_up_rows(2));
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show('/lists');
      const take = async (name) => {
        const menu = page.locator('summary', { hasText: en.table.export });
        if (!(await button(page, name).isVisible())) await menu.click();
        const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
        return readFile(await download.path(), 'utf8');
      };
      await page.getByRole('searchbox', { name: en.table.filter }).fill('filtered');
      const shown = await page.locator('tbody tr').count();
      assert.equal(shown, 2);
      const csv = await take(en.table.export_csv);
      const lines = csv.trim().split('\r\n');
      assert.equal(lines.length, 1 + shown);
      assert.ok(csv.includes('"Filtered, ""one"""') && !csv.includes('cmd'), csv);
      assert.deepEqual(JSON.parse(await take(en.table.export_json)).map((one) => one.title).sort(), ['Filtered two', 'Filtered, "one"']);
      await page.getByRole('searchbox', { name: en.table.filter }).fill('=cmd');
      assert.ok((await take(en.table.export_csv)).includes("'=cmd|x"), 'a spreadsheet would run it');
      assert.equal(new URL(page.url()).search, '');
    });
  });

  it('order and page of a table stand in the address, and outlive a reload', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show('/lists');
      await page.getByRole('button', { name: en.material.entries }).click();
      assert.match(new URL(page.url()).search, /sort=entries/);
      const first = await page.locator('tbody tr').first().innerText();
      await page.reload();
      await settle(page);
      assert.equal(await page.locator('tbody tr').first().innerText(), first);
      assert.equal(await page.locator('th[aria-sort]').count(), 1);
    });
  });

  it('a node that is gone is told, and its return too', async () => {
    const other = await Node.start();
    const person = await other.person('anna', 'analyst');
    try {
      const gone = [[502, /./], [503, /./]];
      await on_page(browser, other, { person, allowed: gone }, async (page) => {
        await page.show('/lists');
        await page.getByText(en.common.live).first().waitFor({ state: 'attached' });
        await other.pause();
        await page.getByText(en.common.not_live).first().waitFor({ state: 'attached' });
        await other.go_on();
        await page.getByText(en.common.live).first().waitFor({ state: 'attached', timeout: 30_000 });
        await other.add_list('After the break', []);
        await link(page, 'After the break').waitFor();
        page.trouble = page.trouble.filter((one) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(one));
      });
    } finally {
      await other.stop();
    }
  });
});
