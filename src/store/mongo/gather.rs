//! From an answer of the server to what its documents say: one task asks, one thread decodes, and whoever asked takes.

use std::sync::mpsc::sync_channel;

use futures_util::StreamExt;
use mongodb::ClientSession;
use mongodb::bson::Document;
use mongodb::bson::RawDocument;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::RawBsonRef;
use mongodb::options::FindOptions;
use mongodb::options::ReadConcern;
use mongodb::raw_batch_cursor::RawBatch;

use crate::error::Error;
use crate::error::Result;
use crate::store::Events;
use crate::store::SetAside;
use crate::store::Sink;
use crate::store::mongo::EVENTS;
use crate::store::mongo::document;
use crate::store::mongo::door::Door;
use crate::store::mongo::elements::Elements;
use crate::store::mongo::elements::Held;

/// How much is handed on at once: every time costs the reader as much as some hundred events.
pub(super) const FULL_ROWS: usize = 20_000;
pub(super) const FULL_BYTES: usize = 8 << 20;

/// What documents are gathered in, on their way to whoever asked.
pub(super) trait Gathered: Default + Send {
    fn add(&mut self, door: &Door, document: &RawDocument);

    /// Whether it is enough to be handed on.
    fn is_full(&self) -> bool;

    /// An empty one to go on with.
    fn next(&self) -> Self {
        Self::default()
    }
}

/// What documents were read as.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) events: Events,
    pub(super) unreadable: Vec<SetAside>,
    /// The greatest `_id` among those that are ObjectIds.
    pub(super) last: Option<ObjectId>,
    /// Whether there is an event among them whose document holds no id as text.
    pub(super) is_any_printed: bool,
    /// For decoding, so that it need not be made anew for every event.
    room: Vec<u8>,
}

impl Gathered for Decoded {
    fn add(&mut self, door: &Door, document: &RawDocument) {
        let id = match document::read(document, &mut self.events, &mut self.room) {
            Ok(read) => {
                self.is_any_printed |= read.is_printed;
                read.id
            }
            Err(unreadable) => {
                self.unreadable.push(SetAside {
                    file: place(door, document),
                    line: 0,
                    reason: unreadable.reason,
                    content: unreadable.content,
                    set_aside_at: jiff::Timestamp::now(),
                });
                document.get_object_id("_id").ok()
            }
        };
        self.last = self.last.max(id);
    }

    fn is_full(&self) -> bool {
        let rows = self.events.len() + self.unreadable.len();
        rows >= FULL_ROWS || self.bytes() >= FULL_BYTES
    }

    fn next(&self) -> Self {
        Self { events: self.events.like(), ..Self::default() }
    }
}

impl Decoded {
    /// How much memory its long texts take.
    pub(super) fn bytes(&self) -> usize {
        self.events.payload.bytes() + self.unreadable.iter().map(|row| row.content.len()).sum::<usize>()
    }

    /// Hands all over to one that may have taken some of it before.
    pub(super) fn hand_over(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if !self.events.is_empty() {
            sink.take_again(std::mem::take(&mut self.events))?;
        }
        if !self.unreadable.is_empty() {
            sink.take_unreadable(std::mem::take(&mut self.unreadable))?;
        }
        Ok(())
    }
}

/// The one place of a document that is no event.
fn place(door: &Door, document: &RawDocument) -> String {
    format!("{}{}", places(door), document::place_of(document))
}

/// What the places of all documents begin with.
pub(super) fn places(door: &Door) -> String {
    format!("mongodb:{}.{EVENTS}/", door.database.name())
}

/// Runs a query: one task asks the server, one thread decodes, and `each` is called here. Little is under way at once,
/// whatever the size of the answer.
pub(super) fn each_of<T: Gathered>(
    door: &Door,
    filter: Document,
    mut options: FindOptions,
    session: Option<ClientSession>,
    each: &mut dyn FnMut(T) -> Result<()>,
) -> Result<()> {
    if door.server.topology.has_change_streams() {
        // What a majority has will not be taken back.
        options.read_concern = Some(ReadConcern::majority());
    }
    let collection = if session.is_some() { door.preferred(EVENTS) } else { door.collection(EVENTS) };
    let (to_decoder, mut batches) = tokio::sync::mpsc::channel::<RawBatch>(4);
    let asking = door.spawn(async move {
        let find = collection.find(filter).with_options(options);
        match session {
            None => {
                let mut cursor = find.batch().await?;
                while let Some(batch) = cursor.next().await {
                    if to_decoder.send(batch?).await.is_err() {
                        break;
                    }
                }
            }
            Some(mut session) => {
                let mut cursor = find.session(&mut session).batch().await?;
                while let Some(batch) = cursor.stream(&mut session).next().await {
                    if to_decoder.send(batch?).await.is_err() {
                        break;
                    }
                }
            }
        }
        Ok::<(), mongodb::error::Error>(())
    });
    let (to_reader, gathered) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Whoever takes may have stopped, and then nobody needs the rest.
            let _ = gather(door, || batches.blocking_recv(), |full| to_reader.send(full).is_ok());
        });
        gathered.into_iter().try_for_each(|gathered| each(gathered?))
    })?;
    match door.try_wait(asking) {
        Ok(asked) => asked.map_err(|error| door.faults.explain("read the events", &error)),
        Err(_) => Err(Error::call("reading from MongoDB stopped")),
    }
}

/// Gathers what the batches hold, and hands it on until that is not wanted any more.
fn gather<T: Gathered>(
    door: &Door,
    mut next: impl FnMut() -> Option<RawBatch>,
    mut hand_on: impl FnMut(Result<T>) -> bool,
) -> bool {
    let mut gathered = T::default();
    while let Some(batch) = next() {
        if let Err(error) = add_all(door, &batch, &mut gathered) {
            return hand_on(Err(error));
        }
        if gathered.is_full() {
            let following = gathered.next();
            if !hand_on(Ok(std::mem::replace(&mut gathered, following))) {
                return false;
            }
        }
    }
    hand_on(Ok(gathered))
}

fn add_all(door: &Door, batch: &RawBatch, gathered: &mut impl Gathered) -> Result<()> {
    let failed = |error| door.faults.explain("be understood", &error);
    let slices = batch.doc_slices().map_err(failed)?;
    let slices = RawDocument::from_bytes(slices.as_bytes()).map_err(|error| failed(error.into()))?;
    let mut elements = Elements::of(slices);
    while let Some((_, held)) =
        elements.next().map_err(|reason| Error::call(format!("an answer of the {} {reason}", door.described)))?
    {
        if let Held::Value(RawBsonRef::Document(document)) = held {
            gathered.add(door, document);
        }
    }
    Ok(())
}
