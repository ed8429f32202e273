//! Reading by change stream.
//!
//! The stream is opened before anything is read, so that nothing can fall between what was there and what comes. A run
//! has caught up when a marker that it wrote at its start has come back: whatever was committed before the marker came
//! before it. Where the place in the stream is lost, the stream begins anew and the caller is told that it cannot be sure,
//! so that all is compared.

use std::time::Duration;
use std::time::Instant;

use mongodb::bson::Bson;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ResumeToken;
use mongodb::error::ErrorKind;

use crate::error::Error;
use crate::error::Result;
use crate::event::hex;
use crate::store::Position;
use crate::store::Reached;
use crate::store::Sink;
use crate::store::mongo::EVENTS;
use crate::store::mongo::LOG;
use crate::store::mongo::MARKERS;
use crate::store::mongo::door::Door;
use crate::store::mongo::fault::is_passing;
use crate::store::mongo::gather::Decoded;
use crate::store::mongo::gather::FULL_BYTES;
use crate::store::mongo::index;
use crate::store::mongo::marker;
use crate::store::mongo::position::Place;
use crate::store::mongo::scan;
use crate::store::mongo::tidings::Ours;
use crate::store::mongo::tidings::Tidings;
use crate::store::mongo::tidings::is_own_affair;

/// How long the server holds a question for news open.
const AWAIT: Duration = Duration::from_millis(250);

/// How long a marker may take to come back while nothing else comes. A stream that was resumed at a place that the server
/// has not reached yet (it was restored from a copy) gives nothing at all, so it is then opened anew; that one must answer.
const RESUMED_PATIENCE: Duration = Duration::from_secs(15);
const MARKER_PATIENCE: Duration = Duration::from_secs(60);

/// How many changes are handed over at once.
const CHUNK: usize = 5_000;

/// How often a stream that is lost while it is read is opened anew before the run gives up.
const OPENINGS: usize = 3;

/// An open change stream.
pub(super) struct Stream {
    changes: ChangeStream<RawDocumentBuf>,
    /// A change that was waited for and not read yet.
    ahead: Option<RawDocumentBuf>,
    /// The position that reading goes on from.
    at: Option<Position>,
    /// How long a marker may take.
    patience: Duration,
}

/// Why a stream cannot go on.
enum Broken {
    /// Its place is lost; why.
    Lost(String),
    Failed(Error),
}

impl Stream {
    /// Opens the stream at a token, or at the present.
    fn open(door: &Door, token: Option<ResumeToken>) -> Result<Self, Broken> {
        // Also what ends a stream, so that it does not end unseen.
        let ours = doc! { "ns.coll": { "$in": [EVENTS, LOG, MARKERS] } };
        let becomes = doc! { "to.coll": EVENTS };
        let ends = doc! { "operationType": { "$in": ["invalidate", "dropDatabase", "rename"] } };
        let pipeline = [doc! { "$match": { "$or": [ours, becomes, ends] } }];
        let has_token = token.is_some();
        let mut watch = door.database.watch().pipeline(pipeline).max_await_time(AWAIT);
        if let Some(token) = token {
            watch = watch.start_after(token);
        }
        let opened = door.try_wait(watch.into_future());
        match opened {
            Ok(changes) => {
                let patience = if has_token { RESUMED_PATIENCE } else { MARKER_PATIENCE };
                Ok(Self { changes: changes.with_type(), ahead: None, at: None, patience })
            }
            Err(error) => Err(match error.kind.as_ref() {
                // What a server says of a token that it did not make differs from version to version; if it is not the
                // token that is at fault, opening without one fails too, and tells.
                ErrorKind::Command(failed) if has_token && !is_passing(failed.code) => {
                    Broken::Lost(format!("{} (code {})", failed.message, failed.code))
                }
                _ => Broken::Failed(door.faults.explain("open a change stream", &error)),
            }),
        }
    }

    /// The next change, if one comes soon.
    fn next(&mut self, door: &Door) -> Result<Option<RawDocumentBuf>, Broken> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let next = door.try_wait(self.changes.next_if_any()).map_err(|error| match error.kind.as_ref() {
            // 280, 286, 260, 136 say that the place is lost for good; of any other, a fresh stream tells whether it lasts.
            ErrorKind::Command(failed) if !is_passing(failed.code) => {
                Broken::Lost(format!("{} (code {})", failed.message, failed.code))
            }
            _ => Broken::Failed(door.faults.explain("read its change stream", &error)),
        })?;
        // One that has ended may still hold changes, so this is asked when it has none.
        if next.is_none() && !self.changes.is_alive() {
            return Err(Broken::Lost("it was ended, as by a drop of the database".to_string()));
        }
        Ok(next)
    }
}

/// The stream that goes on from the position: the one that is open, or a new one. Then whether it goes on indeed.
fn resume(
    door: &Door,
    open: &mut Option<Stream>,
    position: Option<&Position>,
    sink: &dyn Sink,
) -> Result<(Stream, bool)> {
    let is_same = |collection: &String| Ok::<_, Error>(*collection == collection_id(door)?);
    if let Some(stream) = open.take()
        && stream.at.as_ref() == position
        && let Some(Place::Stream { collection, .. }) = position.and_then(Place::of)
        && is_same(&collection)?
    {
        return Ok((stream, true));
    }
    let token = match position.map(Place::of) {
        Some(Some(Place::Stream { token, collection })) if is_same(&collection)? => Some(token),
        Some(Some(Place::Stream { .. })) => {
            sink.warn(format!(
                "`{EVENTS}` of the {} is another collection than the one read before; all is compared",
                door.described
            ));
            None
        }
        Some(_) => {
            sink.warn(format!(
                "the {} was read in pages before, as a standalone server; all is compared",
                door.described
            ));
            None
        }
        None => None,
    };
    let goes_on = token.is_some() || position.is_none();
    match Stream::open(door, token) {
        Ok(stream) => Ok((stream, goes_on)),
        Err(Broken::Failed(error)) => Err(error),
        Err(Broken::Lost(why)) => {
            warn_of_loss(sink, &why);
            match Stream::open(door, None) {
                Ok(stream) => Ok((stream, false)),
                Err(Broken::Lost(why)) => {
                    Err(Error::call(format!("the {} gives no change stream", door.described)).because(why))
                }
                Err(Broken::Failed(error)) => Err(error),
            }
        }
    }
}

/// The server's own id of the collection, which a dropped and remade one has not.
fn collection_id(door: &Door) -> Result<String> {
    let command = doc! { "listCollections": 1, "filter": { "name": EVENTS } };
    let reply = door.wait("look at its collections", door.database.run_command(command))?;
    let first = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"))
        .ok()
        .and_then(|list| list.first());
    let id = first.and_then(Bson::as_document).and_then(|found| found.get_document("info").ok()?.get("uuid"));
    Ok(match id {
        Some(Bson::Binary(uuid)) => hex(&uuid.bytes),
        _ => String::new(),
    })
}

fn warn_of_loss(sink: &dyn Sink, why: &str) {
    sink.warn(format!(
        "the place in MongoDB's change stream is lost: {why}; all is compared, so that nothing is missed"
    ));
}

/// Hands out what was committed after the position, up to a marker that is written now.
pub(super) fn read_after(
    door: &Door,
    open: &mut Option<Stream>,
    position: Option<&Position>,
    sink: &mut dyn Sink,
) -> Result<Reached> {
    let is_first = position.is_none() && sink.is_empty();
    let (mut stream, mut is_sure) = resume(door, open, position, sink)?;
    is_sure &= is_first || position.is_some();
    let mut tidings = Tidings::default();
    for opening in 1.. {
        let mut session = marker::session(door)?;
        let marker = marker::write(door, &mut session)?;
        if is_first && opening == 1 {
            // In the session that wrote the marker: so that a secondary that lags behind is not read too early.
            scan::read_all(door, Some(session), sink)?;
        }
        match drain(door, &mut stream, &marker, &mut tidings, sink) {
            Ok(()) => {
                marker::remove(door, &marker)?;
                break;
            }
            Err(Broken::Failed(error)) => return Err(error),
            Err(Broken::Lost(why)) if opening < OPENINGS => {
                warn_of_loss(sink, &why);
                is_sure = false;
                stream = match Stream::open(door, None) {
                    Ok(stream) => stream,
                    Err(Broken::Failed(error)) => return Err(error),
                    Err(Broken::Lost(why)) => return Err(gone(door, &why)),
                };
            }
            Err(Broken::Lost(why)) => return Err(gone(door, &why)),
        }
    }
    is_sure &= tidings.tell(sink);
    if is_first || !is_sure {
        scan::take_readings(door, sink)?;
    }
    if !is_sure {
        // A collection that was made anew has none.
        index::ensure(door)?;
    }
    let token = stream.changes.resume_token().ok_or_else(|| gone(door, "the server gives no resume token"))?;
    let position = Place::Stream { token, collection: collection_id(door)? }.to_position();
    stream.at = Some(position.clone());
    *open = Some(stream);
    Ok(Reached { position: Some(position), is_sure, written_from: tidings.written_from })
}

fn gone(door: &Door, why: &str) -> Error {
    Error::call(format!("the change stream of the {} breaks off again and again", door.described))
        .because(why.to_string())
        .help("a larger oplog keeps changes for longer")
}

/// Waits for a change after the position; keeps it for the reading that follows.
pub(super) fn wait_after(
    door: &Door,
    open: &mut Option<Stream>,
    position: Option<&Position>,
    patience: Duration,
) -> Result<bool> {
    let started = Instant::now();
    let Some(stream) = open.as_mut().filter(|stream| position.is_some() && stream.at.as_ref() == position) else {
        // Reading opens it, and tells of a loss.
        return Ok(true);
    };
    loop {
        match stream.next(door) {
            Ok(Some(change)) if is_own_affair(&change) => {}
            Ok(Some(change)) => {
                stream.ahead = Some(change);
                return Ok(true);
            }
            Ok(None) if started.elapsed() >= patience => return Ok(false),
            Ok(None) => {}
            // Reading meets it again, and tells.
            Err(Broken::Lost(_)) => {
                *open = None;
                return Ok(true);
            }
            Err(Broken::Failed(error)) => {
                *open = None;
                return Err(error);
            }
        }
    }
}

/// Reads up to the marker.
fn drain(
    door: &Door,
    stream: &mut Stream,
    marker: &ObjectId,
    tidings: &mut Tidings,
    sink: &mut dyn Sink,
) -> Result<(), Broken> {
    let mut decoded = Decoded::default();
    let mut readings = Vec::new();
    let (mut last_came, mut last_token) = (Instant::now(), stream.changes.resume_token());
    loop {
        let change = stream.next(door)?;
        if let Some(change) = &change {
            last_came = Instant::now();
            match tidings.take(door, change, &mut decoded) {
                Some(Ours::Reading(document)) => readings.push(document),
                Some(Ours::Marker(id)) if id == *marker => break,
                _ => {}
            }
        } else if stream.changes.resume_token() != last_token {
            // Nothing for us, but the server gets on: it reads what others have written.
            (last_came, last_token) = (Instant::now(), stream.changes.resume_token());
        } else if last_came.elapsed() > stream.patience && stream.patience == RESUMED_PATIENCE {
            return Err(Broken::Lost("a marker that was written did not come back".to_string()));
        } else if last_came.elapsed() > stream.patience {
            let silent = Error::call(format!("a marker written to the {} did not come back", door.described));
            return Err(Broken::Failed(silent.help("is a majority of the replica set's members up?").passing()));
        }
        let is_full = decoded.events.len() + decoded.unreadable.len() >= CHUNK || decoded.bytes() >= FULL_BYTES;
        if is_full || (change.is_none() && !decoded.events.is_empty()) {
            decoded.hand_over(sink).map_err(Broken::Failed)?;
        }
    }
    decoded.hand_over(sink).map_err(Broken::Failed)?;
    // After the events that they tell of.
    readings.iter().try_for_each(|reading| scan::take_reading(door, reading, sink)).map_err(Broken::Failed)
}
