//! The way from a template to the database: questions go through a channel to the thread that holds it.
//!
//! A value of the engine lives as long as it likes, and a database is lent for one call. So a rendering that asks runs on a
//! thread of its own, and the thread that was called answers until it is over.

use std::sync::mpsc::{Sender, channel};

use minijinja::Value;

use crate::error::Error;
use crate::error::Result;
use crate::name::Relation;
use crate::render::Introspect;
use crate::render::Rows;

/// How a question gets to the database.
#[derive(Debug)]
pub(super) enum Asks {
    /// Not at all: the rendering stops at the first question, to be made again with a [`Asks::Door`].
    Nowhere,
    /// To whoever holds the other end; `None` says that there will be no more.
    Door(Sender<Option<Message>>),
}

/// A question and where its answer goes.
#[derive(Debug)]
pub(super) struct Message {
    pub question: Question,
    pub reply: Sender<Result<Answer>>,
}

/// What a template may ask.
#[derive(Debug, Clone)]
pub(super) enum Question {
    KindOf(Relation),
    ColumnsOf(Relation),
    Query(String),
    Say(String),
    /// `graph`, which is large and seldom wanted.
    Graph,
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Answer {
    Kind(Option<&'static str>),
    Columns(Vec<(String, String)>),
    Rows(Rows),
    Said,
    Graph(Value),
}

/// Who answers.
#[derive(Clone, Copy)]
pub(super) struct Answering<'call> {
    pub introspect: &'call dyn Introspect,
    pub graph: &'call dyn Fn() -> Value,
}

/// Macros may nest deeply, so a rendering on a thread of its own gets room.
const STACK_BYTES: usize = 16 << 20;

/// Tells the answering side that the asking one is over, however it ended.
struct End(Sender<Option<Message>>);

impl Drop for End {
    fn drop(&mut self) {
        // Whoever would be told may be gone already.
        let _ = self.0.send(None);
    }
}

/// Does some work on a thread of its own and answers its questions on this one.
///
/// # Errors
/// When there can be no more threads.
pub(super) fn answer_while<Done: Send>(
    answering: Answering<'_>,
    work: impl FnOnce(Asks) -> Done + Send,
) -> Result<Done> {
    let (door, questions) = channel();
    let asks = Asks::Door(door.clone());
    let end = End(door);
    std::thread::scope(|scope| {
        let work = move || {
            let _end = end;
            work(asks)
        };
        let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| Error::call("cannot start a thread").because(error))?;
        for message in questions.iter().map_while(|message: Option<Message>| message) {
            // Whoever asked may be gone; that is no concern of the answer.
            let _ = message.reply.send(answering.answer(message.question));
        }
        worker.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

impl Answering<'_> {
    fn answer(&self, question: Question) -> Result<Answer> {
        Ok(match question {
            Question::KindOf(relation) => Answer::Kind(self.introspect.kind_of(&relation)?),
            Question::ColumnsOf(relation) => Answer::Columns(self.introspect.columns_of(&relation)?),
            Question::Query(sql) => Answer::Rows(self.introspect.query(&sql)?),
            Question::Say(text) => {
                self.introspect.say(&text);
                Answer::Said
            }
            Question::Graph => Answer::Graph((self.graph)()),
        })
    }
}
