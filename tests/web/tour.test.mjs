// The guided tour: every step is there for who may see it, and it needs no mouse and no wide window.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { button, kept } from './support/act.mjs';
import { assert_accessible, assert_fits, launch, on_page, settle, shot } from './support/browser.mjs';
import { made_up_rows, Node } from './support/node.mjs';

describe('the tour', () => {
  let node;
  let browser;

  before(async () => {
    browser = await launch();
    node = await Node.start();
    await node.add_list('Reviewed, made up', made_up_rows(5));
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  for (const [name, role, language] of [
    ['anna', 'analyst', 'sv'],
    ['eva', 'admin', 'en'],
    ['vera', 'viewer', 'en'],
  ]) {
    it(`shows ${role} round`, async () => {
      const person = await node.person(name, role);
      await on_page(browser, node, { person, language, width: 320, height: 640 }, async (page) => {
        const texts = page.texts;
        await page.show('/');
        await button(page, texts.home.tour_start).click();
        const panel = page.locator('aside');
        await panel.waitFor();
        const seen = [];
        for (let i = 0; i < 20; i += 1) {
          await settle(page);
          seen.push(await panel.getByRole('heading').innerText());
          await page.locator('[data-tour-now]').waitFor({ timeout: 5000 }).catch(() => assert.fail(`nothing is marked at "${seen.at(-1)}"`));
          await shot(page, `tour-${role}-${i + 1}`);
          await assert_fits(page);
          await assert_accessible(page);
          const last = button(panel, texts.tour.finish);
          if (await last.isVisible()) {
            await last.click();
            break;
          }
          await button(panel, texts.common.next).click();
          await page.waitForFunction((before) => document.querySelector('aside h2')?.textContent !== before, seen.at(-1));
        }
        assert.equal(await panel.count(), 0);
        assert.equal(new Set(seen).size, seen.length);
        await page.show('/');
        assert.equal(await button(page, texts.home.tour_start).count(), 0, 'it is offered again');
        assert.deepEqual((await kept(page)).local.filter((one) => one.startsWith('tour')), ['tour']);
      });
    });
  }
});
