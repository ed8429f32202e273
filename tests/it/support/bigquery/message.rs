//! HTTP/1.1 messages as they go over the wire: read whole, byte by byte where something may come after them.

use std::io::{self, Read, Write};

/// What a head may measure.
const LONGEST_HEAD: usize = 64 << 10;

/// A request or an answer.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The first line, without its end.
    pub first: String,
    /// Names as they were written, and values.
    pub headers: Vec<(String, String)>,
    /// The body, whole and not in chunks.
    pub body: Vec<u8>,
}

/// How a message says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extent {
    Length(usize),
    Chunked,
    /// It says nothing: a request has no body then, and an answer goes on until the connection ends.
    Unsaid,
}

impl Message {
    /// Reads a head, all but its very last byte; `None` where the connection ends before it. Who closes a connection on
    /// which something is unread resets it.
    pub(super) fn read_head(wire: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r") {
            let mut byte = [0];
            if wire.read(&mut byte)? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            head.push(byte[0]);
            if head.len() > LONGEST_HEAD {
                return Err(io::Error::other("a head of over 64 KiB"));
            }
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.trim_end().split("\r\n");
        let first = lines.next().unwrap_or_default().to_string();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_string(), value.trim().to_string())).collect();
        Ok(Some(Self { first, headers, body: Vec::new() }))
    }

    /// Reads what [`Message::read_head`] left, and the body of a request.
    pub(super) fn read_rest(&mut self, wire: &mut impl Read) -> io::Result<()> {
        wire.read_exact(&mut [0])?;
        match self.extent() {
            Extent::Unsaid => {}
            Extent::Length(length) => {
                self.body.resize(length, 0);
                wire.read_exact(&mut self.body)?;
            }
            Extent::Chunked => self.read_chunks(wire)?,
        }
        Ok(())
    }

    /// Reads a whole request; `None` where the connection ends before it.
    pub fn read(wire: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::read_head(wire)? else { return Ok(None) };
        message.read_rest(wire)?;
        Ok(Some(message))
    }

    /// Reads an answer of a server that was asked to close the connection after it. One that ends before it says it does is
    /// an error.
    pub(super) fn read_answer(wire: &mut impl Read) -> io::Result<Self> {
        let mut answer = Self::read_head(wire)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let has_no_body = ["204", "304"].contains(&answer.word(1));
        match answer.extent() {
            _ if has_no_body => {}
            Extent::Unsaid => {
                wire.read_exact(&mut [0])?;
                wire.read_to_end(&mut answer.body)?;
            }
            _ => answer.read_rest(wire)?,
        }
        Ok(answer)
    }

    fn read_chunks(&mut self, wire: &mut impl Read) -> io::Result<()> {
        loop {
            let line = read_line(wire)?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
            if length == 0 {
                // What may follow the last chunk tells nothing here.
                while !read_line(wire)?.is_empty() {}
                return Ok(());
            }
            let start = self.body.len();
            self.body.resize(start + length, 0);
            wire.read_exact(&mut self.body[start..])?;
            read_line(wire)?;
        }
    }

    pub(super) fn extent(&self) -> Extent {
        if self.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Extent::Chunked;
        }
        self.header("Content-Length").and_then(|value| value.parse().ok()).map_or(Extent::Unsaid, Extent::Length)
    }

    /// A header's value, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(has, _)| has.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// A word of the first line, counted from 0.
    pub fn word(&self, index: usize) -> &str {
        self.first.split(' ').nth(index).unwrap_or_default()
    }

    /// Whether its sender closes the connection after it.
    pub(super) fn is_last(&self) -> bool {
        self.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The message in bytes, with its body's length, and with this to say about the connection.
    pub fn bytes(&self, connection: &str) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.first).into_bytes();
        for (name, value) in &self.headers {
            let is_ours = ["Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive"];
            if !is_ours.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
                let _ = write!(bytes, "{name}: {value}\r\n");
            }
        }
        // A request without a body that said no length is to go on saying none.
        if self.extent() != Extent::Unsaid || self.first.starts_with("HTTP/") && self.word(1) != "204" {
            let _ = write!(bytes, "Content-Length: {}\r\n", self.body.len());
        }
        let _ = write!(bytes, "Connection: {connection}\r\n\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// A line without its end.
fn read_line(wire: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_string())
}
