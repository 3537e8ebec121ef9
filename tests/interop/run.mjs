// Every client signs against a Sigstore of our own on a loopback port, every client verifies what all have signed, and
// refuses what was changed. Prints a table and compares it with matrix.txt.
//
//   node run.mjs [--write]
//
// .ci/interop sets the environment: WORK is an empty folder; MCP_PIN, NODE_24, PYTHON and COSIGN are programs (COSIGN
// may be absent); MOCK, SIGSTORE_JS, SIGSTORE_JS_4 and SIGSTORE_PYTHON are folders of this one with their packages
// installed. `--write` replaces matrix.txt.

import { spawn } from 'node:child_process';
import { generateKeyPairSync, hash } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cosign, javaScript, mcpPin, python } from './clients.mjs';
import { casesOf } from './damage.mjs';
import { SKIPPED, cellOf, differences, render } from './matrix.mjs';

const { WORK, MCP_PIN, NODE_24, PYTHON, COSIGN, MOCK, SIGSTORE_JS, SIGSTORE_JS_4, SIGSTORE_PYTHON } = process.env;
const HERE = dirname(fileURLToPath(import.meta.url));
const MATRIX = join(HERE, 'matrix.txt');
const PREDICATE_TYPE = 'urn:mcp-pin:interop:v1';

const folder = (name) => {
  const path = join(WORK, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const write = (name, content) => {
  const path = join(WORK, name);
  writeFileSync(path, content);
  return path;
};

/** A Sigstore with keys of its own. It ends with this program. */
async function startSigstore(name) {
  const path = folder(name);
  const server = spawn(process.execPath, [join(MOCK, 'server.mjs'), path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data'),
    once(server, 'exit').then(() => { throw new Error('the loopback Sigstore did not start'); }),
  ]);
  return {
    url: line.trim(),
    root: join(path, 'trusted_root.json'),
    config: (version) => join(path, `signing_config_v${version}.json`),
    stop: () => server.stdin.end(),
  };
}

/** An unsigned token as a GitHub workflow would get one: the loopback Fulcio believes every claim. */
function gitHubToken(workflow) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER, aud: 'sigstore', iat: now - 10, nbf: now - 10, exp: now + 3600,
    sub: 'repo:example/weather:ref:refs/tags/v1.4.2',
    job_workflow_ref: workflow, job_workflow_sha: '5'.repeat(40), workflow_ref: workflow, workflow_sha: '5'.repeat(40),
    workflow: 'release', repository: 'example/weather', repository_id: '1001', repository_owner: 'example',
    repository_owner_id: '2002', repository_visibility: 'public', ref: 'refs/tags/v1.4.2', sha: '5'.repeat(40),
    event_name: 'push', runner_environment: 'github-hosted', run_id: '77', run_attempt: '1',
  };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('unsigned').toString('base64url')}`;
}

const ISSUER = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'example/weather/.github/workflows/release.yml@refs/tags/v1.4.2';
const IDENTITY = `https://github.com/${WORKFLOW}`;

/** What is signed: a file, and a statement about it. Two of each, so that parts of one bundle can be put into another. */
function makeContent(name, text) {
  const file = write(`${name}.txt`, text);
  const predicate = { note: name };
  const predicateFile = write(`${name}.predicate.json`, JSON.stringify(predicate));
  const statement = write(`${name}.statement.json`, JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `${name}.txt`, digest: { sha256: hash('sha256', text) } }],
    predicateType: PREDICATE_TYPE,
    predicate,
  }));
  return { file, statement, predicate: predicateFile };
}

function makeKey(name) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    private: write(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' })),
    public: write(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' })),
  };
}

const sigstore = await startSigstore('sigstore');
const foreign = await startSigstore('foreign');
const contents = { first: makeContent('first', 'the first artifact\n'), second: makeContent('second', 'the second artifact\n') };
const key = makeKey('key');
const foreignKey = makeKey('foreign-key');

const clients = {
  'mcp-pin': mcpPin(MCP_PIN, folder('mcp-pin')),
  'js-3': javaScript(process.execPath, SIGSTORE_JS, folder('js-3')),
  'js-4': javaScript(NODE_24, SIGSTORE_JS_4, folder('js-4')),
  python: python(PYTHON, SIGSTORE_PYTHON, folder('python')),
  cosign: COSIGN ? cosign(COSIGN, folder('cosign')) : undefined,
};

// --- Everybody signs.

/** One row of the table: what was signed, how, by whom; with the bundles of both contents. */
const rows = [];

function signRow(signer, how, version, kind, keyPair) {
  const client = clients[signer];
  const name = `${signer} ${how} ${kind === 'dsse' ? 'envelope' : 'blob'} Rekor ${version}`;
  const bundles = Object.fromEntries(Object.keys(contents).map((content) => [
    content, join(folder('bundles'), `${name} ${content}.json`.replaceAll(' ', '-')),
  ]));
  rows.push({
    name, signer, bundles, artifact: contents.first.file, other: contents.second.file, type: PREDICATE_TYPE,
    trust: keyPair ? { key: keyPair.public, logged: true } : { identity: IDENTITY, issuer: ISSUER },
  });
  if (!client) return [];
  return Object.entries(contents).map(([content, { file, statement, predicate }]) => ({
    kind, out: bundles[content], root: sigstore.root, config: sigstore.config(version), predicate, type: PREDICATE_TYPE,
    file: kind === 'dsse' && signer !== 'cosign' ? statement : file,
    services: { fulcio: sigstore.url, rekor: sigstore.url, timestamps: sigstore.url, version },
    ...(keyPair ? { key: keyPair.private } : { token: gitHubToken(WORKFLOW) }),
  }));
}

const EVERYTHING = [[1, 'blob'], [1, 'dsse'], [2, 'blob'], [2, 'dsse']];
// The JavaScript client gives envelopes to Rekor 2 in a form that Rekor 2 does not take, and keys not at all.
const SIGNS = {
  'mcp-pin': { keyless: EVERYTHING },
  'js-3': { keyless: EVERYTHING.slice(0, 3), key: EVERYTHING.slice(0, 2) },
  'js-4': { keyless: EVERYTHING.slice(0, 3), key: EVERYTHING.slice(0, 2) },
  python: { keyless: EVERYTHING },
  cosign: { keyless: EVERYTHING, key: EVERYTHING },
};

for (const [signer, kinds] of Object.entries(SIGNS)) {
  const keyPair = (kinds.key && clients[signer]?.generateKey?.()) ?? key;
  const orders = Object.entries(kinds).flatMap(([how, list]) => list.flatMap(
    ([version, kind]) => signRow(signer, how, version, kind, how === 'key' ? keyPair : undefined),
  ));
  const started = Date.now();
  clients[signer]?.sign(orders);
  console.log(`${signer} signed ${orders.length} times in ${Date.now() - started} ms`);
}

/** What a manifest is about: the surface that it carries, in canonical JSON (RFC 8785), here made by another's code. */
function surfaceOf(bundle) {
  const canonicalize = createRequire(join(MOCK, 'server.mjs'))('canonicalize');
  const { dsseEnvelope } = JSON.parse(readFileSync(bundle, 'utf8'));
  return canonicalize(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8')).predicate.surface);
}

// Manifests, as publishers sign them: of a server that is started and asked, with a key alone or with an identity.
const mcpPinKey = clients['mcp-pin'].generateKey();
for (const version of [undefined, 1, 2]) {
  const name = version ? `mcp-pin keyless manifest Rekor ${version}` : 'mcp-pin key manifest no log';
  const out = join(folder('bundles'), `${name}.json`.replaceAll(' ', '-'));
  clients['mcp-pin'].signManifest({
    serverJson: join(HERE, 'server.json'), command: [process.execPath, join(HERE, 'mcp-server.mjs')], out,
    ...(version
      ? { token: gitHubToken(WORKFLOW), root: sigstore.root, config: sigstore.config(version) }
      : { key: mcpPinKey.private }),
  });
  rows.push({
    name,
    signer: 'mcp-pin',
    bundles: { first: out },
    artifact: write(`${name}.surface`, surfaceOf(out)),
    other: contents.second.file,
    type: 'urn:mcp-pin:manifest:v1',
    trust: version ? { identity: IDENTITY, issuer: ISSUER } : { key: mcpPinKey.public, logged: false },
  });
}

// --- Everybody verifies.

const available = rows.filter(({ signer }) => clients[signer]);
const cases = available.flatMap(({ name, bundles, artifact, other, type, trust }) => casesOf(
  { path: bundles.first, other: bundles.second, artifact, root: sigstore.root, type, ...trust },
  {
    artifact: other, root: foreign.root, issuer: 'https://gitlab.com', key: foreignKey.public,
    identity: IDENTITY.replace('weather', 'another'),
  },
  folder(`changed/${name.replaceAll(' ', '-')}`),
).map((one) => ({ id: `${name}: ${one.what}`, row: name, ...one })));

const columns = [];
const notes = [];
for (const [name, client] of Object.entries(clients)) {
  const started = Date.now();
  const verdicts = client && new Map(client.verify(cases).map((answer) => [answer.id, answer]));
  columns.push(rows.map((row) => {
    const rowCases = cases.filter((one) => one.row === row.name);
    return verdicts && rowCases.length > 0 ? cellOf(rowCases, verdicts, notes) : SKIPPED;
  }));
  if (!verdicts) continue;
  const count = (verdict) => cases.filter(({ id }) => verdicts.get(id).verdict === verdict).length;
  console.log(`${name} verified in ${Date.now() - started} ms: ${count('accepted')} accepted, ${count('refused')} refused, ${count('unsupported')} unsupported`);
  writeFileSync(join(WORK, `${name}.verdicts`), cases.map(({ id }) => `${verdicts.get(id).verdict}\t${id}\t${verdicts.get(id).reason.replaceAll('\n', ' ')}\n`).join(''));
  for (const { id, what } of cases) {
    const { verdict, reason } = verdicts.get(id);
    if (what === 'genuine' && verdict !== 'accepted') console.log(`  ${verdict}: ${id} (${reason})`);
  }
}
sigstore.stop();
foreign.stop();

// --- The table.

const table = render(Object.keys(clients), rows.map(({ name }, row) => ({ name, cells: columns.map((column) => column[row]) })), notes);
console.log(`\n${table}`);
if (process.argv.includes('--write')) {
  if (!COSIGN) throw new Error('without cosign there is no whole table to write');
  writeFileSync(MATRIX, table);
}
const unexpected = differences(readFileSync(MATRIX, 'utf8'), table);
for (const line of unexpected) console.error(`differs from matrix.txt: ${line}`);
if (unexpected.length > 0) process.exit(1);
