// Says what Sigstore's JavaScript client thinks of bundles. Used with both of its major versions.
//
//   node verify.mjs <cases.json>
//
// A case: { id, bundle, artifact, root, identity, issuer } or { id, bundle, artifact, root, key, logged }, files by
// path. Prints one line of JSON a case: { id, verdict: "accepted" | "refused", reason }.

import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** A key is known by the base64 of its SHA-256, as cosign names it, or by the hint that its bundle's maker chose. */
function keyFinder(path) {
  if (!path) return () => { throw new Error('no key is trusted'); };
  const publicKey = createPublicKey(readFileSync(path));
  const hint = sha256(publicKey.export({ type: 'spki', format: 'der' })).toString('base64');
  return (asked) => {
    if (asked !== hint) throw new Error(`no key ${asked}`);
    return { publicKey, validFor: () => true };
  };
}

/** The library's policy is a regular expression; the identity is meant exactly. */
const exactly = (text) => `^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;

function verify({ bundle: path, artifact: artifactPath, root, identity, issuer, key, logged }) {
  const bundle = bundleFromJSON(readJson(path));
  const artifact = readFileSync(artifactPath);
  const trust = toTrustMaterial(TrustedRoot.fromJSON(readJson(root)), keyFinder(key));
  // A bundle of a key that was shown to no log has no evidence of time: then, and only then, none is asked for.
  const none = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0, tsaThreshold: 0 };
  const options = key ? { ...none, ...(logged ? { tlogThreshold: 1, timestampThreshold: 1 } : {}) } : {};
  const policy = key ? undefined : { subjectAlternativeName: exactly(identity), extensions: { issuer } };
  new Verifier(trust, options).verify(toSignedEntity(bundle, artifact), policy);
  if (bundle.content.$case === 'dsseEnvelope') requireSubject(bundle.content.dsseEnvelope, artifact);
}

/** For envelopes the library checks signatures; which artifact the statement is about is left to its caller. */
function requireSubject(envelope, artifact) {
  const statement = JSON.parse(Buffer.from(envelope.payload).toString('utf8'));
  const digest = sha256(artifact).toString('hex');
  if (!statement.subject.some((subject) => subject.digest.sha256 === digest)) {
    throw new Error('the statement is about another artifact');
  }
}

for (const { id, ...rest } of readJson(process.argv[2])) {
  let answer = { id, verdict: 'accepted', reason: '' };
  try {
    verify(rest);
  } catch (error) {
    answer = { id, verdict: 'refused', reason: error.message };
  }
  console.log(JSON.stringify(answer));
}
