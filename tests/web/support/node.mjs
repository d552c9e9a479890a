// A real node in a temporary folder, with people who are made when they are needed.

import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { App, SecurityKey, step_now, totp } from './factors.mjs';
import { root } from './packages.mjs';
import { serve_bundle } from './static_server.mjs';

const run = promisify(execFile);
const program = path.resolve(process.env.FRISTAD_PROGRAM ?? path.join(root, 'build/dev/fristad'));
const with_key = ['investigator', 'guardian', 'steward', 'admin'];

export const random_hash = (bytes = 32) => randomBytes(bytes).toString('hex');

export async function free_port() {
  const probe = net.createServer();
  await new Promise((then) => probe.listen(0, '127.0.0.1', then));
  const { port } = probe.address();
  await new Promise((then) => probe.close(then));
  return port;
}

function request(port, method, address, headers, body) {
  return new Promise((then, failed) => {
    const sent = http.request({ host: '127.0.0.1', port, method, path: address, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => then({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', failed);
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

// One who has signed in by the API.
class Person {
  constructor(node, name, password) {
    this.node = node;
    this.name = name;
    this.password = password;
    this.cookie = '';
    this.csrf = '';
  }

  // What the node answered; a status of 400 and more throws, unless `expect` says which one is right.
  async ask(method, address, body, { expect, ...headers } = {}) {
    const sent = { 'Content-Type': 'application/json', Cookie: `fristad_session=${this.cookie}`, 'X-CSRF-Token': this.csrf, ...headers };
    const data = body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const answer = await request(this.node.api_port, method, address, sent, data);
    const is_right = expect ? answer.status === expect : answer.status < 400;
    if (!is_right) throw new Error(`${method} ${address}: ${answer.status} ${answer.body}`);
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const found = /^fristad_session=([^;]*)/.exec(cookie);
      if (found) this.cookie = found[1];
    }
    const is_json = /json/.test(answer.headers['content-type'] ?? '');
    return is_json && answer.body.length > 0 ? JSON.parse(answer.body.toString()) : answer.body;
  }
  get(address) {
    return this.ask('GET', address);
  }
  post(address, body = {}, more = {}) {
    return this.ask('POST', address, body, more);
  }

  async step(address, body) {
    const answer = await this.post('/api/v1/sessions' + address, body);
    this.csrf = answer.csrf;
    return answer;
  }

  async enrol(by_key) {
    await this.step('', { name: this.name, password: this.password });
    if (by_key) {
      this.key = new SecurityKey(this.node.origin);
      const asked = await this.post('/api/v1/me/security-keys/challenge', { password: this.password });
      await this.post('/api/v1/me/security-keys', this.key.register(asked));
    } else {
      const { secret } = await this.post('/api/v1/me/totp', { password: this.password });
      this.app = new App(secret);
      // The code of half a minute ago: later ones are still good.
      this.app.used = step_now() - 1;
      await this.post('/api/v1/me/totp/confirm', { code: totp(secret, this.app.used) });
    }
    const { step } = await this.step('/enrolled', {});
    if (step !== 'done') throw new Error(`${this.name} couldn't sign in: ${step}`);
  }

  // A further session: another browser, say.
  async again() {
    const other = new Person(this.node, this.name, this.password);
    Object.assign(other, { key: this.key, app: this.app });
    const begun = await other.step('', { name: this.name, password: this.password });
    if (this.key) await other.step('/security-key', this.key.answer(begun.challenge, 'localhost'));
    else await other.step('/totp', { code: await this.app.code() });
    return other;
  }
}

// A test that is ended from outside leaves nothing behind.
const running = new Set();
process.on('exit', () => {
  for (const node of running) {
    node.process?.kill('SIGKILL');
    rmSync(node.folder, { recursive: true, force: true });
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export class Node {
  // Starts one with an empty record. `federation`: what serve.json says of that; `before` runs on it before it serves.
  static async start({ member = 'se', federation, before } = {}) {
    const node = new Node();
    node.member = member;
    node.folder = await mkdtemp(path.join(os.tmpdir(), 'fristad-web-'));
    node.people = new Map();
    running.add(node);
    node.path = path.join(node.folder, member);
    await node.cli('node', 'init', node.path, '--member', member, '--key-file', path.join(node.folder, member + '.key'), '--shares', path.join(node.folder, 'shares'));
    node.api_port = await free_port();
    const front_port = await free_port();
    const origins = [node.api_port, front_port].map((port) => `http://localhost:${port}`);
    await writeFile(path.join(node.path, 'serve.json'), JSON.stringify({ listen: `127.0.0.1:${node.api_port}`, origins, federation }));
    await before?.(node);
    await node.go_on();
    // A program without pages gets a small server in front, and so do pages that are newer than the program.
    const first = await request(node.api_port, 'GET', '/', {});
    if (first.status === 200 && !process.env.FRISTAD_WEB_DIST) {
      node.origin = origins[0];
    } else {
      node.front = await serve_bundle(front_port, node.api_port);
      node.origin = origins[1];
    }
    return node;
  }

  // Begins to serve; again after pause().
  async go_on() {
    this.process = spawn(program, ['serve', this.path], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.log = '';
    this.process.stderr.on('data', (part) => (this.log += part));
    await new Promise((then, failed) => {
      this.process.stdout.on('data', (part) => /^serves /m.test(part) && then());
      this.process.on('exit', () => failed(new Error('the node ended: ' + this.log)));
    });
  }

  async pause() {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = new Promise((then) => this.process.once('exit', then));
    this.process.kill('SIGTERM');
    await ended;
  }

  async stop() {
    this.front?.closeAllConnections();
    this.front?.close();
    await this.pause();
    await rm(this.folder, { recursive: true, force: true });
    running.delete(this);
  }

  // Runs a command on the node; gives what it printed.
  async cli(...words) {
    const { stdout } = await run(program, words, { env: { ...process.env, FRISTAD_NODE: this.path }, cwd: this.folder });
    return stdout;
  }

  // A user who never signed in; gives the first password.
  async add_user(name, roles, display = '') {
    const words = roles.flatMap((role) => ['--role', role]);
    const printed = await this.cli('user', 'add', name, ...words, ...(display ? ['--display', display] : []));
    return /^first password: (.*)$/m.exec(printed)[1];
  }

  // Somebody with a role who has enrolled a second factor and has a session: made once for each name.
  async person(name, role = name, display = '') {
    if (!this.people.has(name)) {
      const person = new Person(this, name, await this.add_user(name, [role], display));
      await person.enrol(with_key.includes(role));
      this.people.set(name, person);
    }
    return this.people.get(name);
  }

  // A list with entries (members as the columns of a list); gives its id.
  async add_list(title, rows = [], ...options) {
    const id = (await this.cli('list', 'create', title, ...options)).trim();
    if (rows.length > 0) {
      const file = path.join(this.folder, 'list.jsonl');
      await writeFile(file, rows.map((row) => JSON.stringify(row) + '\n').join(''));
      await this.cli('list', 'import', id, file);
    }
    return id;
  }
}

// Rows of a list that are nobody's hashes.
export function made_up_rows(count, classification = 'baseline') {
  return Array.from({ length: count }, (_, i) => ({
    id: `made-up-${i + 1}`,
    pdq: random_hash(),
    md5: random_hash(16),
    classification,
    note: i % 3 ? '' : 'seen by two analysts',
  }));
}
