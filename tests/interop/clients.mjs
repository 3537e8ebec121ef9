// The clients that sign and verify. Each has `sign(orders)` (or none) and `verify(cases)`, which answers with one
// { id, verdict: "accepted" | "refused" | "unsupported", reason } a case.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isRightReason } from './reasons.mjs';

const TIMEOUT = 120_000;

function run(program, arguments_, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, arguments_, {
    encoding: 'utf8', timeout: TIMEOUT, maxBuffer: 64 * 1024 * 1024, ...options,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** As `run`, for what has to succeed. */
function must(program, arguments_, options) {
  const { status, stdout, stderr } = run(program, arguments_, options);
  if (status !== 0) throw new Error(`${program} ${arguments_[0]} ended with ${status}:\n${(stdout + stderr).slice(0, 4000)}`);
  return stdout;
}

/** A client driven by a script of ours that takes a file of orders or cases. */
function scripted({ program, folder, extension, work }) {
  const call = (script, list) => {
    const file = join(work, `${script}.json`);
    writeFileSync(file, JSON.stringify(list));
    return must(program, [join(folder, `${script}.${extension}`), file], { cwd: folder });
  };
  return {
    sign: (orders) => { call('sign', orders); },
    verify: (cases) => call('verify', cases).trim().split('\n').map((line) => JSON.parse(line)),
  };
}

const javaScript = (program, folder, work) => scripted({ program, folder, extension: 'mjs', work });
const python = (program, folder, work) => scripted({ program, folder, extension: 'py', work });

/** Our own program: by the protocol of the sigstore-conformance suite, and as publishers sign manifests. */
function mcpPin(program, work) {
  // Nothing of the user's own configuration.
  const options = { env: { ...process.env, XDG_CONFIG_HOME: work } };
  return {
    generateKey() {
      const [key, publicKey] = [join(work, 'mcp-pin.pem'), join(work, 'mcp-pin.pub')];
      must(program, ['key', 'generate', '--output', key], options);
      writeFileSync(publicKey, JSON.parse(must(program, ['key', 'show', '--key', key, '--format', 'json'], options)).publicKey);
      return { private: key, public: publicKey };
    },
    signManifest({ serverJson, command, out, token, root, config, key }) {
      const who = key
        ? ['--key', key]
        : ['--keyless', '--identity-token', token, '--trusted-root', root, '--signing-config', config];
      must(program, ['manifest', 'sign', '-C', work, '--server-json', serverJson, '--output', out, ...who, '--', ...command], options);
    },
    sign(orders) {
      for (const { kind, token, out, root, config, file } of orders) {
        must(program, [
          'sign-bundle', ...(kind === 'dsse' ? ['--in-toto'] : []), '--identity-token', token, '--bundle', out,
          '--trusted-root', root, '--signing-config', config, file,
        ], options);
      }
    },
    verify: (cases) => cases.map(({ id, what, bundle, artifact, root, identity, issuer, key, logged }) => {
      const who = key ? ['--key', key] : ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
      const trust = key && !logged ? ['--key-signature-only'] : ['--trusted-root', root];
      const { status, stdout, stderr } = run(program, ['verify-bundle', '--bundle', bundle, ...who, ...trust, artifact], options);
      if (status === 0) return { id, verdict: 'accepted', reason: '' };
      const reason = stderr.trim().split('\n')[0];
      // "Could not check" (3), a usage error (2) or a crash is no refusal; nor is one that does not say why.
      if (status !== 1 || !reason) return { id, verdict: `exit ${status}`, reason: stdout + stderr };
      // Of the genuine ones the table says whether they may be refused.
      return { id, verdict: what === 'genuine' || isRightReason(what, reason) ? 'refused' : 'wrong reason', reason };
    }),
  };
}

function cosign(program, work) {
  const environment = { ...process.env, COSIGN_PASSWORD: 'interop', HOME: work, SIGSTORE_NO_CACHE: 'true' };
  const options = { env: environment, cwd: work };
  return {
    generateKey() {
      must(program, ['generate-key-pair'], options);
      return { private: join(work, 'cosign.key'), public: join(work, 'cosign.pub') };
    },
    sign(orders) {
      for (const { kind, token, key, out, root, config, file, predicate, type } of orders) {
        const who = key ? ['--key', key] : ['--identity-token', token];
        const what = kind === 'dsse' ? ['attest-blob', '--predicate', predicate, '--type', type] : ['sign-blob'];
        must(program, [...what, ...who, '--yes', '--bundle', out, '--trusted-root', root, '--signing-config', config, file], options);
      }
    },
    verify: (cases) => cases.map(({ id, bundle, artifact, root, identity, issuer, key, logged, type }) => {
      const { dsseEnvelope, verificationMaterial } = JSON.parse(readFileSync(bundle, 'utf8'));
      const stamped = verificationMaterial.timestampVerificationData !== undefined;
      const who = key ? ['--key', key] : ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
      const { status, stdout, stderr } = run(program, [
        ...(dsseEnvelope ? ['verify-blob-attestation', '--type', type] : ['verify-blob']),
        '--bundle', bundle, ...who, ...(key && !logged ? ['--insecure-ignore-tlog'] : []),
        ...(stamped ? ['--use-signed-timestamps'] : []), '--trusted-root', root, artifact,
      ], options);
      if (status === 0) return { id, verdict: 'accepted', reason: '' };
      const reason = (stdout + stderr).trim().split('\n').filter((line) => line.startsWith('Error')).join(' ');
      return { id, verdict: reason ? 'refused' : `exit ${status}`, reason: reason || stdout + stderr };
    }),
  };
}

export { javaScript, python, mcpPin, cosign };
