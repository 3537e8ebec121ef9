//! An authority for TLS: certificates of servers and clients.

use der::asn1::{Ia5String, ObjectIdentifier};
use mcp_pin_attest::SigningKey;
use pem_rfc7468::LineEnding;
use x509_cert::{Certificate, ext::pkix::name::GeneralName, name::Name};

use super::certificate::{authority_certificate, encode, name, tls_certificate};
use crate::keys;

/// id-kp-serverAuth and id-kp-clientAuth (RFC 5280, section 4.2.1.12).
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// An authority that a test makes up.
#[derive(Debug)]
pub struct TestTls {
    name: Name,
    key: SigningKey,
    certificate: Certificate,
}

/// A certificate and its key, in PEM.
#[derive(Debug)]
pub struct TestCertificate {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl TestTls {
    /// The authority of this name; the same for the same name.
    #[must_use]
    pub fn new(instance: &str) -> Self {
        let key = keys::key(&format!("{instance} tls"));
        let name = name(instance, "tls");
        let certificate = authority_certificate(&name, &name, key.public_key(), &key, None);
        Self { name, key, certificate }
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// A certificate of a server.
    #[must_use]
    pub fn server(&self, host: &str) -> TestCertificate {
        self.issue(host, vec![GeneralName::DnsName(ia5(host))], SERVER)
    }

    /// A certificate of a client, which names these URIs.
    #[must_use]
    pub fn client(&self, uris: &[&str]) -> TestCertificate {
        let names = uris.iter().map(|uri| GeneralName::UniformResourceIdentifier(ia5(uri))).collect();
        self.issue(&uris.join(" "), names, CLIENT)
    }

    fn issue(&self, who: &str, names: Vec<GeneralName>, usage: ObjectIdentifier) -> TestCertificate {
        let key = keys::key(&format!("tls of {who}"));
        let certificate = tls_certificate(&self.name, &name("test", "leaf"), key.public_key(), &self.key, names, usage);
        TestCertificate { certificate: pem(&certificate), key: key.to_pkcs8_pem().to_string() }
    }
}

fn pem(certificate: &Certificate) -> String {
    pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, &encode(certificate)).expect("a certificate is encoded")
}

fn ia5(text: &str) -> Ia5String {
    Ia5String::new(text).expect("ASCII")
}
