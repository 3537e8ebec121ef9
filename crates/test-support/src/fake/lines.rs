//! The stdio form, over any pair of streams.

use std::{io, time::Duration};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::{Engine, Scenario, Step, parse};

/// Serves a scenario until the input ends; gives back the exit code.
///
/// # Errors
/// When the other side is gone.
pub async fn serve<R, W>(scenario: Scenario, reader: R, mut writer: W) -> io::Result<i32>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let start = scenario.start.clone();
    tokio::time::sleep(Duration::from_millis(start.sleep_ms)).await;
    for line in &start.stdout {
        write_line(&mut writer, line).await?;
    }
    if let Some(code) = start.exit {
        return Ok(code);
    }
    let mut engine = Engine::new(scenario);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let Some(message) = parse(line.as_bytes()) else { continue };
        for step in engine.steps(&message) {
            match step {
                Step::Line(line) => write_line(&mut writer, &line).await?,
                Step::SleepMs(time) => tokio::time::sleep(Duration::from_millis(time)).await,
                Step::Exit(code) => return Ok(code),
                Step::Hang => std::future::pending().await,
                Step::Flood(size) => {
                    let piece = vec![b'x'; 1 << 16];
                    for _ in 0..size.div_ceil(piece.len()) {
                        writer.write_all(&piece).await?;
                    }
                    writer.flush().await?;
                }
                // The engine has made lines of these.
                Step::Reply => {}
            }
        }
    }
    if start.stubborn {
        std::future::pending::<()>().await;
    }
    Ok(0)
}

async fn write_line<W: AsyncWrite + Unpin>(writer: &mut W, line: &str) -> io::Result<()> {
    writer.write_all(line.as_bytes()).await?;
    writer.write_all(b"\n").await?;
    writer.flush().await
}
