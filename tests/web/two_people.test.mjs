// What one asks for and another answers: an export.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { button, dialog, field, toast } from './support/act.mjs';
import { assert_accessible, assert_no_trouble, en, launch, open_page, settle } from './support/browser.mjs';
import { made_up_rows, Node } from './support/node.mjs';

describe('two people', () => {
  let node;
  let browser;
  const rows = made_up_rows(4);

  before(async () => {
    browser = await launch();
    node = await Node.start();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('one asks for an export, another approves, and the first fetches it once', async () => {
    const list = await node.add_list('Asked for', rows);
    const anna = await open_page(browser, node, { person: await node.person('anna', 'analyst') });
    const omar = await open_page(browser, node, { person: await node.person('omar', 'analyst') });
    await omar.show('/approvals');
    await anna.show(`/lists/${list}`);
    await ask_for_export(anna, 'for the police of Norway');

    // Omar's page shows it by itself.
    const waiting = omar.getByText('for the police of Norway');
    await waiting.first().waitFor();
    await assert_accessible(omar);
    await button(omar, en.approvals.approve_dots).click();
    const asked = dialog(omar, en.approvals.approve_title);
    await asked.waitFor();
    await assert_accessible(omar);
    await button(asked, en.approvals.approve).click();
    await toast(omar, en.approvals.said_approved).waitFor();

    // And so does Anna's, where she can't have answered it herself.
    await anna.show('/approvals?state=approved');
    assert.equal(await button(anna, en.approvals.approve_dots).count(), 0);
    await button(anna, en.approvals.fetch_dots).click();
    const fetching = dialog(anna, en.approvals.fetch_title);
    const [download] = await Promise.all([anna.waitForEvent('download'), button(fetching, en.approvals.fetch_now).click()]);
    const content = await readFile(await download.path(), 'utf8');
    for (const row of rows) assert.ok(content.includes(row.pdq), 'a hash is missing');
    await anna.show('/approvals?state=all');
    assert.equal(await button(anna, en.approvals.fetch_dots).count(), 0);
    await anna.getByText(en.approvals.states.done).first().waitFor();
    for (const page of [anna, omar]) {
      await assert_no_trouble(page);
      await page.context().close();
    }
  });

  it('whoever refuses says why', async () => {
    const list = await node.add_list('Refused', rows);
    const asker = await node.person('anna', 'analyst');
    await asker.post(`/api/v1/lists/${list}/exports`, { reason: 'to look around' });
    const page = await open_page(browser, node, { person: await node.person('omar', 'analyst') });
    await page.show('/approvals');
    await button(page, en.approvals.refuse_dots).click();
    const asked = dialog(page, en.approvals.refuse_title);
    await button(asked, en.approvals.refuse).click();
    await asked.getByText(en.approvals.reason_missing).waitFor();
    await assert_accessible(page);
    await field(asked, en.common.reason).fill('that is no purpose');
    await button(asked, en.approvals.refuse).click();
    await toast(page, en.approvals.said_refused).waitFor();
    const { approvals } = await asker.get('/api/v1/approvals?state=refused');
    assert.equal(approvals[0].answer_reason, 'that is no purpose');
    await assert_no_trouble(page);
    await page.context().close();
  });

  async function ask_for_export(page, reason) {
    await button(page, en.list.export_more).click();
    const asking = dialog(page, en.list.export_title);
    await field(asking, en.common.reason).fill(reason);
    await assert_accessible(page);
    await button(asking, en.list.export_ask).click();
    await asking.waitFor({ state: 'hidden' });
    await settle(page);
  }
});
