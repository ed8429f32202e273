//! A network that does its worst: a proxy between `cp` and the emulator, or any server of plain HTTP/1.1, that passes
//! requests on, or does with some of them what networks, balancers and crashes do. It leaves the header `Host` as it is,
//! so that the address that an upload is given leads through it too.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::message::{Extent, Message};

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// It is forwarded, and the answer is given.
    Pass,
    /// It never arrives; the connection is closed.
    Drop,
    /// It arrives this much later, also where the client no longer waits.
    Delay(Duration),
    /// It arrives twice; the second answer is given.
    Repeat,
    /// It never arrives, and the answer is somebody else's.
    Garble(Garbage),
    /// It arrives; its answer does not, the connection is closed.
    Lose,
    /// It arrives; its answer is cut in the middle of its body (or of its head, where it has none), and the connection is
    /// closed.
    Cut,
    /// Half of its body is taken, then the connection is reset: it never arrives.
    Reset,
}

/// An answer that is not BigQuery's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Garbage {
    /// 503 with a page of HTML.
    Page,
    /// 502 without a body.
    Nothing,
    /// 200 with text that is no JSON.
    Text,
}

/// All that can be done with a request but to pass it on.
pub const MISCHIEF: [Act; 9] = [
    Act::Drop,
    Act::Delay(Duration::from_millis(300)),
    Act::Repeat,
    Act::Garble(Garbage::Page),
    Act::Garble(Garbage::Nothing),
    Act::Garble(Garbage::Text),
    Act::Lose,
    Act::Cut,
    Act::Reset,
];

/// A request whose head has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its number among all requests, from 1.
    pub number: usize,
    /// Its number among those of the same method and path, from 1: 2 is the first that may be another try.
    pub alike: usize,
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body's length in bytes, where it is said beforehand.
    pub length: Option<usize>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    pub asked: Asked,
    pub act: Act,
    /// What the server answered, where it was asked and did (the second answer of two).
    pub status: Option<u16>,
}

/// A plan for a whole run: one request in so many meets some mischief. The same seed does the same to a request of the same
/// number, on every machine.
pub fn random(seed: u64, one_in: u64) -> impl Fn(&Asked) -> Act + Send + Sync + 'static {
    move |asked| {
        let draw = mixed(mixed(seed).wrapping_add(asked.number as u64));
        match draw % one_in {
            0 => MISCHIEF[(draw / one_in) as usize % MISCHIEF.len()],
            _ => Act::Pass,
        }
    }
}

/// A number that looks like chance: a step of SplitMix64.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The proxy; gone when dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

struct State {
    /// The server's host and port.
    server: String,
    rule: Box<dyn Fn(&Asked) -> Act + Send + Sync>,
    log: Mutex<Vec<Deed>>,
    is_over: AtomicBool,
}

impl Proxy {
    /// A proxy before the server at this host and port; the rule says what is to be done with each request.
    pub fn start(server: impl Into<String>, rule: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = AtomicBool::new(false);
        let state = Arc::new(State { server: server.into(), rule: Box::new(rule), log: Mutex::default(), is_over });
        let shared = Arc::clone(&state);
        let listener = thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that hangs up, or a server that is gone, ends a connection and nothing else.
                thread::spawn(move || shared.serve(client));
            }
        });
        Self { address, state, listener: Some(listener) }
    }

    /// Its address without a scheme, in place of the server's.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What it did so far, in the order in which requests began.
    pub fn log(&self) -> Vec<Deed> {
        self.state.log.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // One last client, so that the listener looks up.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.listener.take().map(JoinHandle::join);
        }
        if thread::panicking() {
            let mischief = self.log().into_iter().filter(|deed| deed.act != Act::Pass);
            mischief.for_each(|deed| eprintln!("the proxy did {:?} to {:?}: {:?}", deed.act, deed.asked, deed.status));
        }
    }
}

impl State {
    /// Serves a client until one of both closes the connection.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        while let Some(request) = Message::read_head(&mut client)? {
            // The head's last byte is there, and unread.
            client.peek(&mut [0])?;
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            let is_last = request.is_last();
            if !self.treat(request, &mut client)? || is_last {
                break;
            }
        }
        Ok(())
    }

    /// Does with a request what the rule says; whether the connection may go on.
    fn treat(&self, mut request: Message, client: &mut TcpStream) -> io::Result<bool> {
        let (asked, act) = self.begin(&request);
        if act == Act::Reset {
            return reset(&request, client);
        }
        request.read_rest(client)?;
        match act {
            Act::Reset | Act::Drop => return Ok(false),
            Act::Garble(garbage) => {
                client.write_all(&garbage.message().bytes("keep-alive"))?;
                return Ok(true);
            }
            Act::Delay(time) => thread::sleep(time),
            Act::Repeat => drop(self.forward(&request)?),
            Act::Pass | Act::Lose | Act::Cut => {}
        }
        let answer = self.forward(&request)?;
        self.log.lock().unwrap()[asked.number - 1].status = answer.word(1).parse().ok();
        let bytes = answer.bytes(if request.is_last() { "close" } else { "keep-alive" });
        match act {
            Act::Lose => Ok(false),
            Act::Cut => {
                let head = bytes.len() - answer.body.len();
                let half = if answer.body.len() > 1 { head + answer.body.len() / 2 } else { head / 2 };
                client.write_all(&bytes[..half]).map(|()| false)
            }
            _ => client.write_all(&bytes).map(|()| true),
        }
    }

    /// Numbers a request, asks the rule what is to be done, and writes it down.
    fn begin(&self, request: &Message) -> (Asked, Act) {
        let (method, path) = (request.word(0).to_string(), request.word(1).to_string());
        let length = match request.extent() {
            Extent::Length(length) => Some(length),
            Extent::Unsaid => Some(0),
            Extent::Chunked => None,
        };
        let asked = {
            let mut log = self.log.lock().unwrap();
            let is_alike = |deed: &&Deed| deed.asked.method == method && deed.asked.path == path;
            let alike = log.iter().filter(is_alike).count() + 1;
            let asked = Asked { number: log.len() + 1, alike, method, path, length };
            log.push(Deed { asked: asked.clone(), act: Act::Pass, status: None });
            asked
        };
        // Nothing is held meanwhile: a rule may take its time, look at the log, or kill the server.
        let act = (self.rule)(&asked);
        self.log.lock().unwrap()[asked.number - 1].act = act;
        (asked, act)
    }

    /// What the server answers.
    fn forward(&self, request: &Message) -> io::Result<Message> {
        let mut server = TcpStream::connect(&self.server)?;
        server.set_nodelay(true)?;
        server.write_all(&request.bytes("close"))?;
        Message::read_answer(&mut server)
    }
}

/// Takes half of a request's body. What is left of it unread, or the head's last byte where there is no body, makes the
/// kernel reset the connection when it is closed.
fn reset(request: &Message, client: &mut TcpStream) -> io::Result<bool> {
    let half = match request.extent() {
        Extent::Length(length) if length > 0 => length / 2,
        Extent::Chunked => 1,
        _ => return Ok(false),
    };
    io::copy(&mut client.take(1 + half as u64), &mut io::sink())?;
    client.peek(&mut [0])?;
    Ok(false)
}

impl Garbage {
    fn message(self) -> Message {
        let (first, kind, body) = match self {
            Self::Page => ("HTTP/1.1 503 Service Unavailable", "text/html", "<html><h1>503</h1>Try again.</html>\n"),
            Self::Nothing => ("HTTP/1.1 502 Bad Gateway", "text/plain", ""),
            Self::Text => ("HTTP/1.1 200 OK", "text/plain", "upstream is warming up\n"),
        };
        let headers = vec![("Content-Type".to_string(), kind.to_string())];
        Message { first: first.to_string(), headers, body: body.as_bytes().to_vec() }
    }
}
