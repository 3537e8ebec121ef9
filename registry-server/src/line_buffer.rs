//! Log lines on their way to standard error.
//!
//! An answer from memory should not wait for a system call that writes its line. So lines are collected, and a thread
//! writes what has come together every few milliseconds. None is dropped: whoever finds the buffer full writes it
//! out and waits. What a process that is killed outright had said in its last few milliseconds is lost, as it would be
//! in a pipe that nobody read yet; decisions are recorded in the events, not here.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most: nobody who watches notices.
const DELAY: Duration = Duration::from_millis(5);

/// What is collected at most.
const MAX_BYTES: usize = 1 << 20;

/// Lines that were not written yet, and where they go.
pub(crate) struct LineBuffer {
    waiting: Mutex<Vec<u8>>,
    some: Condvar,
    /// What may be collected before whoever logs writes it.
    room: usize,
    // Taken before `waiting` is emptied, so that lines are written in the order in which they came.
    out: Mutex<Box<dyn Write + Send>>,
}

impl LineBuffer {
    /// A buffer whose thread runs for as long as the process.
    pub(crate) fn start(out: impl Write + Send + 'static) -> Arc<Self> {
        let (send, receive) = std::sync::mpsc::channel::<Arc<Self>>();
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            if let Ok(buffer) = receive.recv() {
                buffer.write_for_ever();
            }
        });
        // Without the thread, whoever logs writes.
        let room = if thread.is_ok() { MAX_BYTES } else { 0 };
        let out: Mutex<Box<dyn Write + Send>> = Mutex::new(Box::new(out));
        let buffer = Arc::new(Self { waiting: Mutex::default(), some: Condvar::new(), room, out });
        let _ = send.send(Arc::clone(&buffer));
        buffer
    }

    fn write_for_ever(&self) {
        loop {
            let waiting = lock(&self.waiting);
            drop(self.some.wait_while(waiting, |waiting| waiting.is_empty()).unwrap_or_else(PoisonError::into_inner));
            std::thread::sleep(DELAY);
            self.flush();
        }
    }

    /// Writes what waits. A closed pipe is no reason to stop a server.
    pub(crate) fn flush(&self) {
        let mut out = lock(&self.out);
        let lines = std::mem::take(&mut *lock(&self.waiting));
        let _ = out.write_all(&lines);
        let _ = out.flush();
    }

    fn add(&self, line: &[u8]) {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_full = waiting.len() > self.room;
        drop(waiting);
        if is_full {
            self.flush();
        } else if is_first {
            self.some.notify_one();
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands lines to a buffer.
#[derive(Clone)]
pub(crate) struct LineWriter(pub(crate) Arc<LineBuffer>);

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LineWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_once_and_in_order() {
        let page = Page::default();
        let buffer = LineBuffer::start(page.clone());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let mut writer = LineWriter(Arc::clone(&buffer)).make_writer();
                // More than the buffer holds; each line at once, as they come from the formatter.
                scope.spawn(move || {
                    (0..10_000).for_each(|line| writer.write_all(format!("{thread} {line:060}\n").as_bytes()).unwrap());
                });
            }
        });
        buffer.flush();
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        for thread in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            let numbers: Vec<usize> = own.map(|line| line.parse().unwrap()).collect();
            assert_eq!(numbers, (0..10_000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_line_does_not_wait_for_the_next_one() {
        let page = Page::default();
        let buffer = LineBuffer::start(page.clone());
        LineWriter(buffer).write_all(b"alone\n").unwrap();
        for _ in 0..1_000 {
            if page.0.lock().unwrap().as_slice() == b"alone\n" {
                return;
            }
            std::thread::sleep(DELAY);
        }
        panic!("never written");
    }
}
