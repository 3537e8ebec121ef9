// Fulcio with its certificate transparency log, and a timestamp authority, from `@sigstore/mock`; repaired where it
// does not do what the real services do.

import { X509Certificate, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { fulcioHandler, initializeCA, initializeCTLog, initializeTSA } from '@sigstore/mock';

const DEFAULT_POLICY = '1.3.6.1.4.1.57264.2';

const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));

/** The name a certificate is issued to: for GitHub the workflow's URI, for others what the token is about. */
function certifiedName(claims) {
  if (claims.job_workflow_ref) return `https://github.com/${claims.job_workflow_ref}`;
  return claims.sub;
}

/** Fulcio asks the caller to sign the token's subject: otherwise anybody's key could be certified. */
function requirePossession({ publicKeyRequest }, claims) {
  if (!publicKeyRequest) return; // a PKCS#10 request is signed with its own key
  const key = createPublicKey(publicKeyRequest.publicKey.content);
  const proof = Buffer.from(publicKeyRequest.proofOfPossession, 'base64');
  const subjects = [claims.email, claims.sub, claims.job_workflow_ref].filter(Boolean);
  if (!subjects.some((subject) => verify('sha256', Buffer.from(subject), key, proof))) {
    throw new Error('the key was not shown to be the caller\'s own');
  }
}

/** A Fulcio. `issue` answers POST /api/v2/signingCert; claims of the token become extensions of the certificate. */
export async function certificateAuthority() {
  const transparencyLog = await initializeCTLog(p256());
  const authority = await initializeCA(p256(), transparencyLog);
  const handler = fulcioHandler(authority);

  async function issue(body, { authorization }) {
    const request = JSON.parse(body.toString('utf8'));
    // The mock reads tokens only from the body.
    const token = request.credentials?.oidcIdentityToken ?? authorization?.replace(/^Bearer /, '');
    if (!token) throw new Error('no identity token');
    const claims = claimsOf(token);
    requirePossession(request, claims);
    // The mock certifies `sub` whatever the issuer; so it is told the name in that claim.
    const renamed = Buffer.from(JSON.stringify({ ...claims, sub: certifiedName(claims) })).toString('base64url');
    request.credentials = { oidcIdentityToken: `e30.${renamed}.` };
    // PKCS#10 requests travel as base64 of PEM; the mock expects the PEM.
    if (request.certificateSigningRequest) {
      request.certificateSigningRequest = Buffer.from(request.certificateSigningRequest, 'base64').toString('utf8');
    }
    const { statusCode, response } = await handler.fn(JSON.stringify(request));
    if (statusCode !== 201) throw new Error(response);
    // The mock writes PEM in one endless line; strict readers refuse that.
    const answer = JSON.parse(response);
    const chain = answer.signedCertificateEmbeddedSct.chain;
    chain.certificates = chain.certificates.map((pem) => new X509Certificate(pem).toString());
    return answer;
  }

  return {
    issue,
    rootCertificate: authority.rootCertificate,
    transparencyLog: { publicKey: transparencyLog.publicKey, id: transparencyLog.logID },
  };
}

/** A timestamp authority. `answer` takes RFC 3161 requests as such, and in the mock's own JSON form. */
export async function timestampAuthority() {
  const authority = await initializeTSA(p256());
  let serialNumber = 1;
  // RFC 3161 lets the time have fractions; Sigstore's authorities give whole seconds and some readers insist.
  authority.getCurrentTime = () => new Date(Math.floor(Date.now() / 1000) * 1000);
  // The mock takes only nonces that fit a number, and gives every token the same, negative serial number.
  const plain = authority.tstInfo.bind(authority);
  authority.tstInfo = (request) => {
    const info = plain({ ...request, nonce: 0 });
    info.nonce = request.nonce;
    info.serialNumber = new asn1js.Integer({ value: serialNumber });
    return info;
  };

  function parse(body, contentType) {
    if (!contentType?.startsWith('application/json')) {
      const request = pkijs.TimeStampReq.fromBER(body);
      return {
        artifactHash: Buffer.from(request.messageImprint.hashedMessage.valueBlock.valueHexView),
        hashAlgorithmOID: request.messageImprint.hashAlgorithm.algorithmId,
        nonce: request.nonce,
        policyOID: request.reqPolicy || DEFAULT_POLICY,
        certReq: request.certReq ?? false,
      };
    }
    const request = JSON.parse(body.toString('utf8'));
    return {
      artifactHash: Buffer.from(request.artifactHash, 'base64'),
      hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
      nonce: new asn1js.Integer({ value: request.nonce ?? 1 }),
      policyOID: request.tsaPolicyOID || DEFAULT_POLICY,
      certReq: request.certificates ?? false,
    };
  }

  async function answer(body, contentType) {
    serialNumber += 1;
    return authority.timestamp(parse(body, contentType));
  }

  return { answer, certificates: [authority.intCertificate, authority.rootCertificate] };
}
