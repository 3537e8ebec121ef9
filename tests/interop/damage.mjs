// What must be refused. From a bundle and the way it is meant to be verified come cases that are each wrong in one
// way; the genuine case comes first.

import { readFileSync, writeFileSync } from 'node:fs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Flips the last bit of a base64 text. */
function flip(text) {
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 1] ^= 1;
  return bytes.toString('base64');
}

/** The payload with a member added to its predicate: as well formed as before, about the same artifact. */
function otherPredicate(payload) {
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
  statement.predicate = { ...statement.predicate, added: true };
  return Buffer.from(JSON.stringify(statement)).toString('base64');
}

/** The signature line of a checkpoint, with one bit of the signature flipped. */
function otherCheckpoint(envelope) {
  const lines = envelope.trimEnd().split('\n');
  const [dash, name, signature] = lines.pop().split(' ');
  return [...lines, [dash, name, flip(signature)].join(' '), ''].join('\n');
}

const material = (bundle) => bundle.verificationMaterial;
const entry = (bundle) => material(bundle).tlogEntries?.[0];
const proof = (bundle) => entry(bundle)?.inclusionProof;
const stamps = (bundle) => material(bundle).timestampVerificationData?.rfc3161Timestamps ?? [];
const timed = (bundle) => Number(entry(bundle)?.integratedTime ?? 0) > 0;

/** Changes to the bundle: for which bundles, and what. `other` is a genuine bundle of the same kind by the same signer. */
const CHANGES = {
  'a flipped signature bit': [() => true, (bundle) => {
    const { messageSignature, dsseEnvelope } = bundle;
    if (messageSignature) messageSignature.signature = flip(messageSignature.signature);
    else dsseEnvelope.signatures[0].sig = flip(dsseEnvelope.signatures[0].sig);
  }],
  'another predicate': [(bundle) => bundle.dsseEnvelope, ({ dsseEnvelope }) => {
    dsseEnvelope.payload = otherPredicate(dsseEnvelope.payload);
  }],
  'another payload type': [(bundle) => bundle.dsseEnvelope, ({ dsseEnvelope }) => {
    dsseEnvelope.payloadType = 'application/json';
  }],
  'another certificate': [(bundle, other) => other && material(bundle).certificate, (bundle, other) => {
    material(bundle).certificate = material(other).certificate;
  }],
  'another hint': [(bundle) => material(bundle).publicKey?.hint, (bundle) => {
    material(bundle).publicKey.hint = flip(material(bundle).publicKey.hint);
  }],
  'no log entry': [entry, (bundle) => { material(bundle).tlogEntries = []; }],
  'the log entry of another': [(bundle, other) => other && entry(bundle), (bundle, other) => {
    material(bundle).tlogEntries = material(other).tlogEntries;
  }],
  'a flipped bit in the log entry': [entry, (bundle) => {
    entry(bundle).canonicalizedBody = flip(entry(bundle).canonicalizedBody);
  }],
  'a flipped bit in the inclusion proof': [proof, (bundle) => { proof(bundle).hashes[0] = flip(proof(bundle).hashes[0]); }],
  'a flipped bit in the checkpoint': [proof, (bundle) => {
    proof(bundle).checkpoint.envelope = otherCheckpoint(proof(bundle).checkpoint.envelope);
  }],
  'another time of the log': [timed, (bundle) => {
    entry(bundle).integratedTime = String(Number(entry(bundle).integratedTime) + 1);
  }],
  'no evidence of time': [(bundle) => entry(bundle) && !timed(bundle) && stamps(bundle).length > 0, (bundle) => {
    delete material(bundle).timestampVerificationData;
  }],
  'a timestamp of another': [(bundle, other) => other && entry(bundle) && stamps(bundle).length > 0, (bundle, other) => {
    material(bundle).timestampVerificationData = material(other).timestampVerificationData;
  }],
};

/** Parts of a trusted root that are somebody else's: for which bundles, and the member that is replaced. */
const OTHER_ROOTS = {
  'another certificate authority': [(bundle) => material(bundle).certificate, 'certificateAuthorities'],
  'another certificate log': [(bundle) => material(bundle).certificate, 'ctlogs'],
  'another transparency log': [entry, 'tlogs'],
  'another timestamp authority': [(bundle) => entry(bundle) && !timed(bundle) && stamps(bundle).length > 0, 'timestampAuthorities'],
};

/**
 * The cases of one bundle.
 * `bundle`: { path, other (path or undefined), artifact, root, and either identity and issuer, or key and logged }.
 * `wrong`: { artifact, root, identity, issuer, key }. `folder` is where changed copies go.
 */
export function casesOf({ path, other: otherPath, ...expected }, wrong, folder) {
  const bundle = readJson(path);
  const other = otherPath && readJson(otherPath);
  const genuine = { bundle: path, ...expected };
  const cases = [{ what: 'genuine', ...genuine }, { what: 'another artifact', ...genuine, artifact: wrong.artifact }];
  if (expected.key) {
    cases.push({ what: 'another key', ...genuine, key: wrong.key });
    if (!expected.logged) cases.push({ what: 'a log entry is asked for', ...genuine, logged: true });
  } else {
    cases.push({ what: 'another identity', ...genuine, identity: wrong.identity });
    cases.push({ what: 'another issuer', ...genuine, issuer: wrong.issuer });
  }
  let number = 0;
  const write = (value) => {
    number += 1;
    const file = `${folder}/${number}.json`;
    writeFileSync(file, JSON.stringify(value));
    return file;
  };
  for (const [what, [applies, member]] of Object.entries(OTHER_ROOTS)) {
    if (!applies(bundle)) continue;
    const root = { ...readJson(expected.root), [member]: readJson(wrong.root)[member] };
    cases.push({ what, ...genuine, root: write(root) });
  }
  for (const [what, [applies, change]] of Object.entries(CHANGES)) {
    if (!applies(bundle, other)) continue;
    const copy = structuredClone(bundle);
    change(copy, other);
    cases.push({ what, ...genuine, bundle: write(copy) });
  }
  return cases;
}
