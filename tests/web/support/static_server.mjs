// Serves the built pages in front of a node that has none, by the rules that the program follows.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { web } from './packages.mjs';

export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const kinds = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const bundle = process.env.FRISTAD_WEB_DIST ? path.resolve(process.env.FRISTAD_WEB_DIST) : path.join(web, 'dist');

// A file of the bundle, or the one page for every address that a reader may go to.
async function file_of(address, wants_page) {
  const name = path.normalize(decodeURIComponent(new URL(address, 'http://x').pathname));
  try {
    return { name, content: await readFile(path.join(bundle, name)) };
  } catch (error) {
    if (!wants_page) throw error;
    return { name: '/index.html', content: await readFile(path.join(bundle, 'index.html')) };
  }
}

export async function serve_bundle(port, api_port) {
  const server = http.createServer((asked, answer) => {
    if (/^\/(api|health|metrics)/.test(asked.url)) {
      const passed = http.request(
        { host: '127.0.0.1', port: api_port, method: asked.method, path: asked.url, headers: asked.headers },
        (got) => {
          answer.writeHead(got.statusCode, got.headers);
          got.pipe(answer);
        },
      );
      passed.on('error', () => answer.destroy());
      answer.on('close', () => passed.destroy());
      asked.pipe(passed);
      return;
    }
    file_of(asked.url, /text\/html/.test(asked.headers.accept)).then(
      ({ name, content }) => {
        answer.writeHead(200, {
          'Content-Type': kinds[path.extname(name)] ?? 'application/octet-stream',
          'Content-Security-Policy': policy,
          'X-Content-Type-Options': 'nosniff',
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Cross-Origin-Resource-Policy': 'same-origin',
          'Content-Encoding': 'gzip',
        });
        answer.end(gzipSync(content));
      },
      () => answer.writeHead(404).end(),
    );
  });
  await new Promise((then) => server.listen(port, '127.0.0.1', then));
  return server;
}
