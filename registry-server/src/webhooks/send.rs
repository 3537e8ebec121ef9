//! One delivery: one request, to an address that was checked, within limits, following nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use thiserror::Error;

use super::{Message, TargetPolicy, TargetRefusal, WebhookSecret, sign::signatures};

/// How long one delivery may take, its answer included. A lease has to outlive it.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many addresses of one name are tried at most.
const MAX_ADDRESSES: usize = 8;

/// The longest pause that a receiver may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Makes deliveries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    policy: TargetPolicy,
}

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered {
        /// What it answered.
        status: u16,
    },
    /// The receiver does not want anything any more (410).
    Gone,
    /// It has to be tried again.
    Failed {
        /// Why, in our words: nothing that the receiver said is repeated.
        problem: String,
        /// When at the earliest, where the receiver said so.
        retry_after: Option<Duration>,
    },
}

/// The resolver that refuses, as an error of the connection.
#[derive(Clone, Debug, Error)]
#[error("the address {0}")]
struct Refused(TargetRefusal);

/// Resolves names to addresses that may be connected to. All of them must: a name with one public and one private address
/// is a trap.
struct Guard(TargetPolicy);

impl Guard {
    fn checked(policy: &TargetPolicy, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, TargetRefusal> {
        let found: Vec<SocketAddr> = found.into_iter().take(MAX_ADDRESSES).collect();
        if found.is_empty() {
            return Err(TargetRefusal::Unresolved);
        }
        for address in &found {
            policy.check_address(address.ip())?;
        }
        Ok(found)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match Self::checked(&policy, found) {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(refusal) => Err(Box::new(Refused(refusal)) as Box<dyn std::error::Error + Send + Sync>),
            }
        })
    }
}

impl Sender {
    /// A sender to where the policy allows.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(policy: TargetPolicy) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("mcp-pin-registry/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            // A proxy would connect for us, to addresses that nobody checked.
            .no_proxy()
            .dns_resolver(Arc::new(Guard(policy.clone())))
            .build()?;
        Ok(Self { client, policy })
    }

    /// Delivers a message, signed with each of the secrets.
    pub async fn deliver(&self, url: &str, message: &Message, secrets: &[WebhookSecret], timestamp: i64) -> Outcome {
        // Addresses in the URL itself are resolved by nobody, so they are checked here, every time.
        let url = match self.policy.check(url) {
            Ok(url) => url,
            Err(refusal) => return failed(format!("the address {refusal}")),
        };
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signatures(secrets, &message.id, timestamp, &message.body))
            .body(message.body.clone());
        // The body of the answer is not read: there is nothing in it that anybody here needs.
        match request.send().await {
            Ok(response) => outcome(response.status(), retry_after(response.headers())),
            Err(error) => failed(problem(&error)),
        }
    }
}

fn outcome(status: StatusCode, retry_after: Option<Duration>) -> Outcome {
    match status {
        status if status.is_success() => Outcome::Delivered { status: status.as_u16() },
        StatusCode::GONE => Outcome::Gone,
        status => Outcome::Failed { problem: format!("it answers with status {}", status.as_u16()), retry_after },
    }
}

fn failed(problem: String) -> Outcome {
    Outcome::Failed { problem, retry_after: None }
}

/// Why there is no answer. The text of the error holds the address, which may hold a secret; so ours is used.
fn problem(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        source = cause.source();
    }
    if error.is_timeout() {
        format!("it does not answer within {} seconds", TIMEOUT.as_secs())
    } else if error.is_connect() {
        "it cannot be connected to".to_owned()
    } else {
        "the connection ended before an answer".to_owned()
    }
}

/// What a receiver asks for with `Retry-After`, if it asks in seconds.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn t41_a_name_with_one_private_address_is_a_trap() {
        let policy = TargetPolicy::default();
        let address = |text: &str| SocketAddr::new(ip(text), 0);
        assert_eq!(Guard::checked(&policy, vec![address("1.1.1.1")]), Ok(vec![address("1.1.1.1")]));
        let trap = vec![address("1.1.1.1"), address("::ffff:10.0.0.1")];
        assert_eq!(Guard::checked(&policy, trap), Err(TargetRefusal::Address(ip("::ffff:10.0.0.1"))));
        assert_eq!(Guard::checked(&policy, Vec::new()), Err(TargetRefusal::Unresolved));
    }

    #[tokio::test]
    async fn t41_a_name_that_resolves_to_this_machine_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/hook?key=secret", listener.local_addr().unwrap().port());
        let sender = Sender::new(TargetPolicy::default()).unwrap();
        let message = Message { id: "a".to_owned(), body: Vec::new() };
        let Outcome::Failed { problem, .. } = sender.deliver(&url, &message, &[], 0).await else {
            panic!("this machine was reached")
        };
        assert!(problem.contains("which is not a public address"), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
        let connected = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(connected.is_err(), "nobody connected");
    }

    #[test]
    fn only_success_is_success() {
        assert_eq!(outcome(StatusCode::NO_CONTENT, None), Outcome::Delivered { status: 204 });
        assert_eq!(outcome(StatusCode::GONE, None), Outcome::Gone);
        for status in [StatusCode::FOUND, StatusCode::NOT_MODIFIED, StatusCode::BAD_REQUEST, StatusCode::BAD_GATEWAY] {
            assert!(matches!(outcome(status, None), Outcome::Failed { .. }), "{status}");
        }
    }
}
