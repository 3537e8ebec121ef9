// Why mcp-pin has to refuse each case of damage.mjs: a refusal for another reason would be a check that is not made.
// A changed signature is first seen by the timestamp over it, and the entry of another by whatever it does not match.

const SIGNATURE = /the signature .*does not match/;

const REASONS = {
  'another artifact': /is about another artifact/,
  'another identity': /the signer's subject is .* is wanted/,
  'another issuer': /the signer's issuer is .* is wanted/,
  'another key': SIGNATURE,
  'a log entry is asked for': /no proof that the entry is in the log/,
  'another certificate authority': /certificate: it does not chain to a trusted authority/,
  'another certificate log': /certificate: its signed certificate timestamp is not valid/,
  'another transparency log': /transparency log: (the log of the entry is not in the root|the checkpoint is not valid)/,
  'another timestamp authority': /time of signing: the timestamp is not valid/,
  'a flipped signature bit': /the signature .*does not match|time of signing: the timestamp is not valid/,
  'another predicate': SIGNATURE,
  'another payload type': /`payloadType` is not/,
  'another certificate': /the signature .*does not match|certificate: signed at .*, before it began/,
  'no log entry': /no proof that the entry is in the log/,
  'the log entry of another': /is about another artifact|transparency log: the entry is about something else/,
  'a flipped bit in the log entry': /transparency log: the inclusion (promise is not valid|proof does not hold)/,
  'a flipped bit in the inclusion proof': /transparency log: the inclusion proof does not hold/,
  'a flipped bit in the checkpoint': /transparency log: the checkpoint is not valid/,
  'another time of the log': /transparency log: the inclusion promise is not valid/,
  'no evidence of time': /nothing that verifies says when it was signed/,
  'a timestamp of another': /time of signing: the timestamp is not valid/,
};

/** Whether `reason` is why the case `what` is to be refused. A case that is not listed has no right reason. */
export const isRightReason = (what, reason) => REASONS[what]?.test(reason) ?? false;
