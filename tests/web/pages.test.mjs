// Every page in both languages, wide and narrow, light and dark: nothing for axe to find, nothing in the console, nothing
// beyond the edge. Pictures of all of them lie in build/web-shots/ afterwards, to be looked at.

import { after, before, describe, it } from 'node:test';
import { assert_accessible, assert_fits, assert_named, launch, on_page, settle, shot } from './support/browser.mjs';
import { made_up_rows, Node, random_hash } from './support/node.mjs';

const all = process.env.FRISTAD_WEB_ALL === '1';
// 320 CSS pixels are 1280 at 400 % zoom.
const sizes = [
  ['wide', 1440, 900],
  ['narrow', 320, 640],
];

describe('every page', () => {
  let node;
  let browser;
  const people = {};
  let pages;

  before(async () => {
    browser = await launch();
    node = await Node.start();
    const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2);
    const list = await node.add_list('Reviewed, made up', made_up_rows(130));
    await node.add_list(long, [{ md5: random_hash(16), id: long, note: long }], '--purpose', 'allow');
    people.analyst = await node.person('anna', 'analyst', 'Anna Ahl');
    people.other = await node.person('omar', 'analyst', long);
    people.admin = await node.person('eva', 'admin');
    people.steward = await node.person('sten', 'steward');
    people.viewer = await node.person('vera', 'viewer');
    const at = `/api/v1/lists/${list}`;
    const { entries } = await people.analyst.get(`${at}/entries?count=5`);
    const [first, second, third, fourth] = entries.map((one) => one.entry);
    await people.analyst.post(`${at}/entries/${first}/opinions`, { verdict: 'dispute', basis: 'examined', reason: long });
    await people.other.post(`${at}/withdrawals`, { entries: String(second), reason: 'classified by mistake' });
    await people.other.post(`${at}/exports`, { reason: 'asked for by the police' });
    await people.analyst.post(`${at}/erasures`, { entry: third, ground: 'article 17, ' + long });
    const refused = await people.other.post(`${at}/exports`, { reason: long });
    await people.analyst.post(`/api/v1/approvals/${refused.approval}/answer`, { approve: false, reason: 'too much' });
    const approved = await people.other.post(`${at}/exports`, { reason: 'for Norway' });
    await people.analyst.post(`/api/v1/approvals/${approved.approval}/answer`, { approve: true });
    await people.admin.post('/api/v1/users', { name: 'without-roles', display: long });
    const { user } = (await people.admin.get('/api/v1/users')).users.find((one) => one.name === 'anna');
    await people.admin.post(`/api/v1/users/${user}/roles`, { roles: ['analyst', 'viewer'], reason: 'sees the dashboards too' });
    const token = await people.admin.post('/api/v1/tokens', { name: 'uploads', scopes: ['match'], days: 90 });
    await people.admin.post('/api/v1/tokens', { name: 'intake', scopes: ['details', 'entries'], days: 9 });
    await people.admin.post(`/api/v1/tokens/${token.token}/revoke`, { reason: long });

    pages = [
      ['home', 'analyst', '/'],
      ['home-steward', 'steward', '/'],
      ['home-viewer', 'viewer', '/'],
      ['match', 'analyst', '/match'],
      ['lists', 'analyst', '/lists'],
      ['list', 'analyst', `/lists/${list}`],
      ['import', 'analyst', `/lists/${list}/import`],
      ['entry', 'analyst', `/lists/${list}/entries/${fourth}`],
      ['entry-disputed', 'analyst', `/lists/${list}/entries/${first}`],
      ['entry-withdrawn', 'analyst', `/lists/${list}/entries/${second}`],
      ['approvals', 'analyst', '/approvals'],
      ['approvals-asker', 'other', '/approvals'],
      ['approvals-steward', 'steward', '/approvals'],
      ['audit', 'steward', '/audit'],
      ['users', 'admin', '/users'],
      ['user', 'admin', `/users/${user}`],
      ['tokens', 'admin', '/tokens'],
      ['node', 'analyst', '/node'],
      ['account', 'analyst', '/account'],
      ['account-key', 'admin', '/account'],
      ['design', 'analyst', '/design'],
      ['missing', 'analyst', '/nothing/here'],
      ['sign-in', null, '/'],
    ];
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  for (const language of ['en', 'sv']) {
    for (const dark of [false, true]) {
      // Each language and each appearance once, unless all is asked for.
      if (!all && dark !== (language === 'sv')) continue;
      it(`${language}, ${dark ? 'dark' : 'light'}`, async (t) => {
        for (const [name, who, address] of pages) {
          await t.test(name, () =>
            on_page(browser, node, { person: people[who], language, dark }, async (page) => {
              await page.show(address);
              await assert_named(page, language);
              for (const [size, width, height] of sizes) {
                await page.setViewportSize({ width, height });
                await settle(page);
                await shot(page, `${name}-${language}-${size}-${dark ? 'dark' : 'light'}`);
                await assert_fits(page);
                await assert_accessible(page);
              }
            }),
          );
        }
      });
    }
  }

  it('in the colours that the system forces', { skip: !all }, async (t) => {
    for (const [name, who, address] of pages) {
      await t.test(name, () =>
        on_page(browser, node, { person: people[who], forcedColors: 'active' }, async (page) => {
          await page.show(address);
          await shot(page, `${name}-forced`);
          await assert_accessible(page);
        }),
      );
    }
  });
});
