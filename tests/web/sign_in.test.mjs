// Signing in by the pages: the first time, with an app or a security key, and afterwards; and the end of a session.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { button, field, give_code, give_name, plug_in_key } from './support/act.mjs';
import { assert_accessible, en, launch, on_page, settle } from './support/browser.mjs';
import { App, step_now, totp } from './support/factors.mjs';
import { Node } from './support/node.mjs';

const refused = [[401, /\/api\/v1\/sessions/]];

describe('signing in', () => {
  let node;
  let browser;

  before(async () => {
    browser = await launch();
    node = await Node.start();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('adds an app the first time, and takes its code afterwards', async () => {
    const password = await node.add_user('nina', ['analyst']);
    await on_page(browser, node, {}, async (page) => {
      await page.show('/');
      await give_name(page, 'nina', password);
      await page.getByRole('heading', { level: 1, name: en.sign_in.enrol_title }).waitFor();
      await settle(page);
      await assert_accessible(page);
      await button(page, en.sign_in.enrol_app).click();
      const again = field(page, en.factor.password_again);
      if (await again.isVisible()) await again.fill(password);
      const begin = button(page, en.factor.app_start);
      if (await begin.isVisible()) await begin.click();
      const code = field(page, en.factor.app_code);
      await code.waitFor();
      await assert_accessible(page);
      const secret = /\b[A-Z2-7]{4}(?: ?[A-Z2-7]{4})+\b/.exec(await page.locator('main').innerText())[0].replace(/ /g, '');
      const app = new App(secret);
      app.used = step_now() - 1;
      await code.fill(totp(secret, app.used));
      await button(page, en.factor.app_confirm).click();
      await button(page, en.common.sign_out).waitFor();
      await settle(page);
      await assert_accessible(page);
      await page.show('/');
      await button(page, en.common.sign_out).click();
      await give_name(page, 'nina', password);
      await give_code(page, await app.code());
    });
  });

  it('adds a security key where the role needs one, and takes it afterwards', async () => {
    const password = await node.add_user('ada', ['admin']);
    await on_page(browser, node, {}, async (page) => {
      await plug_in_key(page);
      await page.show('/');
      await give_name(page, 'ada', password);
      await page.getByRole('heading', { level: 1, name: en.sign_in.enrol_title }).waitFor();
      await settle(page);
      await assert_accessible(page);
      const again = field(page, en.factor.password_again);
      if (await again.isVisible()) await again.fill(password);
      await button(page, en.factor.key_start).click();
      await button(page, en.common.sign_out).waitFor();
      await page.show('/users');
      await page.getByRole('heading', { level: 1 }).waitFor();
      await button(page, en.common.sign_out).click();
      await give_name(page, 'ada', password);
      const use = button(page, en.sign_in.key_use);
      await use.click();
      await button(page, en.common.sign_out).waitFor();
    });
  });

  it('says what is wrong, beside the field and to screen readers', async () => {
    await on_page(browser, node, { allowed: refused }, async (page) => {
      await page.show('/');
      await give_name(page, 'nobody', 'a wrong password');
      await page.getByText(en.sign_in.wrong).waitFor();
      const spoken = await page.evaluate((text) => {
        const place = [...document.querySelectorAll('body *')].find((one) => one.children.length === 0 && one.textContent.trim() === text);
        const described = [...document.querySelectorAll('[aria-describedby]')].some((one) => one.getAttribute('aria-describedby').split(' ').includes(place.id));
        return described || place.closest('[role=alert], [role=status], [aria-live]') !== null;
      }, en.sign_in.wrong);
      assert.ok(spoken, 'no screen reader hears it');
      await assert_accessible(page);
    });
  });

  it('an ended session is told on the page, and the way goes on where it was', async () => {
    const anna = await node.person('anna', 'analyst');
    const other = await anna.again();
    await on_page(browser, node, { person: other, allowed: [[401, /./]] }, async (page) => {
      await page.show('/lists');
      const { sessions } = await anna.get('/api/v1/me/sessions');
      const ended = sessions.find((one) => !one.current);
      await anna.ask('DELETE', `/api/v1/me/sessions/${ended.session}`);
      // Without a click: the stream of events has ended too.
      await page.getByText(en.sign_in.ended_title).waitFor();
      assert.equal(new URL(page.url()).pathname, '/lists');
      await assert_accessible(page);
      await give_name(page, 'anna', anna.password);
      await give_code(page, await anna.app.code());
      assert.equal(new URL(page.url()).pathname, '/lists');
    });
  });
});
