// Security keys, in the shapes that the node takes: bytes are base64url.

import type { KeyAssertion, KeyChallenge, KeyRegistration } from './types';

function to_bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

function to_text(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function has_webauthn(): boolean {
  return typeof PublicKeyCredential === 'function' && 'credentials' in navigator;
}

export async function use_key(challenge: string, credentials: string[]): Promise<KeyAssertion> {
  const found = (await navigator.credentials.get({
    publicKey: {
      challenge: to_bytes(challenge),
      rpId: location.hostname,
      allowCredentials: credentials.map((id) => ({ type: 'public-key', id: to_bytes(id) })),
      userVerification: 'required',
      timeout: 120_000,
    },
  })) as PublicKeyCredential | null;
  if (!found) throw new DOMException('no key', 'NotAllowedError');
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    credential: to_text(found.rawId),
    client_data_json: to_text(response.clientDataJSON),
    authenticator_data: to_text(response.authenticatorData),
    signature: to_text(response.signature),
  };
}

export async function make_key(asked: KeyChallenge, label: string): Promise<KeyRegistration> {
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: to_bytes(asked.challenge),
      rp: { id: asked.rp_id, name: 'Fristad' },
      user: { id: to_bytes(asked.user_id), name: asked.user_name, displayName: asked.user_name },
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -8 },
        // What the lock of many a Windows computer makes.
        { type: 'public-key', alg: -257 },
      ],
      // A browser refuses a key that the account has already.
      excludeCredentials: asked.exclude.map((id) => ({ type: 'public-key', id: to_bytes(id) })),
      attestation: 'none',
      // The node takes no key that doesn't verify who touches it; asked so, browsers have a PIN set where there is none.
      authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
      timeout: 120_000,
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new DOMException('no key', 'NotAllowedError');
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    client_data_json: to_text(response.clientDataJSON),
    authenticator_data: to_text(response.getAuthenticatorData()),
    label,
  };
}
