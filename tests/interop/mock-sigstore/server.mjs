// A Sigstore of one's own on a loopback port: Fulcio with a certificate transparency log, Rekor 1, Rekor 2 and a
// timestamp authority.
//
//   npm ci && node server.mjs <folder>
//
// Writes trusted_root.json, signing_config_v1.json and signing_config_v2.json (which Rekor to use) into the folder,
// prints its URL, and ends when its standard input does. Keys live in memory only.

import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { certificateAuthority, timestampAuthority } from './authorities.mjs';
import { addToVersion1, addToVersion2, logOfVersion1, logOfVersion2 } from './rekor.mjs';

const HOST = '127.0.0.1';
const MAXIMUM_BODY = 4 * 1024 * 1024;

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node server.mjs <folder>');
  process.exit(2);
}

const fulcio = await certificateAuthority();
const timestamps = await timestampAuthority();
const rekor1 = logOfVersion1(HOST);
const rekor2 = logOfVersion2(HOST);

const json = (status, value, headers = {}) => [status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value)];

const ROUTES = {
  '/api/v2/signingCert': async (body, headers) => json(200, await fulcio.issue(body, headers)),
  '/api/v1/log/entries': async (body) => {
    const { uuid, answer } = addToVersion1(rekor1, JSON.parse(body.toString('utf8')));
    return json(201, answer, { location: `/api/v1/log/entries/${uuid}`, etag: uuid });
  },
  '/api/v2/log/entries': async (body) => json(201, addToVersion2(rekor2, JSON.parse(body.toString('utf8')))),
  '/api/v1/timestamp': async (body, headers) => {
    const token = await timestamps.answer(body, headers['content-type']);
    return [201, { 'content-type': 'application/timestamp-reply' }, token];
  },
};

async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAXIMUM_BODY) throw new Error('the request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  const route = request.method === 'POST' && ROUTES[request.url];
  let answer = [404, {}, 'no such service'];
  if (route) {
    try {
      answer = await route(await readBody(request), request.headers);
    } catch (error) {
      console.error(`${request.url}: ${error.message}`);
      answer = json(400, { code: 400, message: error.message });
    }
  }
  response.writeHead(answer[0], answer[1]).end(answer[2]);
});

function writeTrust(url) {
  // A day ago: clocks of clients and certificates with whole seconds do not matter then.
  const validFor = { start: new Date(Date.now() - 24 * 3600 * 1000).toISOString().replace(/\.\d+Z$/, 'Z') };
  const base64 = (bytes) => Buffer.from(bytes).toString('base64');
  const authority = (commonName, uri, certificates) => ({
    subject: { organization: 'mcp-pin', commonName },
    uri,
    certChain: { certificates: certificates.map((rawBytes) => ({ rawBytes: base64(rawBytes) })) },
    validFor,
  });
  const log = (keyId, publicKey, keyDetails) => ({
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(publicKey), keyDetails, validFor },
    logId: { keyId: base64(keyId) },
  });
  const trustedRoot = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [rekor1, rekor2].map(({ id, publicKey, keyDetails }) => log(id, publicKey, keyDetails)),
    certificateAuthorities: [authority('fulcio', url, [fulcio.rootCertificate])],
    ctlogs: [log(fulcio.transparencyLog.id, fulcio.transparencyLog.publicKey, 'PKIX_ECDSA_P256_SHA_256')],
    timestampAuthorities: [authority('timestamps', `${url}/api/v1/timestamp`, timestamps.certificates)],
  };
  writeFileSync(join(folder, 'trusted_root.json'), JSON.stringify(trustedRoot, null, 2));
  for (const majorApiVersion of [1, 2]) {
    const service = (path, version) => [{ url: `${url}${path}`, majorApiVersion: version, validFor, operator: 'mcp-pin' }];
    const signingConfig = {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: service('', 1),
      oidcUrls: [],
      rekorTlogUrls: service('', majorApiVersion),
      rekorTlogConfig: { selector: 'ANY' },
      tsaUrls: service('/api/v1/timestamp', 1),
      tsaConfig: { selector: 'ANY' },
    };
    writeFileSync(join(folder, `signing_config_v${majorApiVersion}.json`), JSON.stringify(signingConfig, null, 2));
  }
}

server.listen(0, HOST, () => {
  const url = `http://${HOST}:${server.address().port}`;
  writeTrust(url);
  console.log(url);
});
process.stdin.resume().on('end', () => process.exit(0));
