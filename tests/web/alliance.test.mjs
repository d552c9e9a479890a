// The alliance on the pages: without one, with one of four nodes, and how a fifth comes in by two wizards and a vote.
// Pictures lie in build/web-shots/ afterwards.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { button, dialog, field, link, toast } from './support/act.mjs';
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
        ['alliance-erasures-none', 'viewer', '/alliance/erasures'],
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

  // Lets members read a new list of ours, and erases an entry of it.
  async function erase_from(title, readers) {
    const id = await nodes.se.add_list(title, made_up_rows(2));
    await people.steward.post(`/api/v1/alliance/lists/${id}/readers`, { readers });
    const { entries } = await people.analyst.get(`/api/v1/lists/${id}/entries?count=1`);
    await nodes.se.cli('erase', '--list', id, '--entry', String(entries[0].entry), '--ground', 'court');
    return id;
  }
  const erasures = async () => (await people.viewer.get('/api/v1/alliance/erasures')).erasures;
  const words = en.alliance.erasures;

  it('who has confirmed our erasures, and who hasn’t', async (t) => {
    await nodes.br.pause();
    await erase_from('Erased in two', ['no', 'br']);
    await erase_from('Erased in one', ['jp']);
    await until('nobody confirms', async () => (await erasures()).filter((one) => one.confirmed.length > 0).length === 2);
    assert.deepEqual(
      (await erasures()).map(({ confirmed, open }) => [confirmed, open]),
      [
        [['no'], ['br']],
        [['jp'], []],
      ],
    );
    for (const language of ['en', 'sv']) {
      await t.test(`the page in ${language}`, () =>
        on_page(browser, nodes.se, { person: people.analyst, language, dark: language === 'sv' }, async (page) => {
          await page.show('/alliance/erasures');
          await look(page, 'alliance-erasures', language);
        }),
      );
    }
    await on_page(browser, nodes.se, { person: people.analyst }, async (page) => {
      await page.show('/alliance');
      await link(page, en.alliance.to_erasures).click();
      await page.getByText(words.summary(1, 2)).waitFor();
      // The newest first; each cell says by a word how it is, beside a symbol.
      const rows = page.getByRole('row');
      const cells = async (row) => (await rows.nth(row).getByRole('cell').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()).slice(1);
      const heads = (await rows.nth(0).getByRole('columnheader').allInnerTexts()).map((text) => text.trim());
      assert.deepEqual(heads, [words.record, words.at, words.scope, words.state, 'Brazil (br)', 'Japan (jp)', 'Norway (no)']);
      const { confirmed, open, not_concerned } = words.cell;
      assert.deepEqual(await cells(1), ['Erased in one', `✓ ${words.states.confirmed}`, `– ${not_concerned}`, `✓ ${confirmed}`, `– ${not_concerned}`]);
      assert.deepEqual(await cells(2), ['Erased in two', `○ ${words.states.open(1, 2)}`, `○ ${open}`, `– ${not_concerned}`, `✓ ${confirmed}`]);
      assert.equal(await rows.getByRole('rowheader').count(), 2);
      assert.equal(await page.getByText(words.overdue_more).count(), 0);
      // What is shown can be had as a file.
      await page.getByText(en.table.export, { exact: true }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), button(page, en.table.export_csv).click()]);
      const lines = (await readFile(await download.path(), 'utf8')).split('\r\n');
      assert.equal(lines[0], 'record,at,scope,state,member:br,member:jp,member:no');
      assert.match(lines[1], /^\d+,[^,]+Z,[0-9a-f]{32},confirmed,not_concerned,confirmed,not_concerned$/);
      assert.match(lines[2], /^\d+,[^,]+Z,[0-9a-f]{32},open,open,not_concerned,confirmed$/);
    });
    // Who may not know the titles of lists reads of a list.
    await on_page(browser, nodes.se, { person: people.viewer }, async (page) => {
      await page.show('/alliance/erasures');
      assert.equal(await page.getByRole('cell', { name: words.scopes.list, exact: true }).count(), 2);
    });
    await nodes.br.go_on();
    await until('the one that was away doesn’t confirm', async () => (await erasures()).every((one) => one.open.length === 0));
    await on_page(browser, nodes.se, { person: people.viewer }, async (page) => {
      await page.show('/alliance/erasures');
      await page.getByText(words.summary(2, 2)).waitFor();
    });
  });

  it('an erasure that is open for more than a day is marked, among many members, by keyboard at 400 %', async () => {
    const codes = Array.from({ length: 30 }, (_, i) => `m${i + 10}`);
    const day_ms = 86_400_000;
    const told = {
      erasures: [
        { position: 12, at_ms: Date.now() - 3 * day_ms, scope: 'alliance', confirmed: codes.slice(0, 10), open: [...codes.slice(10), 'no'] },
        { position: 15, at_ms: Date.now() - 2 * day_ms, scope: 'public', confirmed: codes, open: [] },
        { position: 19, at_ms: Date.now() - day_ms / 2, scope: '0'.repeat(32), confirmed: [], open: ['no'] },
      ],
    };
    for (const [language, size] of [
      ['en', { width: 1440, height: 900 }],
      ['sv', { width: 320, height: 256, deviceScaleFactor: 4 }],
    ]) {
      await on_page(browser, nodes.se, { person: people.steward, language, ...size }, async (page) => {
        const said = page.texts.alliance.erasures;
        await page.route('**/api/v1/alliance/erasures', (route) => route.fulfill({ json: told }));
        await page.show('/alliance/erasures');
        await page.getByText(said.summary(1, 3)).waitFor();
        await page.getByText(said.overdue(1)).waitFor();
        assert.equal(await page.getByText(said.states.overdue(21, 31)).count(), 1);
        assert.equal(await page.getByText(said.states.open(1, 1)).count(), 1);
        await link(page.getByRole('listitem'), 'Norway').waitFor();
        await assert_fits(page);
        await assert_accessible(page);
        await shot(page, `alliance-erasures-many-${language}`);
        // The table alone goes sideways, and by keys too; the numbers of its rows stay.
        const region = page.getByRole('region', { name: said.table, exact: true }).and(page.locator('[tabindex]'));
        await region.focus();
        const number = page.getByRole('rowheader').first();
        const before = await number.boundingBox();
        for (let i = 0; i < 5; i += 1) await page.keyboard.press('ArrowRight');
        await page.waitForFunction((one) => {
          const still = one.scrollLeft > 100 && one.scrollLeft === one.seen_at;
          one.seen_at = one.scrollLeft;
          return still;
        }, await region.elementHandle(), { polling: 200 });
        assert.ok(Math.abs((await number.boundingBox()).x - before.x) < 2, 'the number of the row goes away');
        // What gets the focus is seen beside them.
        for (let i = 0; i < 2 * codes.length; i += 1) {
          await page.keyboard.press(i < codes.length ? 'Tab' : 'Shift+Tab');
          const under = await page.evaluate(() => {
            const box = document.activeElement.getBoundingClientRect();
            const stays = document.querySelector('tbody th').getBoundingClientRect();
            const in_head = document.activeElement.closest('th:not(:first-child)');
            return in_head && box.right < stays.right + 24 ? document.activeElement.textContent.trim() : '';
          });
          assert.equal(under, '', 'lies under the column that stays');
        }
        await shot(page, `alliance-erasures-many-focus-${language}`);
      });
    }
  });

  it('erasures that can’t be asked for are said, and asked for again', () =>
    on_page(browser, nodes.se, { person: people.viewer, allowed: [[503, /erasures$/]] }, async (page) => {
      const problem = { type: 'about:blank', title: 'unavailable', status: 503, code: 'unavailable', detail: '' };
      await page.route('**/api/v1/alliance/erasures', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
      await page.show('/alliance/erasures');
      await page.getByRole('alert').waitFor();
      await assert_accessible(page);
      await page.unroute('**/api/v1/alliance/erasures');
      await button(page, en.common.again).click();
      await page.getByText(words.meaning).waitFor();
      assert.equal(await page.getByRole('alert').count(), 0);
    }));

  it('what keeps others from reading this node is said', async () => {
    for (const [language, size] of [
      ['en', { width: 1440, height: 900 }],
      ['sv', { width: 320, height: 640 }],
    ]) {
      await on_page(browser, nodes.se, { person: people.viewer, language, ...size }, async (page) => {
        const said = page.texts.alliance;
        let more = { held: true };
        await page.route('**/api/v1/alliance', async (route) => {
          const real = await (await route.fetch()).json();
          await route.fulfill({ json: { ...real, ...more } });
        });
        await page.show('/alliance');
        await page.getByText(said.held_more).waitFor();
        more = { held: true, new_keys_room: 0, clock_offset_ms: 62 * 60_000 };
        await page.show('/');
        await page.show('/alliance');
        await page.getByText(said.new_keys_more(0)).waitFor();
        await page.getByText(said.clock(62, true)).waitFor();
        await page.getByText(said.clock_more(true)).waitFor();
        assert.equal(await page.getByText(said.held_more).count(), 0);
        await assert_fits(page);
        await assert_accessible(page);
        await shot(page, `alliance-waits-${language}`);
        more = { new_keys_room: 40, clock_offset_ms: -7 * 60_000 };
        await page.show('/');
        await page.show('/alliance');
        await page.getByText(said.new_keys_more(40)).waitFor();
        await page.getByText(said.clock(7, false)).waitFor();
        await page.getByText(said.clock_more(false), { exact: true }).waitFor();
      });
    }
  });
});
