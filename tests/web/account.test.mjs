// One's own account: security keys by their names, and where one is signed in.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assert_kept_nowhere, button, dialog, field, give_name, plug_in_key, toast } from './support/act.mjs';
import { assert_accessible, assert_fits, en, launch, on_page, settle } from './support/browser.mjs';
import { Node } from './support/node.mjs';

describe('the account', () => {
  let node;
  let browser;
  let eva;

  before(async () => {
    browser = await launch();
    node = await Node.start();
    eva = await node.person('eva', 'admin');
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  const keys = (page) => page.getByRole('region', { name: page.texts.account.keys_title });
  const key_row = (page, name) => keys(page).getByRole('row').filter({ hasText: name });

  async function add_key(page, password, label) {
    const { account, factor } = page.texts;
    await button(page, account.add_another_key).click();
    const adding = dialog(page, factor.key_title);
    await field(adding, factor.key_label).fill(label);
    await field(adding, factor.password_again).fill(password);
    await button(adding, factor.key_start).click();
    return adding;
  }

  it('names its security keys, removes one, and keeps the last', async () => {
    await on_page(browser, node, { person: eva, language: 'sv', width: 320, height: 640, allowed: [[403, /\/remove$/]] }, async (page) => {
      const { account, common, factor, password } = page.texts;
      await plug_in_key(page);
      await page.show('/account');
      await key_row(page, 'test').waitFor();
      await keys(page).getByText(account.key_only_needed).waitFor();
      assert.equal(await keys(page).getByRole('button').count(), 0, 'the last one can be removed');

      await add_key(page, eva.password, 'blå <b>nyckeln</b>');
      await toast(page, factor.key_done).waitFor();
      const added = key_row(page, 'blå <b>nyckeln</b>');
      await added.getByText(account.key_never).waitFor();
      await assert_fits(page);
      await assert_accessible(page);

      // The browser doesn't add it twice: the node says which ones the account has.
      const again = await add_key(page, eva.password, 'en gång till');
      await again.getByText(factor.key_known).waitFor();
      await button(again, common.cancel).click();

      await button(page, `${account.key_remove}: test`).click();
      const removing = dialog(page, account.key_remove_title('test'));
      await assert_fits(page);
      await assert_accessible(page);
      await button(removing, account.key_remove).click();
      await removing.getByText(password.missing).waitFor();
      await field(removing, factor.password_again).fill('a wrong password');
      await button(removing, account.key_remove).click();
      await removing.getByText(password.wrong).waitFor();
      await field(removing, factor.password_again).fill(eva.password);
      await button(removing, account.key_remove).click();
      await toast(page, account.key_removed).waitFor();
      await key_row(page, 'test').waitFor({ state: 'detached' });
      await keys(page).getByText(account.key_only_needed).waitFor();
      await assert_kept_nowhere(page, eva.password, 'nyckeln');

      // What is left signs in.
      await button(page, common.menu).click();
      await button(page, common.sign_out).click();
      await give_name(page, 'eva', eva.password);
      await button(page, page.texts.sign_in.key_use).click();
      await button(page, common.menu).waitFor();
      await page.show('/account');
      assert.equal(await added.getByText(account.key_never).count(), 0);
      const { security_keys } = await page.evaluate(async () => (await fetch('/api/v1/me/security-keys')).json());
      assert.deepEqual(security_keys.map((one) => one.label), ['blå <b>nyckeln</b>']);
    });
  });

  it('says which browser a session runs in', async () => {
    const anna = await node.person('anna', 'analyst');
    await on_page(browser, node, {}, async (page) => {
      await page.show('/account');
      await give_name(page, 'anna', anna.password);
      await field(page, en.sign_in.code).fill(await anna.app.code());
      await button(page, en.sign_in.title).click();
      await button(page, en.common.sign_out).waitFor();
      await page.show('/account');
      const sessions = page.getByRole('region', { name: en.account.sessions });
      const here = sessions.getByRole('row').filter({ hasText: en.account.session_here });
      await here.getByText('Chrome, Linux').waitFor();
      // Signed in by a program that says nothing of itself.
      await sessions.getByRole('row').filter({ hasText: en.account.device_unknown }).waitFor();
      await settle(page);
      await assert_accessible(page);
    });
  });
});
