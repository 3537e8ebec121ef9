// Verifies a bundle made by mcp-pin with Sigstore's JavaScript client, and checks that it refuses damaged ones.
//
//   cargo run -p mcp-pin-attest --example sample_bundle -- <folder>
//   npm ci && node verify.mjs <folder>
//
// Both thresholds are 0 because a locally signed bundle has no transparency evidence; with the default of 1 it must
// be refused, which is checked too.

import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node verify.mjs <folder>');
  process.exit(2);
}
const json = JSON.parse(readFileSync(join(folder, 'manifest.sigstore.json'), 'utf8'));
const publicKey = createPublicKey(readFileSync(join(folder, 'key.pub.pem')));
const hint = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');

const root = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const trust = toTrustMaterial(root, (asked) => {
  if (asked !== hint) throw new Error(`no key ${asked}`);
  return { publicKey, validFor: () => true };
});

function verify(bundle, options) {
  new Verifier(trust, options).verify(toSignedEntity(bundleFromJSON(bundle)));
}

function refused(what, bundle, options) {
  try {
    verify(bundle, options);
  } catch (error) {
    console.log(`refused, as it should: ${what} (${error.message})`);
    return;
  }
  console.error(`accepted, and must not be: ${what}`);
  process.exitCode = 1;
}

function damaged(change) {
  const copy = structuredClone(json);
  change(copy);
  return copy;
}

function flip(base64) {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1] ^= 1;
  return bytes.toString('base64');
}

const local = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };

verify(json, local);
console.log('verified: the bundle as signed');
const statement = JSON.parse(Buffer.from(json.dsseEnvelope.payload, 'base64').toString('utf8'));
if (statement.predicateType !== 'urn:mcp-pin:manifest:v1') throw new Error('not a manifest');

refused('without evidence where some is required', json, {});
refused('a flipped payload bit', damaged((b) => { b.dsseEnvelope.payload = flip(b.dsseEnvelope.payload); }), local);
refused('a flipped signature bit', damaged((b) => {
  b.dsseEnvelope.signatures[0].sig = flip(b.dsseEnvelope.signatures[0].sig);
}), local);
refused('another payload type', damaged((b) => { b.dsseEnvelope.payloadType += 'x'; }), local);
refused('another hint', damaged((b) => {
  b.verificationMaterial.publicKey.hint = flip(b.verificationMaterial.publicKey.hint);
}), local);
