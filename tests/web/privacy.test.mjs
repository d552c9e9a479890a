// What is matched or typed is on the page and nowhere else, and goes with it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assert_kept_nowhere, button, field, go_to, kept } from './support/act.mjs';
import { en, launch, on_page, settle } from './support/browser.mjs';
import { made_up_rows, Node, random_hash } from './support/node.mjs';

// What a browser may remember of a person's use of these pages: how they look, not what was done.
const settings = new Set(['language', 'theme', 'shortcuts', 'tour']);

describe('privacy', () => {
  let node;
  let browser;
  let anna;
  const rows = made_up_rows(3);
  const known = rows[0].pdq;
  const unknown = random_hash(20);

  before(async () => {
    browser = await launch();
    node = await Node.start();
    await node.add_list('Known', rows);
    anna = await node.person('anna', 'analyst');
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  async function match(page, ...hashes) {
    await field(page, en.match.hashes_label).fill(hashes.join('\n'));
    await button(page, en.match.ask).click();
    await page.getByRole('heading', { name: en.match.answers }).waitFor();
    await page.getByText(en.match.summary(hashes.length, 1)).waitFor();
    await settle(page);
  }

  it('what was matched stands nowhere but on the page, and is gone with it', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      const addresses = [];
      page.on('request', (request) => addresses.push(request.url()));
      await page.show('/match');
      await match(page, known, unknown);
      await assert_kept_nowhere(page, known, unknown, 'made-up-1');
      assert.deepEqual(Object.keys(await page.evaluate(() => ({ ...localStorage }))).filter((one) => !settings.has(one)), []);
      assert.deepEqual((await kept(page)).session, []);

      await go_to(page, en.nav.lists);
      const left = await page.content();
      assert.ok(!left.includes(known) && !left.includes(unknown), 'it is still in the page');
      await page.goBack();
      await settle(page);
      const back = await page.content();
      assert.ok(!back.includes(known) && !back.includes(known.slice(0, 12)), 'it came back');
      assert.equal(await field(page, en.match.hashes_label).inputValue(), '');
      await page.reload();
      await settle(page);
      assert.equal(await field(page, en.match.hashes_label).inputValue(), '');
      for (const one of addresses) assert.ok(!one.includes(known) && !one.includes(unknown), one);
    });
  });

  it('an uploaded image is neither shown nor kept', async () => {
    await on_page(browser, node, { person: anna, allowed: [[422, /./], [415, /./]] }, async (page) => {
      await page.show('/match');
      const name = 'harmless <img src=x onerror=window.ran=1>.png';
      // One pixel: the node refuses it or finds it flat; either is told.
      const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC', 'base64');
      await page.locator('input[type=file]').first().setInputFiles({ name, mimeType: 'image/png', buffer: png });
      await page.getByRole('heading', { name: en.match.answers }).waitFor();
      await settle(page);
      await page.getByText(name).first().waitFor();
      const shown = await page.evaluate(() => ({
        ran: window.ran ?? null,
        images: [...document.querySelectorAll('main img, main canvas, main video, main picture, img[src^="blob:"]')].map((one) => one.outerHTML),
      }));
      assert.deepEqual(shown, { ran: null, images: [] });
      await assert_kept_nowhere(page, name);
    });
  });

  it('the names that people gave stay out of the history of the browser', async () => {
    const list = await node.add_list('https://example.invalid/a-title', []);
    const eva = await node.person('eva', 'admin', 'Eva of the north');
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show(`/lists/${list}`);
      await page.getByRole('heading', { level: 1, name: 'example.invalid' }).waitFor();
      await assert_kept_nowhere(page, 'example.invalid');
    });
    await on_page(browser, node, { person: eva }, async (page) => {
      const { users } = await eva.get('/api/v1/users');
      await page.show(`/users/${users.find((one) => one.name === 'eva').user}`);
      await page.getByRole('heading', { level: 1, name: 'Eva of the north' }).waitFor();
      await assert_kept_nowhere(page, 'of the north');
    });
  });

  it('what is typed into a filter or a search stays out of the address', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      const [{ list }] = (await anna.get('/api/v1/lists')).lists;
      for (const address of ['/lists', `/lists/${list}`, '/approvals']) {
        await page.show(address);
        for (const control of await page.locator('main').locator('input[type=text], input[type=search]').all()) {
          if (!(await control.isVisible())) continue;
          await control.fill('zq7-secret');
          await control.press('Enter');
          await settle(page);
        }
        await assert_kept_nowhere(page, 'zq7-secret');
      }
    });
  });

  it('a page that was left open says nothing to the next person at the machine', async () => {
    await on_page(browser, node, { person: await anna.again() }, async (page) => {
      await page.show('/lists');
      await go_to(page, en.nav.match);
      await match(page, known);
      await button(page, en.common.sign_out).click();
      await field(page, en.sign_in.name).waitFor();
      assert.ok(!(await page.content()).includes(known.slice(0, 12)));
      await page.goBack();
      await settle(page);
      await field(page, en.sign_in.name).waitFor();
      assert.ok(!(await page.content()).includes(known.slice(0, 12)));
    });
  });
});
