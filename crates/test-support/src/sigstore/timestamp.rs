//! The timestamp authority (RFC 3161).

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Sequence, Tag,
    asn1::{GeneralizedTime, Int, ObjectIdentifier, OctetString, SetOfVec, UtcTime},
};
use jiff::Timestamp;
use mcp_pin_attest::SigningKey;
use mcp_pin_model::Digest;
use x509_cert::{Certificate, attr::Attribute, spki::AlgorithmIdentifierOwned};

use super::{
    certificate::{authority_certificate, ecdsa_with_sha256, encode, name, since_epoch, timestamping_certificate},
    signature,
};
use crate::keys;

/// id-sha256 (RFC 5754, section 2.2).
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// id-signedData (RFC 5652, section 5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// id-ct-TSTInfo (RFC 3161, section 2.4.2).
const TIMESTAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// id-contentType, id-messageDigest and id-signingTime (RFC 5652, section 11).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// The policy under which Sigstore's own authority issues timestamps.
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// RFC 3161, section 2.4.1.
#[derive(Clone, Debug, Sequence)]
pub(super) struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

/// RFC 3161, section 2.4.1, without extensions.
#[derive(Clone, Debug, Sequence)]
pub(super) struct TimeStampRequest {
    version: u8,
    pub(super) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(default = "bool::default")]
    certificate_requested: bool,
}

/// RFC 3161, section 2.4.2: what an answer here has of it.
#[derive(Clone, Debug, Sequence)]
struct TimeStampInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    time: GeneralizedTime,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
}

/// RFC 3161, section 2.4.2: `PKIStatusInfo` of a granted request.
#[derive(Clone, Debug, Sequence)]
struct Granted {
    status: u8,
}

/// RFC 3161, section 2.4.2.
#[derive(Clone, Debug, Sequence)]
struct TimeStampResponse {
    status: Granted,
    token: ContentInfo,
}

impl MessageImprint {
    /// The imprint of a signature that is to be timestamped.
    pub(super) fn of(signature: &[u8]) -> Self {
        Self { hash_algorithm: sha256(), hashed_message: octets(Digest::of(signature).as_bytes()) }
    }
}

/// A timestamp authority with a root of its own.
#[derive(Debug)]
pub(super) struct TimestampAuthority {
    root: Certificate,
    certificate: Certificate,
    key: SigningKey,
}

impl TimestampAuthority {
    pub(super) fn new(instance: &str) -> Self {
        let root_key = keys::key(&format!("{instance} timestamp root"));
        let key = keys::key(&format!("{instance} timestamp"));
        let root_name = name(instance, "timestamp root");
        let root = authority_certificate(&root_name, &root_name, root_key.public_key(), &root_key, None);
        let certificate =
            timestamping_certificate(&root_name, &name(instance, "timestamp"), key.public_key(), &root_key);
        Self { root, certificate, key }
    }

    /// The chain in DER, the root last.
    pub(super) fn chain(&self) -> [Vec<u8>; 2] {
        [encode(&self.certificate), encode(&self.root)]
    }

    /// The response to a request, in DER.
    pub(super) fn timestamp(&self, imprint: MessageImprint, nonce: Option<Int>, at: Timestamp) -> Vec<u8> {
        let serial = Digest::of(imprint.hashed_message.as_bytes());
        let info = encode(&TimeStampInfo {
            version: 1,
            policy: POLICY,
            message_imprint: imprint,
            // A positive number, the same for the same signature.
            serial_number: Int::new(&[&[1], &serial.as_bytes()[..7]].concat()).expect("a short number"),
            time: GeneralizedTime::from_unix_duration(since_epoch(at)).expect("a time of this age"),
            nonce,
        });
        let attributes = set([
            attribute(CONTENT_TYPE, Any::encode_from(&TIMESTAMP_INFO)),
            attribute(MESSAGE_DIGEST, Any::encode_from(&octets(Digest::of(&info).as_bytes()))),
            attribute(SIGNING_TIME, UtcTime::from_unix_duration(since_epoch(at)).and_then(|at| Any::encode_from(&at))),
        ]);
        // The attributes are signed as a SET OF, whatever tag they have in the structure (RFC 5652, section 5.4).
        let signature = signature(&self.key, &encode(&attributes));
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: self.certificate.tbs_certificate.issuer.clone(),
                serial_number: self.certificate.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: sha256(),
            signed_attrs: Some(attributes),
            signature_algorithm: ecdsa_with_sha256(),
            signature: octets(&signature),
            unsigned_attrs: None,
        };
        let signed = SignedData {
            version: CmsVersion::V3,
            digest_algorithms: set([sha256()]),
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: TIMESTAMP_INFO,
                econtent: Some(Any::new(Tag::OctetString, info).expect("a short structure")),
            },
            certificates: Some(CertificateSet(set([CertificateChoices::Certificate(self.certificate.clone())]))),
            crls: None,
            signer_infos: SignerInfos(set([signer])),
        };
        encode(&TimeStampResponse {
            status: Granted { status: 0 },
            token: ContentInfo {
                content_type: SIGNED_DATA,
                content: Any::encode_from(&signed).expect("a valid structure"),
            },
        })
    }
}

fn sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: SHA256, parameters: None }
}

fn octets(bytes: &[u8]) -> OctetString {
    OctetString::new(bytes).expect("a short string")
}

fn set<T: der::DerOrd, const COUNT: usize>(items: [T; COUNT]) -> SetOfVec<T> {
    SetOfVec::try_from(Vec::from(items)).expect("items that differ")
}

fn attribute(oid: ObjectIdentifier, value: der::Result<Any>) -> Attribute {
    Attribute { oid, values: set([value.expect("a valid value")]) }
}
