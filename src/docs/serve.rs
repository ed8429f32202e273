//! The site over HTTP, for this machine alone.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::header::ALLOW;
use hyper::header::CACHE_CONTROL;
use hyper::header::CONTENT_TYPE;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use hyper::header::X_CONTENT_TYPE_OPTIONS;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;

use super::folder::INDEX;
use crate::error::Error;
use crate::error::Result;

/// How soon it is noticed that somebody wants it to end.
const LOOK: Duration = Duration::from_millis(100);

const PLAIN: &str = "text/plain; charset=utf-8";

/// A door on which the site is waited for.
pub struct Served {
    listener: TcpListener,
    port: u16,
}

impl Served {
    /// Takes a port of 127.0.0.1; 0 is any that is free.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn at(port: u16) -> Result<Self> {
        let open = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            listener.set_nonblocking(true)?;
            Ok(Self { port: listener.local_addr()?.port(), listener })
        };
        open().map_err(|error: std::io::Error| {
            Error::call(format!("cannot serve on port {port}"))
                .because(error.to_string())
                .help("choose another one with `--port`; 0 is any that is free")
        })
    }

    /// Where to look.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Answers until it is to stop; answers that are on their way then end there. A reader who is slow, or who sends what
    /// nobody asked for, keeps no other one waiting.
    ///
    /// # Errors
    /// When there is no way to wait for readers.
    pub fn answer(self, folder: &Path, is_stopped: impl Fn() -> bool) -> Result<()> {
        let cannot = |error| Error::call("cannot serve any more").because(error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let folder: Arc<Path> = folder.into();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(cannot)?;
            while !is_stopped() {
                let Ok(accepted) = tokio::time::timeout(LOOK, listener.accept()).await else { continue };
                let Ok((stream, _)) = accepted else {
                    // Too many readers at once, say: it gets better when some of them leave.
                    tokio::time::sleep(LOOK).await;
                    continue;
                };
                let folder = folder.clone();
                let service = service_fn(move |request| {
                    let answer = reply(&request, &folder);
                    async { Ok::<_, Infallible>(answer) }
                });
                let mut server = http1::Builder::new();
                // A reader that has gone away is no error.
                tokio::spawn(server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service));
            }
            Ok(())
        })
    }
}

/// The page that a request means. What it brings along is never read.
fn reply<Body>(request: &Request<Body>, folder: &Path) -> Response<String> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "this is a site to read\n", PLAIN, (ALLOW, "GET, HEAD"));
    }
    let page = |name: &str| Some((std::fs::read_to_string(folder.join(name)).ok()?, kind_of(name)?));
    match file_of(request.uri().path()).and_then(page) {
        Some((text, kind)) => answer(StatusCode::OK, text, kind, (CACHE_CONTROL, "no-cache")),
        None => answer(StatusCode::NOT_FOUND, "there is no such page\n", PLAIN, (CACHE_CONTROL, "no-cache")),
    }
}

/// The name of the file that a request means: all of the site's lie in one folder, and no name of theirs has to be decoded.
fn file_of(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
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

fn answer(
    status: StatusCode,
    text: impl Into<String>,
    kind: &'static str,
    header: (HeaderName, &'static str),
) -> Response<String> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    for (name, value) in [(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff"), header] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
