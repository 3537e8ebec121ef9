//! Captures of scenarios over in-memory streams.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use mcp_pin_mcp::{CaptureError, CaptureOptions, Captured, capture_stream};
use mcp_pin_test_support::fake::{Scenario, serve};
use tokio::io::AsyncWrite;

use crate::common::quick;

/// Captures a scenario.
pub(crate) async fn capture_scenario(scenario: Scenario, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (server_reads, server_writes) = tokio::io::split(theirs);
    let server = tokio::spawn(serve(scenario, server_reads, server_writes));
    let (reader, writer) = tokio::io::split(ours);
    let captured = capture_stream(reader, writer, options).await;
    server.abort();
    captured
}

/// The error of a capture that must fail.
pub(crate) async fn error_of(scenario: Scenario) -> CaptureError {
    match capture_scenario(scenario, &quick()).await {
        Ok(captured) => panic!("captured a surface: {}", captured.surface.digest()),
        Err(error) => error,
    }
}

/// Everything that a capture sends.
pub(crate) async fn sent_by_capture(scenario: Scenario, options: &CaptureOptions) -> String {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (server_reads, server_writes) = tokio::io::split(theirs);
    let server = tokio::spawn(serve(scenario, server_reads, server_writes));
    let (reader, writer) = tokio::io::split(ours);
    let record = Arc::new(Mutex::new(Vec::new()));
    let writer = Recorder { writer, record: Arc::clone(&record) };
    capture_stream(reader, writer, options).await.unwrap();
    server.abort();
    let bytes = record.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Captures from a server that says exactly this.
pub(crate) async fn capture_bytes(bytes: Vec<u8>, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    capture_stream(std::io::Cursor::new(bytes), tokio::io::sink(), options).await
}

struct Recorder<W> {
    writer: W,
    record: Arc<Mutex<Vec<u8>>>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Recorder<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.writer).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.record.lock().unwrap().extend_from_slice(&bytes[..*count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
