//! The site over HTTP, for this machine alone.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use tiny_http::Header;
use tiny_http::Method;
use tiny_http::Request;
use tiny_http::Response;
use tiny_http::Server;

use super::folder::INDEX;
use crate::error::Error;
use crate::error::Result;

/// How soon it is noticed that somebody wants it to end.
const LOOK: Duration = Duration::from_millis(100);

/// A door on which the site is waited for.
pub struct Served {
    server: Server,
    port: u16,
}

impl Served {
    /// Takes a port of 127.0.0.1; 0 is any that is free.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn at(port: u16) -> Result<Self> {
        let server = Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Error::call(format!("cannot serve on port {port}"))
                .because(error.to_string())
                .help("choose another one with `--port`; 0 is any that is free")
        })?;
        let port = server.server_addr().to_ip().map_or(port, |address| address.port());
        Ok(Self { server, port })
    }

    /// Where to look.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Answers until it is to stop.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn answer(&self, folder: &Path, is_stopped: impl Fn() -> bool) -> Result<()> {
        while !is_stopped() {
            let request = self.server.recv_timeout(LOOK);
            let request = request.map_err(|error| Error::call("cannot serve any more").because(error))?;
            if let Some(request) = request {
                reply(request, folder);
            }
        }
        Ok(())
    }
}

/// A reader that has gone away is no error.
fn reply(request: Request, folder: &Path) {
    if !matches!(request.method(), Method::Get | Method::Head) {
        let _ = request.respond(text(405, "this is a site to read\n").with_header(header("Allow", "GET, HEAD")));
        return;
    }
    let found = file_of(request.url()).and_then(|name| Some((std::fs::read(folder.join(name)).ok()?, kind_of(name)?)));
    let _ = match found {
        Some((bytes, kind)) => request.respond(
            Response::from_data(bytes)
                .with_header(header("Content-Type", kind))
                .with_header(header("X-Content-Type-Options", "nosniff"))
                .with_header(header("Cache-Control", "no-cache")),
        ),
        None => request.respond(text(404, "there is no such page\n")),
    };
}

/// The name of the file that a request means: all of the site's lie in one folder, and no name of theirs has to be decoded.
fn file_of(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    let name = if path.is_empty() { INDEX } else { path };
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte));
    (is_plain && !name.starts_with('.')).then_some(name)
}

fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        _ => return None,
    })
}

fn text(status: u16, text: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    Response::from_string(text).with_status_code(status)
}

fn header(name: &'static str, value: &'static str) -> Header {
    // Both are constants in ASCII.
    Header::from_bytes(name, value).unwrap_or_else(|()| unreachable!("a header in ASCII"))
}
