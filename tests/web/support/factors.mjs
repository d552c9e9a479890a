// Second factors without hardware: the codes of an app (TOTP, RFC 6238) and a security key (WebAuthn, ES256).

import { createHash, createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const period_ms = 30_000;

function from_base32(text) {
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const letter of text.replace(/=+$/, '')) {
    value = ((value << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

export const step_now = () => Math.floor(Date.now() / period_ms);

export function totp(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', from_base32(secret)).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// An app: a code is good once, and one before or after the current one is taken too.
export class App {
  constructor(secret) {
    this.secret = secret;
    this.used = 0;
  }
  async code() {
    const step = Math.max(this.used + 1, step_now() - 1);
    while (step > step_now() + 1) await new Promise((then) => setTimeout(then, 500));
    this.used = step;
    return totp(this.secret, step);
  }
}

const present = 0x01;
const verified = 0x04;
const has_key = 0x40;
const sha256 = (data) => createHash('sha256').update(data).digest();

// A key whose owner always touches it and gives his PIN; it doesn't count.
export class SecurityKey {
  constructor(origin) {
    this.origin = origin;
    this.id = randomBytes(24);
    this.keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }
  client_data(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }
  static data(rp_id, flags) {
    return Buffer.concat([sha256(rp_id), Buffer.from([flags, 0, 0, 0, 0])]);
  }
  // What the API takes to add this key.
  register(asked) {
    const point = this.keys.publicKey.export({ format: 'jwk' });
    // CBOR of a COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, section 7.1.1).
    const cose = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(point.x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(point.y, 'base64url'),
    ]);
    const length = Buffer.from([0, this.id.length]);
    const data = Buffer.concat([SecurityKey.data(asked.rp_id, present | verified | has_key), Buffer.alloc(16), length, this.id, cose]);
    return {
      client_data_json: this.client_data('webauthn.create', asked.challenge).toString('base64url'),
      authenticator_data: data.toString('base64url'),
      label: 'test',
    };
  }
  // What the API takes as the second factor.
  answer(challenge, rp_id) {
    const client_data = this.client_data('webauthn.get', challenge);
    const data = SecurityKey.data(rp_id, present | verified);
    const signature = createSign('sha256').update(data).update(sha256(client_data)).sign(this.keys.privateKey);
    return {
      credential: this.id.toString('base64url'),
      client_data_json: client_data.toString('base64url'),
      authenticator_data: data.toString('base64url'),
      signature: signature.toString('base64url'),
    };
  }
}
