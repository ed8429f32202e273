//! MongoDB as the raw store, against the bare driver: how fast events go in, how fast they land beside a mere draining of
//! the same cursor, with how much memory, and how long a written event takes until another process reads its row.
//!
//! It needs a server: `CP_BENCH_MONGO_URI=mongodb://… cargo bench --profile dev --bench raw_store`. `CP_BENCH_EVENTS` is how
//! many events (1,000,000). The databases `cp_bench_…` are kept, so that a second run need not fill them again.

mod project;

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use commercepulse::engine::Engine;
use futures_util::StreamExt;
use mongodb::{
    Client,
    bson::{DateTime, RawDocumentBuf, doc},
};

const ROUNDS: usize = 7;
const PER_MINUTE: u32 = 2_000;
const WATCHED: Duration = Duration::from_secs(30);

fn main() {
    let Ok(uri) = std::env::var("CP_BENCH_MONGO_URI") else {
        println!("skipped: `CP_BENCH_MONGO_URI` names no server");
        return;
    };
    let events = std::env::var("CP_BENCH_EVENTS").map_or(1_000_000, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for events in [events / 4, events] {
        fill(&runtime, &uri, events);
        extract(&runtime, &uri, events);
    }
    watch(&runtime, &uri);
}

/// A project in a folder of its own, against a database.
struct Bench {
    folder: tempfile::TempDir,
    uri: String,
    database: String,
}

impl Bench {
    fn new(uri: &str, database: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        project::take(&project::PROJECT, folder.path());
        Self { folder, uri: uri.to_string(), database: database.to_string() }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_cp"))
            .args(arguments)
            .args(["--quiet", "--project-dir"])
            .arg(self.folder.path())
            .env("MONGO_URI", &self.uri)
            .env("MONGO_DB", &self.database)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Seconds of the whole process, and its peak memory in MB where the system tells.
    fn time(&self, arguments: &[&str]) -> (f64, u64) {
        let clock = Instant::now();
        let mut child = self.start(arguments);
        let mut peak = 0;
        let status = loop {
            peak = peak_memory(child.id()).unwrap_or(peak);
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        assert!(status.success(), "{arguments:?}");
        (clock.elapsed().as_secs_f64(), peak)
    }
}

fn peak_memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

fn name_of(events: u64) -> String {
    format!("cp_bench_{events}")
}

/// Ingests so many generated events, unless they are there.
fn fill(runtime: &tokio::runtime::Runtime, uri: &str, events: u64) {
    let held = runtime.block_on(async {
        let client = Client::with_uri_str(uri).await.unwrap();
        let database = client.database(&name_of(events));
        let held = database.collection::<RawDocumentBuf>("events_raw").count_documents(doc! {}).await.unwrap();
        if held > 0 && held < events {
            database.drop().await.unwrap();
        }
        held
    });
    if held == events {
        return;
    }
    let bench = Bench::new(uri, &name_of(events));
    let out = bench.folder.path().join("data/live_events");
    let count = events.to_string();
    bench.time(&[
        "generate",
        "--events",
        &count,
        "--date",
        "2025-03-01",
        "--seed",
        "1",
        "--out",
        out.to_str().unwrap(),
    ]);
    let (whole, _) = bench.time(&["ingest"]);
    // The warehouse is new, so landing is a part of it; measured by itself it is taken off.
    let (landing, _) = Bench::new(uri, &name_of(events)).time(&["extract"]);
    println!("ingest: {events} events, {:.0} events/s", events as f64 / (whole - landing));
}

/// Pairs of draining the cursor and landing it.
fn extract(runtime: &tokio::runtime::Runtime, uri: &str, events: u64) {
    let (mut ratios, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let drained = drain(runtime, uri, events);
        let (landed, peak) = Bench::new(uri, &name_of(events)).time(&["extract"]);
        println!("extract: {events} events, bare driver {drained:.2} s, `cp extract` {landed:.2} s, peak {peak} MB");
        ratios.push(landed / drained);
        peaks.push(peak);
    }
    ratios.sort_by(f64::total_cmp);
    println!("extract: {events} events, {:.2} times the bare driver (median of {ROUNDS})", ratios[ROUNDS / 2]);
}

fn drain(runtime: &tokio::runtime::Runtime, uri: &str, events: u64) -> f64 {
    let clock = Instant::now();
    let drained = runtime.block_on(async {
        let client = Client::with_uri_str(uri).await.unwrap();
        let collection = client.database(&name_of(events)).collection::<RawDocumentBuf>("events_raw");
        let mut cursor = collection.find(doc! {}).sort(doc! { "_id": 1 }).batch_size(5_000).batch().await.unwrap();
        let mut drained = 0;
        while let Some(batch) = cursor.next().await {
            drained += batch.unwrap().doc_slices().unwrap().into_iter().count() as u64;
        }
        drained
    });
    assert_eq!(drained, events);
    clock.elapsed().as_secs_f64()
}

/// Writes payments one by one while `cp watch` runs, and looks into the warehouse as any other process would.
fn watch(runtime: &tokio::runtime::Runtime, uri: &str) {
    let bench = Bench::new(uri, &format!("cp_bench_watch_{}", std::process::id()));
    project::take(&project::SAMPLE, bench.folder.path());
    bench.time(&["build"]);
    let mut watching = bench.start(&["watch"]);
    std::thread::sleep(Duration::from_secs(3));
    let collection = runtime.block_on(async {
        let client = Client::with_uri_str(uri).await.unwrap();
        client.database(&bench.database).collection::<mongodb::bson::Document>("events_raw")
    });
    let clock = Instant::now();
    let warehouse = bench.folder.path().join("data/warehouse.duckdb");
    let (mut written, mut seen) = (HashMap::new(), HashMap::new());
    while clock.elapsed() < WATCHED + Duration::from_secs(10)
        && (clock.elapsed() < WATCHED || seen.len() < written.len())
    {
        while clock.elapsed() < WATCHED && clock.elapsed() * PER_MINUTE > Duration::from_secs(60) * written.len() as u32
        {
            let id = format!("watched-{}", written.len());
            runtime.block_on(async { collection.insert_one(payment(&id)).await.unwrap() });
            written.insert(id, Instant::now());
        }
        look(&warehouse, &written, &mut seen);
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &watching.id().to_string()]).status().unwrap();
    watching.wait().unwrap();
    runtime.block_on(async { collection.client().database(&bench.database).drop().await.unwrap() });
    let mut delays: Vec<f64> = seen.into_values().collect();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    println!(
        "watch: {} of {} events at {PER_MINUTE} a minute; from the write to the row in another process: median {:.2} s, 95 % {:.2} s, longest {:.2} s",
        delays.len(),
        written.len(),
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

/// Notes the delay of every payment that is to be seen for the first time.
fn look(warehouse: &Path, written: &HashMap<String, Instant>, seen: &mut HashMap<String, f64>) {
    let Ok(engine) = Engine::open_read_only(warehouse) else { return };
    let sql = "select event_id from commercepulse.fact_payments where starts_with(event_id, 'watched-')";
    let Ok(rows) = engine.session().unwrap().query(sql) else { return };
    for row in rows.rows {
        let id = row[0].to_string();
        if let Some(at) = written.get(&id) {
            seen.entry(id).or_insert_with(|| at.elapsed().as_secs_f64());
        }
    }
}

fn payment(id: &str) -> mongodb::bson::Document {
    let now = DateTime::now();
    doc! {
        "event_id": id, "event_type": "payment_succeeded", "event_time": now, "vendor": "vendor_b", "ingested_at": now,
        "payload": {
            "order_id": "ORD-000001", "paid_at": now.try_to_rfc3339_string().unwrap(), "payment_status": "SUCCESS",
            "amountPaid": 10.5, "currencyCode": "NGN", "transaction_id": id,
        },
    }
}
