// How much the first page is, and how soon it can be used. The size has a limit; times are printed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { field } from './support/act.mjs';
import { en, launch, on_page, settle } from './support/browser.mjs';
import { Node } from './support/node.mjs';

const first_page_bytes_max = 200_000;

describe('the first page', () => {
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

  // Bytes as they came over the line, heads included.
  async function count_bytes(page) {
    const line = await page.context().newCDPSession(page);
    const files = new Map();
    await line.send('Network.enable');
    line.on('Network.responseReceived', ({ requestId, response }) => files.set(requestId, { address: response.url, bytes: 0 }));
    line.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const file = files.get(requestId);
      if (file) file.bytes = encodedDataLength;
    });
    return () => [...files.values()].filter((one) => one.address.startsWith(node.origin));
  }

  for (const who of ['nobody', 'analyst']) {
    it(`${who}: is small`, async () => {
      const person = who === 'nobody' ? undefined : await node.person('anna', 'analyst');
      await on_page(browser, node, { person }, async (page) => {
        const files = await count_bytes(page);
        const begun = Date.now();
        await page.goto(node.origin + '/');
        await (person ? page.getByRole('heading', { level: 1 }) : field(page, en.sign_in.name)).waitFor();
        const usable_ms = Date.now() - begun;
        await settle(page);
        const total = files().reduce((sum, one) => sum + one.bytes, 0);
        const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
        console.log(`first page, ${who}: ${total.toLocaleString('en')} bytes in ${files().length} answers; painted after ${Math.round(paint)} ms, usable after ${usable_ms} ms`);
        assert.ok(total > 1000 && total < first_page_bytes_max, `${total} bytes: ${JSON.stringify(files())}`);
      });
    });
  }

  it('has the policy that its files are made for', async () => {
    await on_page(browser, node, {}, async (page) => {
      const answer = await page.goto(node.origin + '/');
      const policy = answer.headers()['content-security-policy'];
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
        assert.ok(policy.includes(part), `${part} is missing: ${policy}`);
      }
      assert.ok(!/unsafe|data:|\*|https?:/.test(policy), policy);
      assert.equal(answer.headers()['x-content-type-options'], 'nosniff');
    });
  });
});
