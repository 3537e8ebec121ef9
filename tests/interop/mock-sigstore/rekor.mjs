// A transparency log in memory that speaks both versions of Rekor's API. It is a real Merkle tree (RFC 6962), checks
// the signatures of envelopes as Rekor does, and signs a checkpoint for every entry. `@sigstore/mock` has a log too,
// but with one leaf for ever, bodies that are the request itself, and Rekor 2 messages in the wrong form.

import { X509Certificate, createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';

const P256_SHA256 = 'PKIX_ECDSA_P256_SHA_256';
/** Entry numbers do not start at 0, so that a client that confuses a shard's index with the global one is caught. */
const EARLIER_SHARDS = 1000;

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const bytes = (text) => Buffer.from(text, 'base64');
const spki = (key) => key.export({ format: 'der', type: 'spki' });

// RFC 6962, section 2.1: hashes of a leaf, of a tree, and the path from one leaf to the root.
const leafHash = (body) => sha256(Buffer.of(0), body);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);
const split = (size) => 2 ** Math.floor(Math.log2(size - 1));

function rootHash(leaves) {
  if (leaves.length === 1) return leaves[0];
  const middle = split(leaves.length);
  return nodeHash(rootHash(leaves.slice(0, middle)), rootHash(leaves.slice(middle)));
}

function inclusionPath(index, leaves) {
  if (leaves.length === 1) return [];
  const middle = split(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...inclusionPath(index, left), rootHash(right)]
    : [...inclusionPath(index - middle, right), rootHash(left)];
}

/** One log: its key, its leaves, its signed tree heads. */
class Log {
  #privateKey;
  #leaves = [];
  #treeId;

  /** `name` signs the checkpoints: the host of the log's URL, which is where verifiers look for it. */
  constructor(name, keyPair, { id, keyDetails, treeId }) {
    this.name = name;
    this.publicKey = spki(keyPair.publicKey);
    this.id = id;
    this.keyDetails = keyDetails;
    this.#privateKey = keyPair.privateKey;
    this.#treeId = treeId;
    // So that every proof has a path.
    this.append(Buffer.from('first leaf'));
  }

  append(body) {
    this.#leaves.push(leafHash(body));
    const index = this.#leaves.length - 1;
    const root = rootHash(this.#leaves);
    const origin = this.#treeId ? `${this.name} - ${this.#treeId}` : this.name;
    const note = `${origin}\n${this.#leaves.length}\n${base64(root)}\n`;
    const signature = Buffer.concat([this.id.subarray(0, 4), this.sign(note)]);
    const checkpoint = `${note}\n\u2014 ${this.name} ${base64(signature)}\n`;
    return { index, size: this.#leaves.length, root, path: inclusionPath(index, this.#leaves), checkpoint };
  }

  sign(text) {
    return sign(this.#privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(text), this.#privateKey);
  }
}

/** A log as Rekor 1 runs it: P-256, named by the SHA-256 of its key, with a number in its origin. */
export function logOfVersion1(name) {
  const keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return new Log(name, keyPair, { id: sha256(spki(keyPair.publicKey)), keyDetails: P256_SHA256, treeId: '8135203170' });
}

/** A log as Rekor 2 runs it: Ed25519, named by a C2SP key id (signed-note: SHA-256 of name, newline, 0x01, key). */
export function logOfVersion2(name) {
  const keyPair = generateKeyPairSync('ed25519');
  const rawKey = spki(keyPair.publicKey).subarray(-32);
  return new Log(name, keyPair, { id: sha256(`${name}\n`, Buffer.of(1), rawKey), keyDetails: 'PKIX_ED25519' });
}

/** The verifier of a Rekor 1 entry: a certificate or a key, in the one PEM form that Rekor writes back. */
function pemVerifier(content) {
  const pem = bytes(content).toString('utf8');
  if (pem.includes('CERTIFICATE')) {
    const certificate = new X509Certificate(pem);
    return { key: certificate.publicKey, pem: certificate.toString() };
  }
  const key = createPublicKey(pem);
  return { key, pem: key.export({ format: 'pem', type: 'spki' }) };
}

/** DSSE's pre-authentication encoding: what the signature of an envelope is over. */
function preAuthenticationEncoding({ payloadType, payload }) {
  const body = bytes(payload);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `),
    body,
  ]);
}

// What each kind of request becomes in a log of version 1. Members are sorted by `canonicalize`. Signatures over a
// digest alone are left to the clients, who have the artifact: Node.js hashes whatever it verifies.
const VERSION_1 = {
  hashedrekord({ spec: { data, signature } }) {
    const { pem } = pemVerifier(signature.publicKey.content);
    const { algorithm, value } = data.hash;
    return {
      data: { hash: { algorithm, value } },
      signature: { content: signature.content, publicKey: { content: base64(pem) } },
    };
  },
  dsse({ spec: { proposedContent } }) {
    const envelope = JSON.parse(proposedContent.envelope);
    const verifiers = proposedContent.verifiers.map(pemVerifier);
    const signatures = envelope.signatures.map(({ sig }, index) => {
      if (!verify('sha256', preAuthenticationEncoding(envelope), verifiers[index].key, bytes(sig))) {
        throw new Error('the signature of the envelope does not verify');
      }
      return { signature: sig, verifier: base64(verifiers[index].pem) };
    });
    return {
      envelopeHash: { algorithm: 'sha256', value: sha256(proposedContent.envelope).toString('hex') },
      payloadHash: { algorithm: 'sha256', value: sha256(bytes(envelope.payload)).toString('hex') },
      signatures,
    };
  },
};

/** POST /api/v1/log/entries. */
export function addToVersion1(log, request) {
  const kind = VERSION_1[request.kind];
  if (!kind || request.apiVersion !== '0.0.1') throw new Error(`unsupported entry: ${request.kind} ${request.apiVersion}`);
  const body = Buffer.from(canonicalize({ apiVersion: '0.0.1', kind: request.kind, spec: kind(request) }));
  const { index, size, root, path, checkpoint } = log.append(body);
  const entry = {
    body: base64(body),
    integratedTime: Math.floor(Date.now() / 1000),
    logID: log.id.toString('hex'),
    logIndex: EARLIER_SHARDS + index,
  };
  const inclusionProof = {
    checkpoint,
    hashes: path.map((hash) => hash.toString('hex')),
    logIndex: index,
    rootHash: root.toString('hex'),
    treeSize: size,
  };
  const signedEntryTimestamp = base64(log.sign(canonicalize(entry)));
  const uuid = sha256(Buffer.of(0), body).toString('hex');
  return { uuid, answer: { [uuid]: { ...entry, verification: { inclusionProof, signedEntryTimestamp } } } };
}

/**
 * POST /api/v2/log/entries. Rekor 2 knows one kind of entry; an envelope is logged as the digest of what its signature
 * is over. It gives no time and makes no promise.
 */
export function addToVersion2(log, { hashedRekordRequestV002: request }) {
  if (!request) throw new Error('unsupported entry: Rekor 2 takes hashedRekordRequestV002 only');
  const { digest, signature } = request;
  if (signature.verifier.keyDetails !== P256_SHA256) throw new Error(`unsupported key: ${signature.verifier.keyDetails}`);
  const spec = { hashedRekordV002: { data: { algorithm: 'SHA2_256', digest }, signature } };
  const kindVersion = { kind: 'hashedrekord', version: '0.0.2' };
  const body = Buffer.from(canonicalize({ apiVersion: kindVersion.version, kind: kindVersion.kind, spec }));
  const { index, size, root, path, checkpoint } = log.append(body);
  return {
    logIndex: String(index),
    logId: { keyId: base64(log.id) },
    kindVersion,
    integratedTime: '0',
    inclusionProof: {
      logIndex: String(index),
      rootHash: base64(root),
      treeSize: String(size),
      hashes: path.map(base64),
      checkpoint: { envelope: checkpoint },
    },
    canonicalizedBody: base64(body),
  };
}
