// Signing in by the pages: the first time, with an app or a security key, and afterwards; and the end of a session.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assert_kept_nowhere, button, field, give_code, give_name, plug_in_key } from './support/act.mjs';
import { assert_accessible, en, launch, on_page, settle } from './support/browser.mjs';
import { App, step_now, totp } from './support/factors.mjs';
import { Node } from './support/node.mjs';

const refused = [[401, /\/api\/v1\/sessions/]];

describe('signing in', () => {
  let node;
  let browser;

  // The page of this title, with nothing for axe to find.
  async function titled(page, title) {
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await settle(page);
    await assert_accessible(page);
  }

  before(async () => {
    browser = await launch();
    node = await Node.start();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('adds an app the first time, then a password of one’s own, and takes both afterwards', async () => {
    const first = await node.add_user('nina', ['analyst']);
    const own = 'five calm words of mine';
    await on_page(browser, node, { language: 'sv' }, async (page) => {
      const { common, factor, sign_in } = page.texts;
      await page.show('/lists');
      await give_name(page, 'nina', first);
      await titled(page, sign_in.enrol_title);
      await button(page, factor.app_title).click();
      await titled(page, factor.app_title);
      await page.locator('summary', { hasText: factor.app_type }).click();
      await assert_accessible(page);
      const secret = (await page.locator('main code').innerText()).replace(/\s/g, '');
      const app = new App(secret);
      app.used = step_now() - 1;
      await field(page, factor.app_code).fill(totp(secret, app.used));
      await button(page, factor.app_confirm).click();
      await titled(page, sign_in.own_password_title);
      await field(page, sign_in.own_password_new).fill(own);
      await button(page, sign_in.own_password_set).click();
      await titled(page, sign_in.welcome_title('nina'));
      await button(page, sign_in.welcome_go).click();
      await titled(page, page.texts.lists.title);
      await assert_kept_nowhere(page, first, own, secret);
      await button(page, common.sign_out).click();
      await give_name(page, 'nina', own);
      await give_code(page, await app.code());
    });
  });

  it('adds a security key where the role needs one, and takes it afterwards', async () => {
    const password = await node.add_user('ada', ['admin']);
    await on_page(browser, node, {}, async (page) => {
      await plug_in_key(page);
      await page.show('/users');
      await give_name(page, 'ada', password);
      await titled(page, en.factor.key_title);
      await button(page, en.factor.key_start).click();
      await titled(page, en.sign_in.own_password_title);
      await button(page, en.sign_in.own_password_later).click();
      await titled(page, en.sign_in.welcome_title('ada'));
      await button(page, en.sign_in.welcome_go).click();
      await titled(page, en.nav.users);
      await button(page, en.common.sign_out).click();
      await give_name(page, 'ada', password);
      await button(page, en.sign_in.key_use).click();
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
