//! The verbs as journeys through the house: which stages, in which order, and what is said at the end.

use std::path::PathBuf;

use serde_json::json;

use crate::artifact;
use crate::check;
use crate::check::Golden;
use crate::check::Replays;
use crate::check::Unit;
use crate::engine::Engine;
use crate::error::Error;
use crate::error::Result;
use crate::extract;
use crate::extract::Extracted;
use crate::flow::House;
use crate::flow::Stop;
use crate::ingest::FileIngested;
use crate::ingest::Ingested;
use crate::plan::Plan;
use crate::plan::RunRecord;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::progress::grouped;
use crate::project::NodeKind;
use crate::publish;
use crate::publish::ComparedTable;
use crate::publish::Published;
use crate::store::Embedded;
use crate::store::Mongo;

/// What a run did, stage by stage; a stage that the verb has not is `None`.
#[derive(Default)]
pub struct Done {
    pub ingested: Option<Ingested>,
    pub extracted: Option<Extracted>,
    pub record: Option<RunRecord>,
    /// Tables to publish, with their rows.
    pub tables: Vec<(String, u64)>,
    /// What was published, or why nothing was.
    pub published: Option<Result<Published>>,
    /// Published tables beside the warehouse's.
    pub compared: Vec<ComparedTable>,
    /// Models beside their snapshots.
    pub golden: Vec<Golden>,
    /// Models whose events arrived in other ways.
    pub replays: Option<Replays>,
    /// Models on rows of a yml.
    pub units: Vec<Unit>,
    /// Whether there are checks that could not be run for want of a warehouse.
    pub lacks_warehouse: bool,
    /// The folder of the report.
    pub report: Option<PathBuf>,
    /// Whether a difference between raw store and warehouse is an error.
    pub is_verification: bool,
    /// Why something that only tells of the run could not be written.
    pub unwritten: Option<Error>,
    /// Whether a person stopped it.
    pub stopped: bool,
}

const ALL: &[NodeKind] = &[NodeKind::Seed, NodeKind::Model, NodeKind::Test];

impl House {
    /// The main job: ingest → extract → seed, run and test in graph order → publish → report.
    pub fn build(&self, observe: &dyn Observe, stop: &Stop) -> Result<Done> {
        let mut done = Done { ingested: self.ingest(observe)?, ..Done::default() };
        let engine = self.warehouse()?;
        done.extracted = self.extract(&engine, observe)?;
        let record = self.perform(&engine, ALL, observe, stop)?;
        done.stopped = stop.is_asked();
        done.tables = self.table_sizes(&engine)?;
        if self.has_selection() {
            observe.on(Progress::Note {
                text: "a selection publishes nothing; `cp publish` checks and publishes all".to_string(),
            });
        } else if !done.stopped {
            done.published = Some(self.publish(&engine, &record, observe));
        }
        if self.is_deferring() {
            observe.on(Progress::Note { text: "no report: some tables are those of another run".to_string() });
        } else if !done.stopped {
            let report = self.report(&engine, Some(&record), &self.told(done.published.as_ref()));
            done.report = done.written(report, observe);
        }
        done.record = Some(record);
        let remembered = self.remember(&done);
        done.written(remembered, observe);
        engine.close();
        Ok(done)
    }

    /// Files → raw store → landing tables.
    pub fn deliver(&self, observe: &dyn Observe) -> Result<Done> {
        let ingested = self.ingest(observe)?;
        if ingested.is_none() {
            observe.on(Progress::Warning {
                text: "no source declares `meta.files`, so there is nothing to ingest".to_string(),
            });
        }
        let extracted = self.extract(&self.warehouse()?, observe)?;
        Ok(Done { ingested, extracted, ..Done::default() })
    }

    /// The embedded store's events, with their log → MongoDB; then the landing tables.
    pub fn bring_over(&self, observe: &dyn Observe) -> Result<Done> {
        let path = self.settings.layout.raw_store();
        let Some(mongo) = &self.settings.mongo else {
            return Err(Error::call("there is no MongoDB to bring the events to").help("set `MONGO_URI`"));
        };
        if !path.is_file() {
            return Err(Error::call(format!("there is no embedded store at `{}`", self.settings.layout.shown(&path))));
        }
        let mut store = Mongo::open(&mongo.uri, &mongo.database)?;
        let embedded = Embedded::open(&path)?;
        if let Some(origin) = self.filled_from()? {
            origin.require(&embedded).or_else(|_| origin.require(&store))?;
        }
        observe.on(Progress::Stage { name: "bring over", total: None });
        let mut ingested = Ingested::default();
        store.take_over(&embedded, &mut |reading| {
            observe.on(Progress::Advance { by: reading.tally.delivered });
            ingested.files.push(FileIngested {
                file: reading.file.clone(),
                tally: reading.tally,
                is_unchanged: false,
                is_unfinished: reading.is_unfinished,
            });
        })?;
        let stored = ingested.totals().stored;
        observe.on(Progress::Done { summary: format!("{} events brought over", grouped(stored)) });
        let engine = self.warehouse()?;
        let extracted = self.extract_from(&store, &engine, self.settings.compare_every, observe)?;
        Ok(Done { ingested: Some(ingested), extracted: Some(extracted), is_verification: true, ..Done::default() })
    }

    /// Raw store against warehouse: all that both hold is compared, and what is missing lands.
    pub fn verify(&self, observe: &dyn Observe) -> Result<Done> {
        self.require_warehouse()?;
        let engine = self.warehouse()?;
        let store = self.store_of(extract::filled_from(&engine.session()?, &self.database)?)?;
        let extracted = self.extract_from(store.as_ref(), &engine, 0, observe)?;
        let compared = match &self.settings.bigquery {
            Some(settings) => {
                observe.on(Progress::Stage { name: "verify", total: None });
                publish::verify(&engine, &check::publishable(&self.project, &self.scanned), settings)?
            }
            None => Vec::new(),
        };
        Ok(Done { extracted: Some(extracted), compared, is_verification: true, ..Done::default() })
    }

    /// Raw store → landing tables.
    pub fn land(&self, observe: &dyn Observe) -> Result<Done> {
        Ok(Done { extracted: self.extract(&self.warehouse()?, observe)?, ..Done::default() })
    }

    /// Extract, then seeds and models.
    pub fn run(&self, kinds: &[NodeKind], observe: &dyn Observe, stop: &Stop) -> Result<Done> {
        let engine = self.warehouse()?;
        let extracted = match kinds.contains(&NodeKind::Model) {
            true => self.extract(&engine, observe)?,
            false => None,
        };
        let record = self.perform(&engine, kinds, observe, stop)?;
        let tables = self.table_sizes(&engine)?;
        let done = Done { extracted, tables, record: Some(record), stopped: stop.is_asked(), ..Done::default() };
        self.remember(&done)?;
        Ok(done)
    }

    /// The checks alone: of the models on the sample, and of what is in the warehouse.
    pub fn test(&self, observe: &dyn Observe, stop: &Stop) -> Result<Done> {
        let (golden, units) = self.golden_and_units(observe)?;
        for file in self.unreferenced_snapshots()? {
            let text = format!("`{}` is the snapshot of a model that is gone", file.display());
            observe.on(Progress::Warning { text });
        }
        let outcomes: Vec<_> = units.iter().map(Unit::outcome).collect();
        if !units.is_empty() {
            self.write_results(&self.record(outcomes.clone()))?;
        }
        let done = Done { golden, units, replays: self.replay(observe)?, ..Done::default() };
        let is_checked = !done.golden.is_empty() || !done.units.is_empty() || done.replays.is_some();
        let has_tests = !self.select(&[NodeKind::Test])?.0.is_empty();
        match self.require_warehouse().err() {
            Some(error) if !is_checked => Err(error),
            Some(_) => Ok(Done { lacks_warehouse: has_tests, ..done }),
            None if !has_tests && is_checked => Ok(done),
            None => {
                let engine = self.warehouse()?;
                let everything = self.graph.order().iter().cloned().collect();
                if !self.is_deferring()
                    && let Some(stale) = self.staleness(&engine, &everything)?
                {
                    observe.on(Progress::Warning { text: format!("{stale}; `cp build` brings it up to date") });
                }
                let record = self.perform(&engine, &[NodeKind::Test], observe, stop)?;
                // To dbt, unit tests are nodes of the run.
                let all = outcomes.into_iter().chain(record.outcomes.iter().cloned()).collect();
                self.write_results(&self.record(all))?;
                Ok(Done { record: Some(record), stopped: stop.is_asked(), ..done })
            }
        }
    }

    /// All checks, then the publication.
    pub fn check_and_publish(&self, observe: &dyn Observe, stop: &Stop) -> Result<Done> {
        self.require_warehouse()?;
        let engine = self.warehouse()?;
        let (everything, _) = self.select(ALL)?;
        self.require_fresh(&engine, &everything)?;
        let record = self.perform(&engine, &[NodeKind::Test], observe, stop)?;
        let tables = self.table_sizes(&engine)?;
        let stopped = stop.is_asked();
        let published = (!stopped).then(|| self.publish(&engine, &record, observe));
        Ok(Done { record: Some(record), tables, published, stopped, ..Done::default() })
    }

    /// The report on what is in the warehouse.
    pub fn write_report(&self) -> Result<Done> {
        self.require_warehouse()?;
        let report = Some(self.report(&crate::flow::explore(self)?, None, "not part of a build")?);
        Ok(Done { report, ..Done::default() })
    }

    /// What [`House::build`] and [`House::run`] would do with the warehouse as it is.
    pub fn dry_run(&self, kinds: &[NodeKind]) -> Result<Plan> {
        let (selected, _) = self.select(kinds)?;
        self.plan(&crate::flow::explore(self)?, &selected)
    }

    fn perform(&self, engine: &Engine, kinds: &[NodeKind], observe: &dyn Observe, stop: &Stop) -> Result<RunRecord> {
        let (selected, unmatched) = self.select(kinds)?;
        for fault in unmatched {
            let help = fault.help.map_or(String::new(), |help| format!("; {help}"));
            observe.on(Progress::Warning { text: format!("{}{help}", fault.message) });
        }
        let plan = self.plan(engine, &selected)?;
        self.carry_out(engine, &plan, observe, stop)
    }

    /// What became of the publication, in a phrase.
    fn told(&self, published: Option<&Result<Published>>) -> String {
        match published {
            Some(Ok(published)) if published.unchanged => {
                format!("nothing had changed since the last publication to {}", self.destination())
            }
            Some(Ok(_)) => format!("published to {}", self.destination()),
            Some(Err(error)) => error.to_string(),
            None => "a selection was built, and nothing was published".to_string(),
        }
    }

    /// Keeps what this run did to the data, in `target/runs/`.
    fn remember(&self, done: &Done) -> Result<()> {
        let Some(record) = &done.record else { return Ok(()) };
        let events = done.ingested.as_ref().map(|ingested| {
            let total = ingested.totals();
            json!({
                "delivered": total.delivered, "stored": total.stored, "duplicates": total.duplicates,
                "conflicts": total.conflicts, "set_aside": total.set_aside,
            })
        });
        let tables: serde_json::Map<_, _> =
            done.tables.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect();
        let data = json!({
            "events": events,
            "landed": done.extracted.as_ref().map(|extracted| extracted.events),
            "tables": tables,
            "publication": done.published.as_ref().and_then(|published| Some(published.as_ref().ok()?.id.clone())),
        });
        artifact::write_run_record(&self.project, record, &data)
    }

    pub(super) fn has_selection(&self) -> bool {
        !self.settings.flags.select.is_empty() || !self.settings.flags.exclude.is_empty()
    }

    pub(super) fn require_warehouse(&self) -> Result<()> {
        match &self.settings.warehouse {
            Some(path) if !path.is_file() => {
                Err(Error::call(format!("there is no warehouse at `{}`", self.settings.layout.shown(path)))
                    .help("run `cp build` first"))
            }
            _ => Ok(()),
        }
    }

    /// Rows of every table that is there and meant to be published.
    fn table_sizes(&self, engine: &Engine) -> Result<Vec<(String, u64)>> {
        let session = engine.session()?;
        let mut sizes = Vec::new();
        for scan in self.declared().nodes.values() {
            let published = scan.config.meta("publish").and_then(serde_json::Value::as_bool).unwrap_or(false);
            if let (true, Some(relation)) = (published, &scan.relation)
                && session.kind_of(relation)?.is_some()
            {
                let rows = session.count(&format!("select count(*) from {relation}"))?;
                sizes.push((relation.name.clone(), u64::try_from(rows).unwrap_or(0)));
            }
        }
        sizes.sort();
        Ok(sizes)
    }
}
