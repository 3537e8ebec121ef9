//! How often somebody may ask.
//!
//! Whoever shows a token that holds is counted as a principal, everybody else by address. What clients ask before they
//! start a server is never counted: an answer of 429 would block every server of whoever is behind that address.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicU32, Ordering},
};

use axum::http::{Extensions, HeaderMap, header};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use super::error::Problem;
use crate::config::{Exposure, Rate, Rates};

/// How many questions pass before forgotten askers are cleared away.
const CLEAR_EVERY: u32 = 4096;

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The counters.
#[derive(Debug)]
pub struct RateLimits {
    addresses: Option<Counters<IpAddr>>,
    principals: Option<Counters<String>>,
    behind_proxy: bool,
}

#[derive(Debug)]
struct Counters<K: std::hash::Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    asked: AtomicU32,
}

impl<K: std::hash::Hash + Eq + Clone> Counters<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        Self { limiter: RateLimiter::keyed(quota), asked: AtomicU32::new(0) }
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEAR_EVERY) {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(key)
            .map_err(|until| Problem::too_many_requests(until.wait_time_from(self.limiter.clock().now())))
    }
}

impl RateLimits {
    /// Counts from nothing.
    #[must_use]
    pub fn new(rates: Rates, exposure: Exposure) -> Self {
        Self {
            addresses: rates.anonymous.map(Counters::new),
            principals: rates.principal.map(Counters::new),
            behind_proxy: exposure == Exposure::BehindTlsProxy,
        }
    }

    /// Counts a question of somebody whose token holds.
    ///
    /// # Errors
    /// 429.
    pub fn check_principal(&self, principal: &str) -> Result<(), Problem> {
        match &self.principals {
            Some(principals) => principals.check(&principal.to_owned()),
            None => Ok(()),
        }
    }

    /// Counts a question of somebody without a token, or with one that does not hold.
    ///
    /// # Errors
    /// 429.
    pub fn check_address(&self, extensions: &Extensions, headers: &HeaderMap) -> Result<(), Problem> {
        match (&self.addresses, self.address(extensions, headers)) {
            (Some(addresses), Some(address)) => addresses.check(&address),
            _ => Ok(()),
        }
    }

    /// Whose question it is; none where that cannot be said, or where it is this machine itself.
    fn address(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
        let address = if self.behind_proxy {
            // The last entry is what the proxy saw; all before it is what the client claimed. Without one, everybody
            // would share the proxy's address, so nobody is counted: that is then the proxy's task.
            let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            last.rsplit(',').next()?.trim().parse::<IpAddr>().ok()?.to_canonical()
        } else {
            peer
        };
        if address.is_loopback() {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            // Whoever has one address of a network of this size has all of them.
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

/// Whether a request is never counted by address: what clients ask before they start a server, and what keeps the process
/// running. What comes with a token is counted where the token is looked at.
#[must_use]
pub fn is_exempt(path: &str, headers: &HeaderMap) -> bool {
    let before_start = path.strip_prefix("/v0.1/servers/").is_some_and(|rest| rest.contains("/versions"));
    before_start || matches!(path, "/healthz" | "/readyz") || headers.contains_key(header::AUTHORIZATION)
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    fn limits(exposure: Exposure) -> RateLimits {
        let rate = Rate { per_minute: NonZero::new(1).unwrap(), burst: NonZero::new(2).unwrap() };
        RateLimits::new(Rates { anonymous: Some(rate), principal: Some(rate) }, exposure)
    }

    fn from(peer: &str) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        extensions
    }

    fn forwarded(value: &str) -> HeaderMap {
        HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn a_burst_passes_and_the_next_waits() {
        let limits = limits(Exposure::LoopbackOnly);
        let ask = || limits.check_address(&from("192.0.2.1:1000"), &HeaderMap::new());
        assert!(ask().is_ok() && ask().is_ok());
        assert_eq!(ask().unwrap_err().status(), 429);
        assert!(limits.check_address(&from("192.0.2.2:1000"), &HeaderMap::new()).is_ok(), "somebody else");
        assert!(limits.check_principal("ann").is_ok() && limits.check_principal("ann").is_ok());
        assert!(limits.check_principal("ann").is_err());
        assert!(limits.check_principal("ben").is_ok());
    }

    #[test]
    fn whose_question_it_is() {
        let (direct, proxied) = (limits(Exposure::LoopbackOnly), limits(Exposure::BehindTlsProxy));
        let none = HeaderMap::new();
        let address = |limits: &RateLimits, peer: &str, headers: &HeaderMap| {
            limits.address(&from(peer), headers).map(|address| address.to_string())
        };
        assert_eq!(address(&direct, "127.0.0.1:1", &none), None, "this machine");
        assert_eq!(address(&direct, "[::ffff:192.0.2.1]:1", &none).unwrap(), "192.0.2.1");
        assert_eq!(address(&direct, "[2001:db8:1:2:3:4:5:6]:1", &none).unwrap(), "2001:db8:1:2::");
        // Nobody but a proxy says for whom they ask.
        assert_eq!(address(&direct, "192.0.2.1:1", &forwarded("198.51.100.7")).unwrap(), "192.0.2.1");
        let claimed = forwarded("203.0.113.9, 198.51.100.7");
        assert_eq!(address(&proxied, "10.0.0.1:1", &claimed).unwrap(), "198.51.100.7", "what the proxy saw");
        assert_eq!(address(&proxied, "10.0.0.1:1", &none), None, "the proxy says nothing");
        assert_eq!(address(&proxied, "10.0.0.1:1", &forwarded("unknown")), None);
    }

    #[test]
    fn what_clients_ask_before_they_start_a_server_is_not_counted() {
        let none = HeaderMap::new();
        for path in ["/v0.1/servers/a%2Fb/versions/latest", "/v0.1/servers/a%2Fb/versions", "/healthz"] {
            assert!(is_exempt(path, &none), "{path}");
        }
        for path in ["/v0.1/servers", "/v1/search", "/v1/token", "/v0.1/publish"] {
            assert!(!is_exempt(path, &none), "{path}");
        }
    }
}
