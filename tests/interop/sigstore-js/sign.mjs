// Signs with Sigstore's JavaScript client. Used with both of its major versions.
//
//   node sign.mjs <orders.json>
//
// An order: { kind: "blob" | "dsse", file, out, services: { fulcio, rekor, version, timestamps }, token }
// or the same with `key` (path of a private key in PEM) in place of `token`. Files by path.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, MessageSignatureBundleBuilder, RekorWitness, TSAWitness } from '@sigstore/sign';

const STATEMENT = 'application/vnd.in-toto+json';

/** An organisation's key, named as cosign names keys: the base64 of the SHA-256 of its public half. */
function keySigner(path) {
  const privateKey = createPrivateKey(readFileSync(path));
  const publicKey = createPublicKey(privateKey);
  const hint = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
  return {
    async sign(data) {
      const key = { $case: 'publicKey', publicKey: publicKey.export({ type: 'spki', format: 'pem' }), hint };
      return { signature: sign('sha256', data, privateKey), key };
    },
  };
}

for (const { kind, file, out, services, token, key } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const retry = false;
  const signer = key
    ? keySigner(key)
    : new FulcioSigner({ fulcioBaseURL: services.fulcio, retry, identityProvider: { getToken: async () => token } });
  const witnesses = [
    new RekorWitness({ rekorBaseURL: services.rekor, majorApiVersion: services.version, entryType: 'dsse', retry }),
    new TSAWitness({ tsaBaseURL: services.timestamps, retry }),
  ];
  const Builder = kind === 'dsse' ? DSSEBundleBuilder : MessageSignatureBundleBuilder;
  const artifact = { data: readFileSync(file), ...(kind === 'dsse' ? { type: STATEMENT } : {}) };
  const bundle = await new Builder({ signer, witnesses, certificateChain: false }).create(artifact);
  writeFileSync(out, JSON.stringify(bundleToJSON(bundle)));
}
