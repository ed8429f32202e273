//! The BigQuery that tests use, by itself: the emulator keeps what was committed and is read back as it is, a proxy before
//! it does to requests what it says it does, and a machine without Python is told what to install.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ureq::{Agent, SendBody};

use crate::support::Call;
use crate::support::bigquery::Act;
use crate::support::bigquery::Asked;
use crate::support::bigquery::BigQuery;
use crate::support::bigquery::Dataset;
use crate::support::bigquery::Deed;
use crate::support::bigquery::Garbage;
use crate::support::bigquery::MISCHIEF;
use crate::support::bigquery::Message;
use crate::support::bigquery::PROJECT;
use crate::support::bigquery::Proxy;
use crate::support::bigquery::random;
use crate::support::is_thorough;

/// More than one page of an answer.
const MANY: usize = 45_000;

/// A dataset with a table `sales`.
fn shop(server: &BigQuery) -> Dataset<'_> {
    let dataset = server.fresh_dataset();
    server.execute(&format!(
        "CREATE SCHEMA `{dataset}`;
         CREATE TABLE `{dataset}.sales` (id INT64 NOT NULL, price NUMERIC, at TIMESTAMP, day DATE, tags ARRAY<STRING>)
         PARTITION BY day CLUSTER BY id;"
    ));
    dataset
}

#[test]
fn what_is_in_a_table_is_read_back() {
    let Some(server) = BigQuery::shared() else { return };
    let dataset = shop(server);
    let at = "TIMESTAMP '2026-01-02 03:04:05.123456+00'";
    server.execute(&format!(
        "INSERT INTO `{dataset}.sales` VALUES
           (1, NUMERIC '1.50', {at}, DATE '2026-01-02', ['a', 'b']), (2, NULL, NULL, NULL, []);
         INSERT INTO `{dataset}.sales` (id) SELECT n FROM UNNEST(GENERATE_ARRAY(3, {MANY})) AS n;"
    ));
    let told = |cells: [Option<&str>; 5]| cells.map(|cell| cell.map(str::to_string)).to_vec();
    let rows = server.rows(&dataset, "SELECT * FROM sales ORDER BY id LIMIT 2");
    let first =
        [Some("1"), Some("1.5"), Some("1767323045123456"), Some("2026-01-02"), Some(r#"[{"v":"a"},{"v":"b"}]"#)];
    assert_eq!(rows, [told(first), told([Some("2"), None, None, None, Some("[]")])]);
    let ids = server.rows(&dataset, "SELECT id FROM sales ORDER BY id");
    assert!(ids.into_iter().eq((1..=MANY).map(|id| vec![Some(id.to_string())])), "some pages are wrong");
    let table = server.table(&dataset, "sales");
    assert_eq!(table["timePartitioning"], json!({"type": "DAY", "field": "day"}));
    assert_eq!(table["clustering"], json!({"fields": ["id"]}));
    assert_eq!(table["schema"]["fields"][0], json!({"name": "id", "type": "INTEGER", "mode": "REQUIRED"}));
    assert_eq!((server.tables(&dataset), server.tables("nowhere")), (vec!["sales".to_string()], vec![]));
    let refused = server.try_rows(&dataset, "SELECT nothing FROM sales").unwrap_err();
    assert!(refused.contains("nothing"), "{refused}");
    let is_this = |job: &&Value| job["configuration"]["query"]["query"].as_str().unwrap_or("").contains(&*dataset);
    assert_eq!((server.jobs().iter().filter(is_this).count(), server.load_jobs(&dataset).len()), (2, 0));
}

#[test]
fn tests_that_share_a_server_do_not_share_a_dataset() {
    let Some(one) = BigQuery::shared() else { return };
    assert_eq!(BigQuery::shared().unwrap().host(), one.host());
    assert_ne!(*one.fresh_dataset(), *one.fresh_dataset());
}

#[test]
fn what_is_committed_outlives_the_server() {
    if !is_thorough() {
        return;
    }
    let Some(server) = BigQuery::start() else { return };
    let dataset = shop(&server);
    let host = server.host();
    server.execute(&format!("INSERT INTO `{dataset}.sales` (id) VALUES (7)"));
    server.kill();
    assert!(TcpStream::connect(&host).is_err());
    server.restart();
    assert_eq!(server.host(), host);
    assert_eq!(server.rows(&dataset, "SELECT id FROM sales"), [[Some("7".to_string())]]);
}

/// A multipart upload of a job that loads one row, as any client sends it.
fn upload(host: &str, dataset: &str, job: &str) -> Result<(u16, Value), ureq::Error> {
    let row = r#"{"id": 1}"#;
    let parts = [("application/json", load(dataset, job).to_string()), ("application/octet-stream", row.to_string())];
    let part = |(kind, text)| format!("--B\r\nContent-Type: {kind}\r\n\r\n{text}\r\n");
    let body = parts.map(part).concat() + "--B--\r\n";
    let address = format!("http://{host}/upload/bigquery/v2/projects/{PROJECT}/jobs?uploadType=multipart");
    let request = client().post(address).content_type("multipart/related; boundary=B");
    let mut answer = request.send(body)?;
    let text = answer.body_mut().read_to_string()?;
    Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

fn load(dataset: &str, job: &str) -> Value {
    let table = json!({"projectId": PROJECT, "datasetId": dataset, "tableId": "sales"});
    let load = json!({"destinationTable": table, "sourceFormat": "NEWLINE_DELIMITED_JSON"});
    json!({"jobReference": {"projectId": PROJECT, "jobId": job}, "configuration": {"load": load}})
}

#[test]
fn uploads_go_through_a_proxy() {
    let Some(server) = BigQuery::shared() else { return };
    let dataset = shop(server);
    let job = |number: u8| format!("{dataset}_{number}");
    let acts = [Act::Pass, Act::Repeat, Act::Lose, Act::Reset, Act::Garble(Garbage::Page)];
    let proxy =
        Proxy::start(server.host(), move |asked: &Asked| acts.get(asked.number - 1).copied().unwrap_or(Act::Pass));
    assert_eq!(upload(&proxy.host(), &dataset, &job(1)).unwrap().0, 200);
    // The server took the first, and says so to the second.
    assert_eq!(upload(&proxy.host(), &dataset, &job(2)).unwrap().0, 409);
    assert!(upload(&proxy.host(), &dataset, &job(3)).is_err());
    assert!(upload(&proxy.host(), &dataset, &job(4)).is_err());
    assert_eq!(upload(&proxy.host(), &dataset, &job(5)).unwrap().0, 503);
    let statuses: Vec<Option<u16>> = proxy.log().iter().map(|deed| deed.status).collect();
    assert_eq!(statuses, [Some(200), Some(409), Some(200), None, None]);
    // An upload in parts comes back to the proxy.
    let address = format!("http://{}/upload/bigquery/v2/projects/{PROJECT}/jobs?uploadType=resumable", proxy.host());
    let session = client().post(address).content_type("application/json").send(load(&dataset, &job(6)).to_string());
    let session = session.unwrap().headers()["Location"].to_str().unwrap().to_string();
    assert!(session.starts_with(&format!("http://{}/", proxy.host())), "{session}");
    let last = client().put(session).header("Content-Range", "bytes 0-8/9").send(r#"{"id": 2}"#).unwrap();
    assert_eq!((last.status().as_u16(), proxy.log().len()), (200, 7));
    let done = |wanted: u8| server.call("GET", &format!("/jobs/{}", job(wanted)), None);
    let limit = Instant::now() + Duration::from_secs(90);
    while [1, 2, 3, 6].iter().any(|number| done(*number).1["status"]["state"] != "DONE") {
        assert!(Instant::now() < limit, "{:?}", done(6));
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!((done(4).0, done(5).0, server.load_jobs(&dataset).len()), (404, 404, 4));
    let rows = server.rows(&dataset, "SELECT id, count(*) FROM sales GROUP BY id ORDER BY id");
    assert_eq!(rows, [[1, 3], [2, 1]].map(|row| row.map(|cell| Some(cell.to_string())).to_vec()));
}

/// A server that answers with what it was asked, and how often it was.
struct Echo {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let echo = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&echo.seen);
        thread::spawn(move || {
            for mut wire in listener.incoming().flatten() {
                let Ok(Some(request)) = Message::read(&mut wire) else { continue };
                let body = format!("{} {} {}", seen.lock().unwrap().len() + 1, request.first, request.body.len());
                let first = "HTTP/1.1 201 Created".to_string();
                let answer = Message { first, headers: Vec::new(), body: body.into_bytes() };
                seen.lock().unwrap().push(request);
                let _ = wire.write_all(&answer.bytes("close"));
            }
        });
        echo
    }

    /// A proxy before it that does this with everything, and what a client's upload of this many bytes meets.
    fn meet(&self, act: Act, length: usize) -> (Proxy, Result<(u16, String), ureq::Error>) {
        let proxy = Proxy::start(self.address.to_string(), move |_| act);
        let sent = client().post(format!("http://{}/a?b=c", proxy.host())).send(vec![b'x'; length]);
        let answer = sent.and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
        (proxy, answer)
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn client() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false).proxy(None);
    config.timeout_global(Some(Duration::from_secs(120))).build().new_agent()
}

#[test]
fn the_proxy_passes_requests_on_as_they_are() {
    let echo = Echo::start();
    let (proxy, answer) = echo.meet(Act::Pass, 5);
    assert_eq!(answer.unwrap(), (201, "1 POST /a?b=c HTTP/1.1 5".to_string()));
    let client = client();
    let address = |path: &str| format!("http://{}{path}", proxy.host());
    // In chunks, on a connection that is kept, without a body, and two requests alike.
    let chunks = std::io::Read::take(std::io::repeat(b'y'), 200_000);
    let sent = client.put(address("/chunks")).send(SendBody::from_owned_reader(chunks));
    assert_eq!(sent.unwrap().body_mut().read_to_string().unwrap(), "2 PUT /chunks HTTP/1.1 200000");
    for number in [3, 4] {
        let answer = client.get(address("/alike")).header("X-Test", "kept").call();
        let expected = format!("{number} GET /alike HTTP/1.1 0");
        assert_eq!(answer.unwrap().body_mut().read_to_string().unwrap(), expected);
    }
    let seen = echo.seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.header("Host") == Some(&proxy.host())), "{seen:?}");
    assert_eq!(seen[3].header("x-test"), Some("kept"));
    let log = proxy.log();
    let told = |deed: &Deed| (deed.asked.number, deed.asked.alike, deed.asked.length);
    assert_eq!(
        log.iter().map(told).collect::<Vec<_>>(),
        [(1, 1, Some(5)), (2, 1, None), (3, 1, Some(0)), (4, 2, Some(0))]
    );
    assert_eq!((log[1].asked.method.as_str(), log[1].asked.path.as_str()), ("PUT", "/chunks"));
    assert!(log.iter().all(|deed| deed.act == Act::Pass && deed.status == Some(201)), "{log:?}");
}

#[test]
fn the_proxy_does_what_it_says() {
    let large = 8 << 20;
    // What is done, whether a client gets an answer, how often the server is asked, and what is noted of its answer.
    let expected = [
        (Act::Drop, None, 0, None),
        (Act::Delay(Duration::from_millis(50)), Some(201), 1, Some(201)),
        (Act::Repeat, Some(201), 2, Some(201)),
        (Act::Garble(Garbage::Page), Some(503), 0, None),
        (Act::Garble(Garbage::Nothing), Some(502), 0, None),
        (Act::Garble(Garbage::Text), Some(200), 0, None),
        (Act::Lose, None, 1, Some(201)),
        (Act::Cut, None, 1, Some(201)),
        (Act::Reset, None, 0, None),
    ];
    for (act, status, count, noted) in expected {
        for length in [0, 1, 10, large] {
            let echo = Echo::start();
            let start = Instant::now();
            let (proxy, answer) = echo.meet(act, length);
            let told = format!("{act:?} with {length} bytes: {answer:?}");
            assert_eq!(answer.as_ref().ok().map(|answer| answer.0), status, "{told}");
            assert_eq!(echo.count(), count, "{told}");
            assert_eq!(proxy.log().iter().map(|deed| (deed.act, deed.status)).collect::<Vec<_>>(), [(act, noted)]);
            match (act, &answer) {
                (Act::Delay(time), _) => assert!(start.elapsed() >= time, "{told}"),
                (Act::Repeat, Ok((_, text))) => assert!(text.starts_with("2 "), "{told}"),
                (Act::Garble(_), Ok((_, text))) => assert!(serde_json::from_str::<Value>(text).is_err(), "{told}"),
                _ => {}
            }
        }
    }
}

/// What a client of plain sockets gets to see: the bytes of an answer, and how the connection ended.
fn raw(proxy: &Proxy, request: &str) -> (String, Option<ErrorKind>) {
    let mut wire = TcpStream::connect(proxy.host()).unwrap();
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    wire.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let end = wire.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), end)
}

#[test]
fn a_reset_is_one_and_a_cut_is_none() {
    let echo = Echo::start();
    let post = "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody";
    let chunks = "POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    let get = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    for request in [post, chunks, get] {
        let proxy = Proxy::start(echo.address.to_string(), |_| Act::Reset);
        assert_eq!(raw(&proxy, request), (String::new(), Some(ErrorKind::ConnectionReset)), "{request}");
        for act in [Act::Drop, Act::Lose] {
            let proxy = Proxy::start(echo.address.to_string(), move |_| act);
            assert_eq!(raw(&proxy, request), (String::new(), None), "{request}");
        }
        let proxy = Proxy::start(echo.address.to_string(), |_| Act::Cut);
        let (cut, end) = raw(&proxy, request);
        assert!(end.is_none() && cut.contains("\r\n\r\n") && !cut.ends_with(['0', '4']), "{request}: {cut}");
    }
    // A client that hangs up, or a server that is gone, is the end of a connection, not of the proxy.
    let proxy = Proxy::start(echo.address.to_string(), |_| Act::Pass);
    drop(TcpStream::connect(proxy.host()).unwrap());
    TcpStream::connect(proxy.host()).unwrap().write_all(&post.as_bytes()[..30]).unwrap();
    TcpStream::connect(proxy.host()).unwrap().write_all(post.as_bytes()).unwrap();
    let last = get.replace("Host", "Connection: close\r\nHost");
    assert!(raw(&proxy, &last).0.starts_with("HTTP/1.1 201 Created\r\n"));
    let gone = Proxy::start("127.0.0.1:1", |_| Act::Pass);
    assert_eq!(raw(&gone, get), (String::new(), None));
    let (host, _) = (gone.host(), drop(gone));
    assert!(TcpStream::connect(host).is_err());
}

#[test]
fn a_seed_is_a_plan() {
    let echo = Echo::start();
    let acts = |seed: u64| {
        let proxy = Proxy::start(echo.address.to_string(), random(seed, 3));
        for _ in 0..60 {
            let _ = client().post(format!("http://{}/", proxy.host())).send("text");
        }
        let log = proxy.log();
        log.into_iter().map(|deed| deed.act).collect::<Vec<Act>>()
    };
    let (one, other) = thread::scope(|scope| {
        let others = scope.spawn(|| acts(2));
        (acts(1), others.join().unwrap())
    });
    assert!(one != other && one.len() == 60, "{one:?}");
    let mischief = one.iter().filter(|act| **act != Act::Pass).count();
    assert!((10..=30).contains(&mischief), "{one:?}");
    let every: Vec<Act> = one.into_iter().chain(other).collect();
    assert!(MISCHIEF.iter().all(|act| every.contains(act)), "{every:?}");
}

#[test]
fn an_emulator_that_cannot_be_had_is_told() {
    // This very test program, where there is no Python, and where there is one but nothing can be installed.
    let test = "bigquery_server::tests_that_share_a_server_do_not_share_a_dataset";
    let call = |name: &str, value: &str| {
        let program = std::env::current_exe().unwrap();
        let call = Call::to(&program).arg("--exact").arg(test).env("CP_REQUIRE_SERVERS", "1");
        let call = if name == "PATH" { call.env("PYENV_ROOT", "/nowhere") } else { call };
        call.env(name, value).run()
    };
    let skipped = call("PATH", "");
    skipped.assert_success();
    let line = "there is no Python 3.13 or later, before 3.14, with `venv`; \
                install python3.13 and python3.13-venv, or run `pyenv install 3.13`";
    assert_eq!(skipped.stderr, format!("skipped: {test}: {line}\n"));
    if BigQuery::shared().is_some() {
        let failed = call("XDG_CACHE_HOME", "/dev/null");
        assert_eq!(failed.status, 101, "{failed}");
        assert!(failed.stdout.contains("/dev/null/commercepulse: "), "{failed}");
    }
}
