//! X.509 (RFC 5280): the certificate authority of the instance, what it issues, and its certificate transparency log.

use std::{str::FromStr as _, time::Duration};

use der::{
    Decode as _,
    asn1::{BitString, Ia5String, ObjectIdentifier, OctetString, UtcTime, Utf8StringRef},
};
use jiff::Timestamp;
use mcp_pin_attest::{PublicKey, SigningKey};
use mcp_pin_model::Digest;
use x509_cert::{
    Certificate, TbsCertificate, Version,
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            SubjectKeyIdentifier, name::GeneralName,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};

use super::{TestClaims, TestSubject, signature};
use crate::keys;

/// ecdsa-with-SHA256 (RFC 5758, section 3.2).
pub(super) const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// id-kp-codeSigning (RFC 5280, section 4.2.1.12).
pub(super) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// id-kp-timeStamping (same section).
pub(super) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The list of signed certificate timestamps (RFC 6962, section 3.3).
const CERTIFICATE_TIMESTAMPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// Under which Fulcio's extensions are.
const FULCIO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");

/// How long authorities and logs of these tests are trusted: 2020-01-01 to 2049-12-31, the last year of `UTCTime`.
pub(super) const TRUSTED_FROM: Timestamp = Timestamp::constant(1_577_836_800, 0);
const TRUSTED_UNTIL: Timestamp = Timestamp::constant(2_524_521_600, 0);

/// A root and one intermediate below it, as Fulcio has them.
#[derive(Debug)]
pub(super) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    key: SigningKey,
}

/// What a certificate for a signer says, beside who issued it.
pub(super) struct Leaf<'a> {
    pub(super) key: &'a PublicKey,
    pub(super) claims: &'a TestClaims,
    pub(super) from: Timestamp,
}

impl Authority {
    pub(super) fn new(instance: &str) -> Self {
        let root_key = keys::key(&format!("{instance} root"));
        let key = keys::key(&format!("{instance} intermediate"));
        let root_name = name(instance, "root");
        let root = authority_certificate(&root_name, &root_name, root_key.public_key(), &root_key, None);
        let intermediate =
            authority_certificate(&root_name, &name(instance, "intermediate"), key.public_key(), &root_key, Some(0));
        Self { root, intermediate, key }
    }

    /// The chain in DER, the root last.
    pub(super) fn chain(&self) -> [Vec<u8>; 2] {
        [encode(&self.intermediate), encode(&self.root)]
    }

    /// A certificate for a signer, in DER, with a timestamp of `log` if there is one.
    pub(super) fn issue(&self, leaf: &Leaf<'_>, log: Option<&CertificateLog>) -> Vec<u8> {
        let subject = match &leaf.claims.subject {
            TestSubject::Uri(uri) => GeneralName::UniformResourceIdentifier(ia5(uri)),
            TestSubject::Email(address) => GeneralName::Rfc822Name(ia5(address)),
        };
        let mut extensions = vec![
            extension(&KeyUsage(KeyUsages::DigitalSignature.into()), true),
            extension(&ExtendedKeyUsage(vec![CODE_SIGNING]), false),
            extension(&key_id(leaf.key), false),
            extension(&issuer_key_id(self.key.public_key()), false),
            extension(&SubjectAltName(vec![subject]), true),
        ];
        for (arc, claim) in leaf.claims.extensions() {
            let value = encode(&Utf8StringRef::new(claim).expect("a short text"));
            extensions.push(raw_extension(FULCIO.push_arc(arc).expect("a short identifier"), false, value));
        }
        let issuer = &self.intermediate.tbs_certificate.subject;
        let mut certificate = unsigned(issuer, &Name::default(), leaf.key, leaf.from, leaf.until(), extensions);
        if let Some(log) = log {
            let list = log.timestamp(&encode(&certificate), self.key.public_key(), leaf.from);
            let value = encode(&OctetString::new(list).expect("a short list"));
            certificate.extensions.get_or_insert_default().push(raw_extension(CERTIFICATE_TIMESTAMPS, false, value));
        }
        encode(&signed(certificate, &self.key))
    }
}

/// The certificate transparency log (RFC 6962): as much of it as signs timestamps.
#[derive(Debug)]
pub(super) struct CertificateLog {
    key: SigningKey,
}

impl CertificateLog {
    pub(super) fn new(instance: &str) -> Self {
        Self { key: keys::key(&format!("{instance} certificate log")) }
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// The list with one timestamp for a certificate that was not signed yet (RFC 6962, sections 3.2 and 3.3).
    fn timestamp(&self, precertificate: &[u8], issuer: &PublicKey, at: Timestamp) -> Vec<u8> {
        let milliseconds = u64::try_from(at.as_millisecond()).expect("after 1970").to_be_bytes();
        let (version, certificate_timestamp, precert_entry, no_extensions) = ([0], [0], [0, 1], [0, 0]);
        let message = [
            &version[..],
            &certificate_timestamp,
            &milliseconds,
            &precert_entry,
            Digest::of(issuer.spki_der()).as_bytes(),
            &length::<3>(precertificate),
            precertificate,
            &no_extensions,
        ]
        .concat();
        let signature = signature(&self.key, &message);
        let log_id = Digest::of(self.key.public_key().spki_der());
        let sha256_and_ecdsa = [4, 3];
        let timestamp = [
            &version[..],
            log_id.as_bytes(),
            &milliseconds,
            &no_extensions,
            &sha256_and_ecdsa,
            &length::<2>(&signature),
            &signature,
        ]
        .concat();
        let entry = [&length::<2>(&timestamp)[..], &timestamp].concat();
        [&length::<2>(&entry)[..], &entry].concat()
    }
}

/// A certificate of an authority: its own root, or one that may issue certificates for signers only.
pub(super) fn authority_certificate(
    issuer: &Name,
    subject: &Name,
    key: &PublicKey,
    issuer_key: &SigningKey,
    path_length: Option<u8>,
) -> Certificate {
    let extensions = vec![
        extension(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign), true),
        extension(&BasicConstraints { ca: true, path_len_constraint: path_length }, true),
        extension(&key_id(key), false),
        extension(&issuer_key_id(issuer_key.public_key()), false),
    ];
    signed(unsigned(issuer, subject, key, TRUSTED_FROM, TRUSTED_UNTIL, extensions), issuer_key)
}

/// The certificate of a timestamp authority, good for nothing else (RFC 3161, section 2.3).
pub(super) fn timestamping_certificate(
    issuer: &Name,
    subject: &Name,
    key: &PublicKey,
    issuer_key: &SigningKey,
) -> Certificate {
    let extensions = vec![
        extension(&KeyUsage(KeyUsages::DigitalSignature.into()), true),
        extension(&ExtendedKeyUsage(vec![TIME_STAMPING]), true),
        extension(&key_id(key), false),
        extension(&issuer_key_id(issuer_key.public_key()), false),
    ];
    signed(unsigned(issuer, subject, key, TRUSTED_FROM, TRUSTED_UNTIL, extensions), issuer_key)
}

/// The name of one of an instance's parties.
pub(super) fn name(instance: &str, role: &str) -> Name {
    Name::from_str(&format!("CN={role},O={instance}")).expect("an instance's name has no special characters")
}

/// The DER of something that has one.
pub(super) fn encode(value: &impl der::Encode) -> Vec<u8> {
    value.to_der().expect("a valid structure")
}

/// A time as DER has it: whole seconds since 1970.
pub(super) fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).expect("after 1970"))
}

/// ECDSA with SHA-256, as an algorithm of certificates.
pub(super) fn ecdsa_with_sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None }
}

fn unsigned(
    issuer: &Name,
    subject: &Name,
    key: &PublicKey,
    from: Timestamp,
    until: Timestamp,
    extensions: Vec<Extension>,
) -> TbsCertificate {
    // A positive number of 16 bytes, the same for the same key and time.
    let mut serial = *Digest::of(format!("{from} {}", key.id().key).as_bytes()).as_bytes();
    serial[0] = 1;
    TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial[..16]).expect("a short number"),
        signature: ecdsa_with_sha256(),
        issuer: issuer.clone(),
        validity: Validity { not_before: time(from), not_after: time(until) },
        subject: subject.clone(),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(key.spki_der()).expect("a valid key"),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    }
}

fn signed(certificate: TbsCertificate, key: &SigningKey) -> Certificate {
    let signature = signature(key, &encode(&certificate));
    Certificate {
        tbs_certificate: certificate,
        signature_algorithm: ecdsa_with_sha256(),
        signature: BitString::from_bytes(&signature).expect("a short signature"),
    }
}

fn time(at: Timestamp) -> Time {
    Time::UtcTime(UtcTime::from_unix_duration(since_epoch(at)).expect("before 2050"))
}

fn extension<T: der::Encode + der::oid::AssociatedOid>(value: &T, critical: bool) -> Extension {
    raw_extension(T::OID, critical, encode(value))
}

fn raw_extension(extn_id: ObjectIdentifier, critical: bool, value: Vec<u8>) -> Extension {
    Extension { extn_id, critical, extn_value: OctetString::new(value).expect("a short extension") }
}

/// A key's identifier (RFC 7093, section 2, method 1).
fn key_id(key: &PublicKey) -> SubjectKeyIdentifier {
    let digest = Digest::of(key.spki_der());
    SubjectKeyIdentifier(OctetString::new(&digest.as_bytes()[..20]).expect("20 bytes"))
}

fn issuer_key_id(key: &PublicKey) -> AuthorityKeyIdentifier {
    AuthorityKeyIdentifier { key_identifier: Some(key_id(key).0), ..AuthorityKeyIdentifier::default() }
}

fn ia5(text: &str) -> Ia5String {
    Ia5String::new(text).expect("ASCII")
}

/// The length of something in so many bytes, as TLS has it (RFC 5246, section 4.3).
fn length<const BYTES: usize>(of: &[u8]) -> [u8; BYTES] {
    let full = of.len().to_be_bytes();
    *full.last_chunk().expect("a few bytes of a longer number")
}

/// A certificate of a server or client of TLS, in PEM, by an authority that [`authority_certificate`] made.
pub(super) fn tls_certificate(
    issuer: &Name,
    subject: &Name,
    key: &PublicKey,
    issuer_key: &SigningKey,
    names: Vec<GeneralName>,
    usage: ObjectIdentifier,
) -> Certificate {
    let extensions = vec![
        extension(&KeyUsage(KeyUsages::DigitalSignature.into()), true),
        extension(&ExtendedKeyUsage(vec![usage]), false),
        extension(&key_id(key), false),
        extension(&issuer_key_id(issuer_key.public_key()), false),
        extension(&SubjectAltName(names), false),
    ];
    signed(unsigned(issuer, subject, key, TRUSTED_FROM, TRUSTED_UNTIL, extensions), issuer_key)
}
