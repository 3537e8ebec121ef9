//! Where a delivery may go (T41, T87): to public addresses, over TLS, and to networks that the operator opened.
//!
//! Whoever may name a receiver must not reach what only this machine can reach: its own services, its network, or the
//! metadata service of its cloud. So the address that is connected to is the one that was checked, never a name that is
//! resolved once more.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, de};
use thiserror::Error;
use url::{Host, Url};

/// The longest address of a receiver.
pub const MAX_URL_BYTES: usize = 2048;

/// Why nothing is sent to an address.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetRefusal {
    /// Not an address at all.
    #[error("is not an absolute URL of at most {MAX_URL_BYTES} bytes")]
    NotAUrl,
    /// Plain HTTP, or something else.
    #[error("must be `https://…` (or `http://` on this machine, with `--insecure-dev`)")]
    Scheme,
    /// A user name, a password or a fragment.
    #[error("holds a user name, a password or a fragment")]
    Parts,
    /// An address that deliveries must not reach.
    #[error(
        "is or resolves to {0}, which is not a public address; `webhooks.allow-networks` opens networks of your own"
    )]
    Address(IpAddr),
    /// A name without an address.
    #[error("resolves to no address")]
    Unresolved,
}

/// A network, such as `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("is not a network such as `10.20.0.0/16`, without bits set after its prefix")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').ok_or(NetworkError)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let plain = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().ok().filter(|_| plain).ok_or(NetworkError)?;
        let network = Self { address, prefix };
        let (bits, width) = bits(address);
        if prefix > width || bits & !network.mask(width) != 0 { Err(NetworkError) } else { Ok(network) }
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error: NetworkError| de::Error::custom(format!("`{text}` {error}")))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl Network {
    fn mask(self, width: u8) -> u128 {
        let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
        let free = u32::from(width.saturating_sub(self.prefix));
        if free >= 128 { 0 } else { (u128::MAX << free) & all }
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let ((own, own_width), (other, width)) = (bits(self.address), bits(address));
        own_width == width && other & self.mask(width) == own
    }
}

/// Where deliveries may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetPolicy {
    /// Networks of the organisation that are not public and may be reached all the same.
    pub allowed: Vec<Network>,
    /// Whether this machine may be reached, over plain HTTP too.
    pub insecure_dev: bool,
}

impl TargetPolicy {
    /// Checks what an address says by itself. What its name resolves to is checked when it is connected to.
    ///
    /// # Errors
    /// See [`TargetRefusal`].
    pub fn check(&self, text: &str) -> Result<Url, TargetRefusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(TargetRefusal::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| TargetRefusal::NotAUrl)?;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(TargetRefusal::NotAUrl),
        };
        let local = literal.is_some_and(|address| address.is_loopback()) || url.host_str() == Some("localhost");
        match url.scheme() {
            "https" => {}
            "http" if local && self.insecure_dev => {}
            _ => return Err(TargetRefusal::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(TargetRefusal::Parts);
        }
        if let Some(address) = literal {
            self.check_address(address)?;
        }
        Ok(url)
    }

    /// Checks an address that is about to be connected to.
    ///
    /// # Errors
    /// [`TargetRefusal::Address`].
    pub fn check_address(&self, address: IpAddr) -> Result<(), TargetRefusal> {
        let plain = plain(address);
        let may = if plain.is_loopback() {
            self.insecure_dev
        } else {
            is_public(plain) || !is_never(plain) && self.allowed.iter().any(|network| network.contains(plain))
        };
        if may { Ok(()) } else { Err(TargetRefusal::Address(address)) }
    }
}

/// An IPv4 address that is written as an IPv6 one reaches the IPv4 one.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    if let Some(four) = six.to_ipv4_mapped() {
        return IpAddr::V4(four);
    }
    let segments = six.segments();
    let four = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match segments {
        // Compatible addresses (deprecated), except `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, low] if (high, low) != (0, 0) && (high, low) != (0, 1) => four(high, low),
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => address,
    }
}

/// Addresses that no operator opens: they mean this machine, its link, or many machines; among them is the metadata service
/// of every cloud.
fn is_never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            four.is_unspecified()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_multicast()
                || four.is_broadcast()
        }
        IpAddr::V6(six) => {
            let first = six.segments()[0];
            six.is_unspecified()
                || six.is_loopback()
                || six.is_multicast()
                || first & 0xffc0 == 0xfe80
                || six == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

/// Whether an address is of the public Internet (IANA's special-purpose registries, read as: what is special is not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            !(is_never(address)
                || four.is_private()
                || four.is_documentation()
                || a == 0
                || a == 100 && (64..128).contains(&b)
                || a == 192 && b == 0 && c == 0
                || a == 192 && b == 88 && c == 99
                || a == 198 && (18..20).contains(&b)
                || a >= 240)
        }
        IpAddr::V6(six) => {
            let segments = six.segments();
            // 2000::/3 is all that is given out; 2001::/23 (with Teredo) and the documentation are parts of it.
            segments[0] & 0xe000 == 0x2000
                && !(segments[0] == 0x2001 && segments[1] < 0x200)
                && !(segments[0] == 0x2001 && segments[1] == 0xdb8)
                && segments[0] != 0x3fff
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &TargetPolicy, address: &str) -> bool {
        policy.check_address(address.parse().unwrap()).is_err()
    }

    const PRIVATE: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "3fff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ];

    #[test]
    fn t41_addresses_of_this_machine_and_its_network_are_refused() {
        let policy = TargetPolicy::default();
        for address in PRIVATE {
            assert!(refused(&policy, address), "{address}");
        }
        for address in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(!refused(&policy, address), "{address}");
        }
    }

    #[test]
    fn t41_an_operator_opens_networks_and_never_the_link_or_the_metadata_service() {
        let policy = TargetPolicy {
            allowed: ["10.20.0.0/16", "0.0.0.0/0", "::/0"].map(|text| text.parse().unwrap()).to_vec(),
            insecure_dev: false,
        };
        assert!(
            !refused(&policy, "10.20.3.4") && !refused(&policy, "fc00::1") && !refused(&policy, "::ffff:10.20.3.4")
        );
        for address in [
            "127.0.0.1",
            "::1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "fe80::1",
            "0.0.0.0",
            "ff02::1",
        ] {
            assert!(refused(&policy, address), "{address}");
        }
        let one = TargetPolicy { allowed: vec!["10.20.0.0/16".parse().unwrap()], insecure_dev: false };
        assert!(refused(&one, "10.21.0.1") && refused(&one, "192.168.1.1"));
    }

    #[test]
    fn t41_addresses_are_judged_as_they_will_be_used() {
        let policy = TargetPolicy::default();
        assert!(policy.check("https://siem.example/hook?key=1").is_ok());
        // Every spelling of 127.0.0.1 that a URL may have.
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
        ] {
            assert!(matches!(policy.check(url), Err(TargetRefusal::Address(_))), "{url}");
        }
        for (url, refusal) in [
            ("http://siem.example/", TargetRefusal::Scheme),
            ("ftp://siem.example/", TargetRefusal::Scheme),
            ("http://localhost:1/", TargetRefusal::Scheme),
            ("https://user@siem.example/", TargetRefusal::Parts),
            ("https://siem.example/#here", TargetRefusal::Parts),
            ("siem.example", TargetRefusal::NotAUrl),
            ("https:///", TargetRefusal::NotAUrl),
            ("file:///etc/passwd", TargetRefusal::NotAUrl),
        ] {
            assert_eq!(policy.check(url), Err(refusal), "{url}");
        }
        let development = TargetPolicy { insecure_dev: true, ..policy };
        assert!(development.check("http://127.0.0.1:1/").is_ok() && development.check("http://localhost:1/").is_ok());
        assert_eq!(development.check("http://10.0.0.1/"), Err(TargetRefusal::Scheme));
        assert!(matches!(development.check("https://10.0.0.1/"), Err(TargetRefusal::Address(_))));
    }

    #[test]
    fn networks_are_written_one_way() {
        for text in ["10.0.0.0/8", "10.20.30.40/32", "::/0", "fd12:3456::/32", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::1/0", "x/8", "fd00::/129"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
