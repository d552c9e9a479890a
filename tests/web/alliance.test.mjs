// The alliance on the pages: without one, with one of four nodes, and how a fifth comes in by two wizards and a vote.
// Pictures lie in build/web-shots/ afterwards.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { button, dialog, field, toast } from './support/act.mjs';
import { assert_accessible, assert_fits, assert_named, assert_no_trouble, en, launch, on_page, open_page, settle, shot } from './support/browser.mjs';
import { free_port, made_up_rows, Node } from './support/node.mjs';

const founders = [
  ['se', 'SE', 'Sweden'],
  ['no', 'NO', 'Norway'],
  ['jp', 'JP', 'Japan'],
  ['br', 'BR', 'Brazil'],
];
const charter = 'We protect children.\nWe share what we know, and answer for it.\n'.repeat(12);
const sizes = [
  ['wide', 1440, 900],
  ['narrow', 320, 640],
];

async function until(what, holds) {
  for (let tried = 0; tried < 150; tried += 1) {
    if (await holds()) return;
    await new Promise((then) => setTimeout(then, 200));
  }
  assert.fail(what);
}

async function look(page, name, language) {
  await assert_named(page, language);
  for (const [size, width, height] of sizes) {
    await page.setViewportSize({ width, height });
    await settle(page);
    await shot(page, `${name}-${language}-${size}`);
    await assert_fits(page);
    await assert_accessible(page);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

describe('the alliance', () => {
  let browser;
  let folder;
  const nodes = {};
  const people = {};
  let candidate;
  let list;

  before(async () => {
    browser = await launch();
    folder = await mkdtemp(path.join(os.tmpdir(), 'fristad-alliance-'));
    await writeFile(path.join(folder, 'charter'), charter);
    // Each makes its card; then each founds with all of them; then they serve.
    const cards = [];
    let all_cards = () => {};
    const have_all = new Promise((then) => (all_cards = then));
    await Promise.all(
      founders.map(async ([member, country, name]) => {
        const port = await free_port();
        nodes[member] = await Node.start({
          member,
          federation: { listen: `127.0.0.1:${port}`, beat_seconds: 1 },
          before: async (node) => {
            const card = await node.cli('alliance', 'card', '--name', name, '--jurisdiction', country, '--address', `https://127.0.0.1:${port}`);
            const file = path.join(folder, member);
            await writeFile(file, card);
            cards.push('--founder', file);
            if (cards.length === founders.length * 2) all_cards();
            await have_all;
            await node.cli('alliance', 'found', '--name', 'Alliance of made-up states', '--charter', path.join(folder, 'charter'), ...cards);
          },
        });
      }),
    );
    candidate = await Node.start({ member: 'nz' });
    people.steward = await nodes.se.person('sten', 'steward');
    people.other = await nodes.se.person('eva', 'admin');
    people.viewer = await nodes.se.person('vera', 'viewer');
    people.analyst = await nodes.se.person('anna', 'analyst');
    people.candidate = await candidate.person('kiri', 'steward');
    await until('the alliance doesn’t begin', async () => (await people.steward.get('/api/v1/alliance')).standing === 'active');
    const theirs = await nodes.no.add_list('Norwegian, made up', made_up_rows(4));
    const norwegian = await nodes.no.person('nils', 'steward');
    await norwegian.post(`/api/v1/alliance/lists/${theirs}/readers`, { readers: ['se'] });
    list = await nodes.se.add_list('Swedish, made up', made_up_rows(3));
    await until('the list doesn’t come', async () => (await people.steward.get('/api/v1/alliance/lists')).lists.length === 2);
    await until('nobody cosigns', async () => {
      const { members } = await people.steward.get('/api/v1/alliance/members');
      return members.every((one) => one.own || one.cosigned_ms > 0);
    });
  });
  after(async () => {
    await browser?.close();
    await Promise.all([...Object.values(nodes), candidate].map((node) => node?.stop()));
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('a node that belongs to none says how to come in', () =>
    on_page(browser, candidate, { person: people.candidate }, async (page) => {
      await page.show('/alliance');
      await page.getByText(en.alliance.none).waitFor();
      await look(page, 'alliance-none', 'en');
    }));

  for (const language of ['en', 'sv']) {
    it(`pages in ${language}`, async (t) => {
      const pages = [
        ['alliance', 'steward', '/alliance'],
        ['alliance-viewer', 'viewer', '/alliance'],
        ['alliance-member', 'steward', '/alliance/members/no'],
        ['alliance-own', 'steward', '/alliance/members/se'],
        ['alliance-invite', 'steward', '/alliance/invite'],
        ['alliance-join', 'steward', '/alliance/join'],
        ['alliance-lists', 'analyst', '/alliance/lists'],
      ];
      for (const [name, who, address] of pages) {
        await t.test(name, () =>
          on_page(browser, nodes.se, { person: people[who], language, dark: language === 'sv' }, async (page) => {
            await page.show(address);
            await look(page, name, language);
          }),
        );
      }
    });
  }

  it('a candidate comes in: letter, two voices, a vote by two people, all by keyboard', async () => {
    const page = await open_page(browser, nodes.se, { person: people.steward });
    await page.show('/alliance/invite');
    const { words } = en.alliance;
    assert.ok(words);
    // A wrong code is said where it stands.
    await button(page, en.alliance.invite.write).press('Enter');
    await page.getByText(en.alliance.invite.member_wrong).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')), 'true');
    await page.keyboard.type('nz');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('nz');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: en.alliance.invite.letter_for('nz') }).waitFor();
    await look(page, 'invite-letter', 'en');
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, en.alliance.letter_save).press('Enter')]);
    const letter = await readFile(await download.path(), 'utf8');

    // The candidate reads, compares, accepts.
    const theirs = await open_page(browser, candidate, { person: people.candidate });
    await theirs.show('/alliance/join');
    await field(theirs, en.alliance.join.letter).fill(letter);
    await button(theirs, en.alliance.join.read).press('Enter');
    await theirs.getByRole('heading', { name: 'Alliance of made-up states' }).waitFor();
    await look(theirs, 'join-read', 'en');
    await button(theirs, en.common.next).press('Enter');
    await theirs.getByText(en.alliance.join.both_needed).waitFor();
    for (const name of [en.alliance.join.charter_read, en.alliance.invite.heard]) await theirs.getByRole('checkbox', { name }).press('Space');
    await button(theirs, en.common.next).press('Enter');
    await field(theirs, en.alliance.join.name).fill('New Zealand');
    await button(theirs, en.alliance.join.accept).press('Enter');
    await theirs.getByText(en.alliance.join.address_wrong).waitFor();
    await field(theirs, en.alliance.address).fill('https://127.0.0.1:1');
    await button(theirs, en.alliance.join.accept).press('Enter');
    await theirs.getByRole('heading', { name: en.alliance.join.accepted }).waitFor();
    await look(theirs, 'join-answer', 'en');
    const answer = await theirs.getByRole('group', { name: en.alliance.join.steps.answer }).innerText();
    await assert_no_trouble(theirs);

    // The answer comes back; nothing goes on without the words.
    await button(page, en.alliance.invite.have_answer).press('Enter');
    await field(page, en.alliance.invite.answer).fill(answer);
    await button(page, en.common.next).press('Enter');
    await page.getByRole('heading', { name: en.alliance.invite.compare }).waitFor();
    await look(page, 'invite-compare', 'en');
    await button(page, en.alliance.vote.ask_more).press('Enter');
    await page.getByText(en.alliance.invite.heard_needed).waitFor();
    await page.getByRole('checkbox', { name: en.alliance.invite.heard }).press('Space');
    await button(page, en.alliance.vote.ask_more).press('Enter');
    const asking = dialog(page, en.alliance.vote.title);
    await field(asking, en.common.reason).fill('compared by phone');
    await assert_accessible(page);
    await button(asking, en.alliance.vote.ask).press('Enter');
    await page.getByText(en.alliance.invite.after).waitFor();

    // A second person sees whom it is about, and what the words are.
    const second = await open_page(browser, nodes.se, { person: people.other });
    await second.show('/approvals');
    await second.getByText(en.alliance.changes.admit('New Zealand')).waitFor();
    await shot(second, 'alliance-approval-en');
    await assert_accessible(second);
    await button(second, en.approvals.approve_dots).click();
    await button(dialog(second, en.approvals.approve_title), en.approvals.approve).click();
    await toast(second, en.approvals.said_done).waitFor();
    await page.show('/alliance');
    await page.getByText(en.alliance.vote.we_voted).waitFor();
    await look(page, 'alliance-voting', 'en');
    for (const one of [page, second]) await assert_no_trouble(one);
    for (const one of [page, second, theirs]) await one.context().close();
  });

  it('the brake, with a reason, and off again', () =>
    on_page(browser, nodes.se, { person: people.steward }, async (page) => {
      await page.show('/alliance/members/br');
      await button(page, en.alliance.mute_more).click();
      const muting = dialog(page, en.alliance.mute('Brazil'));
      await button(muting, en.alliance.mute_it).click();
      await muting.getByText(en.material.needed).waitFor();
      await assert_accessible(page);
      await field(muting, en.common.reason).fill('odd entries');
      await button(muting, en.alliance.mute_it).click();
      await page.getByText(en.alliance.muted_means).waitFor();
      await look(page, 'alliance-muted', 'en');
      await button(page, en.alliance.unmute_more).click();
      const undoing = dialog(page, en.alliance.unmute('Brazil'));
      await field(undoing, en.common.reason).fill('explained');
      await button(undoing, en.alliance.unmute_it).click();
      await button(page, en.alliance.mute_more).waitFor();
    }));

  it('a list is shared, no more, and another’s is subscribed to', () =>
    on_page(browser, nodes.se, { person: people.steward }, async (page) => {
      await page.show('/alliance/lists');
      await page.getByRole('button', { name: en.alliance.lists.share_more }).first().click();
      const sharing = dialog(page, en.alliance.lists.share_title);
      await sharing.getByRole('checkbox', { name: 'Norway' }).check();
      await assert_accessible(page);
      await shot(page, 'alliance-share-en');
      await button(sharing, en.alliance.lists.share).click();
      await toast(page, en.alliance.lists.shared).waitFor();
      await page.getByRole('button', { name: en.alliance.lists.stop_more }).first().click();
      const stopping = dialog(page, en.alliance.lists.stop_title);
      await stopping.getByRole('checkbox', { name: 'no' }).check();
      await button(stopping, en.alliance.lists.stop).click();
      await toast(page, en.alliance.lists.stopped).waitFor();
      const { readers } = await people.steward.get(`/api/v1/alliance/lists/${list}`);
      assert.deepEqual(readers, []);
      await page.getByRole('button', { name: en.alliance.lists.subscribe_more }).first().click();
      const subscribing = dialog(page, en.alliance.lists.subscribe_title);
      await subscribing.getByRole('checkbox', { name: en.alliance.lists.how.subscribed }).check();
      await assert_accessible(page);
      await button(subscribing, en.common.save).click();
      await page.getByText(en.alliance.lists.subscribed).waitFor();
    }));
});
