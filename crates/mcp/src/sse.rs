//! Event streams (HTML Living Standard, section 9.2), as far as MCP uses them.

use crate::CaptureError;

/// Cuts a stream of bytes into events.
#[derive(Debug)]
pub(crate) struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    event: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it belongs to the same line end.
    after_return: bool,
    first_line: bool,
    limit: usize,
}

impl EventReader {
    /// Refuses events of more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            event: Vec::new(),
            after_return: false,
            first_line: true,
            limit,
        }
    }

    /// Takes in a piece of the stream; gives out the data of the `message` events that it completes.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, CaptureError> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_return)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.data.len() + part.len() > self.limit {
                return Err(CaptureError::TooLarge { what: "bytes in one message", limit: self.limit });
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if let Some((&end, rest)) = bytes.split_first() {
                self.after_return = end == b'\r';
                bytes = rest;
                events.extend(self.end_of_line());
            }
        }
        Ok(events)
    }

    fn end_of_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        // One byte order mark at the start of the stream is no part of it.
        if std::mem::replace(&mut self.first_line, false) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => self.event = value.to_vec(),
            // A comment (empty field name), `id` and `retry` (streams are not resumed), or nothing known.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Vec<u8>> {
        let data = std::mem::take(&mut self.data);
        let event = std::mem::take(&mut self.event);
        let has_data = std::mem::take(&mut self.has_data);
        // Servers prime a stream with an event that has an id and empty data.
        (has_data && !data.is_empty() && (event.is_empty() || event == b"message")).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a stream, however it is cut into pieces.
    fn events(stream: &str) -> Vec<String> {
        let read = |size: usize| {
            let mut reader = EventReader::new(1_000);
            let mut events = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                events.extend(reader.push(piece).unwrap());
            }
            events.into_iter().map(|event| String::from_utf8(event).unwrap()).collect::<Vec<_>>()
        };
        let whole = read(stream.len());
        for size in 1..stream.len() {
            assert_eq!(read(size), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn every_kind_of_line_end_is_one() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = "data: a|data: b||data:c||".replace('|', end);
            assert_eq!(events(&stream), ["a\nb", "c"], "{end:?}");
        }
    }

    #[test]
    fn only_messages_with_data_count() {
        let stream = "\u{feff}: comment\n\nid: 1\nretry: 5\ndata:\n\nevent: other\ndata: no\n\nevent: message\n\
                      data:  yes\n\ndata\n\ndata: unfinished\n";
        assert_eq!(events(stream), [" yes"]);
    }

    #[test]
    fn t46_long_events_are_refused_whether_in_one_line_or_many() {
        for stream in ["data: ".to_owned() + &"x".repeat(2_000), "data: xxxxxxxx\n".repeat(200)] {
            let refused = EventReader::new(1_000).push(stream.as_bytes());
            assert!(matches!(refused, Err(CaptureError::TooLarge { limit: 1_000, .. })));
        }
    }
}
