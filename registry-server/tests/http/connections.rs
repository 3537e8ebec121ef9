//! Connections that dawdle, and the order to stop.

use std::time::Duration;

use mcp_pin_registry::config::RequestLimits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::TestRegistry;

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(5);

async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("http://").unwrap()).await.unwrap()
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end too.
    let _ = timeout(LONG, stream.read_to_end(&mut text)).await.expect("the connection is closed");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_head_that_never_ends_is_hung_up_on() {
    let mut registry = TestRegistry::with_limits(RequestLimits { header_timeout: SHORT, ..Default::default() }).await;
    let address = registry.listen();
    let mut stream = connect(&address).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    assert!(!read_all(stream).await.contains("200 OK"));
}

#[tokio::test]
async fn a_body_that_never_ends_is_answered_for() {
    let limits = RequestLimits { timeout: SHORT, ..Default::default() };
    let mut registry = TestRegistry::with_limits(limits).await;
    let address = registry.listen();
    let mut stream = connect(&address).await;
    let head = format!(
        "POST /v1/submissions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 1000\r\n\r\n{{",
        registry.admin_token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    timeout(LONG, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
}

/// Without a token even, and answered long ago: such connections were kept for as long as the client liked.
#[tokio::test]
async fn a_body_that_never_ends_does_not_keep_its_connection() {
    let limits = RequestLimits { timeout: SHORT, ..Default::default() };
    let mut registry = TestRegistry::with_limits(limits).await;
    let address = registry.listen();
    for path in ["/v0.1/validate", "/v1/resolve"] {
        let mut stream = connect(&address).await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{{");
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(read_all(stream).await.starts_with("HTTP/1.1 503"), "{path}");
    }
}

/// A client that asks on and on and reads nothing: once all buffers were full, its connection was kept for ever.
#[tokio::test]
async fn a_client_that_never_reads_is_hung_up_on() {
    let limits = RequestLimits { timeout: SHORT, ..Default::default() };
    let mut registry = TestRegistry::with_limits(limits).await;
    let address = registry.listen();
    let mut stream = connect(&address).await;
    let hung_up = async {
        while stream.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {
            // A pause, so that the end of the connection is seen by the next attempt and not buried under many.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(4 * LONG, hung_up).await.expect("the connection is closed");
}

#[tokio::test]
async fn connections_wait_for_their_turn() {
    let limits = RequestLimits { connections: 1, header_timeout: SHORT, ..Default::default() };
    let mut registry = TestRegistry::with_limits(limits).await;
    let address = registry.listen();
    let idle = connect(&address).await;
    let mut second = connect(&address).await;
    second.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(read_all(second).await.starts_with("HTTP/1.1 200 OK"), "as soon as the idle one is hung up on");
    drop(idle);
}

#[tokio::test]
async fn a_raw_nul_byte_in_the_address_is_a_bad_request() {
    let mut registry = TestRegistry::new().await;
    let address = registry.listen();
    let mut stream = connect(&address).await;
    stream.write_all(b"GET /v0.1/servers/a\0b HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(read_all(stream).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn stopping_does_not_wait_for_idle_connections() {
    let mut registry = TestRegistry::new().await;
    let (address, running, stop) = registry.listen_until_told();
    let mut idle = connect(&address).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    stop.send(()).unwrap();
    timeout(LONG, running).await.expect("it stops").unwrap();
    assert!(TcpStream::connect(address.strip_prefix("http://").unwrap()).await.is_err());
}
