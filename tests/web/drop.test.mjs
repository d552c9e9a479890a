// Files that are dropped on the match page: they are asked about like those that are chosen.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { assert_accessible, en, launch, on_page, settle } from './support/browser.mjs';
import { Node } from './support/node.mjs';

function crc_32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// A picture of 64 × 64 pixels, with a pattern of its own for each number: PNG, sections 5 and 11.2.
function picture(number) {
  const chunk = (type, data) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    const body = Buffer.concat([Buffer.from(type), data]);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc_32(body));
    return Buffer.concat([head, body, crc]);
  };
  const header = Buffer.from([0, 0, 0, 64, 0, 0, 0, 64, 8, 0, 0, 0, 0]);
  const rows = Array.from({ length: 64 }, (_, y) => Buffer.from([0, ...Array.from({ length: 64 }, (_, x) => (x * x + number * y * y) & 0xff)]));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('files dropped on the match page', () => {
  let node;
  let browser;
  let anna;
  const known = picture(3);

  before(async () => {
    browser = await launch();
    node = await Node.start();
    anna = await node.person('anna', 'analyst');
    await node.add_list('Dropped', [{ md5: createHash('md5').update(known).digest('hex'), classification: 'baseline' }]);
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  const place = (page) => page.getByRole('group', { name: page.texts.match.images });

  // What a browser hands on when files are let go over the page.
  async function drop(page, files) {
    const sent = files.map(({ name, type, content }) => ({ name, type, content: content.toString('base64') }));
    const data = await page.evaluateHandle((all) => {
      const transfer = new DataTransfer();
      for (const { name, type, content } of all) {
        const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
      }
      return transfer;
    }, sent);
    await place(page).dispatchEvent('dragover', { dataTransfer: data });
    await place(page).dispatchEvent('drop', { dataTransfer: data });
  }

  it('are answered one by one, in their order', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show('/match');
      await drop(page, [
        { name: 'known.png', type: 'image/png', content: known },
        { name: 'other.png', type: 'image/png', content: picture(11) },
        { name: 'notes.txt', type: 'text/plain', content: Buffer.from('no picture') },
      ]);
      await page.getByText(en.match.summary(3, 1, 1)).waitFor();
      await settle(page);
      const answers = page.getByRole('region', { name: en.match.answers }).locator('ol > li');
      const told = await answers.allInnerTexts();
      assert.equal(told.length, 3);
      for (const [i, name, state] of [
        [0, 'known.png', en.match.states.known],
        [1, 'other.png', en.match.states.unknown],
        [2, 'notes.txt', en.match.states.failed],
      ]) {
        assert.ok(told[i].includes(name) && told[i].includes(state), told[i]);
      }
      assert.ok(told[0].includes('Dropped'), told[0]);
      assert.ok(told[0].includes(en.match.image_facts('PNG', 64, 64)), told[0]);
      await assert_accessible(page);
    });
  });

  it('show that they may be let go, and nothing happens without files', async () => {
    await on_page(browser, node, { person: anna }, async (page) => {
      await page.show('/match');
      const looks = () => place(page).evaluate((one) => getComputedStyle(one).borderStyle);
      const before = await looks();
      await place(page).dispatchEvent('dragover');
      await page.waitForFunction(() => document.querySelector('.drop.over'));
      assert.notEqual(await looks(), before);
      await place(page).dispatchEvent('dragleave');
      await page.waitForFunction(() => !document.querySelector('.drop.over'));
      assert.equal(await looks(), before);
      await drop(page, []);
      await settle(page);
      assert.equal(await page.getByRole('heading', { name: en.match.answers }).count(), 0);
      assert.equal(new URL(page.url()).pathname, '/match', 'the browser opened what was dropped');
    });
  });
});
