//! What is woven into a live day that a reader has to cope with, one fault an event at most.

use crate::sample::draw::Draws;
use crate::sample::draw::scatter;
use crate::sample::envelope::Envelope;
use crate::sample::field;
use crate::sample::field::Field;
use crate::sample::field::Names;
use crate::sample::field::Value;
use crate::sample::order::Vendor;
use crate::sample::record;
use crate::sample::told::Told;

/// In what an event differs from its vendor's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    /// The envelope names no vendor.
    NoVendor,
    /// The envelope says `unknown`.
    UnknownVendor,
    /// The envelope has no time; the payload has.
    NoTime,
    /// The envelope's time has another form.
    OtherTime,
    /// The payload has the shape of another vendor.
    Shape(Vendor),
    /// One field of the payload.
    Payload,
}

impl Drift {
    /// One of them; more often than not it is a field of the payload.
    pub(super) fn draw(vendor: Vendor, draws: &mut Draws) -> Self {
        match draws.below(12) {
            0 => Self::NoVendor,
            1 => Self::UnknownVendor,
            2 => Self::NoTime,
            3 => Self::OtherTime,
            4 => Self::Shape(vendor.other(draws)),
            _ => Self::Payload,
        }
    }
}

/// What makes an event unusable, or nearly so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The amount has a name that nobody has a rule for.
    StrangeAmount,
    /// The amount is no number.
    UnreadableAmount,
    /// Nothing says which order.
    NoOrder,
    /// Neither payload nor envelope has a time.
    NoTime,
    /// The payload's time cannot be read; the envelope's can, so the event is usable.
    UnreadableTime,
    /// A step that does not say which.
    NoStatus,
}

const AMOUNTS: [&Names; 2] = [&field::TOTAL, &field::PAYMENT];
const TIMES: [&Names; 3] = [&field::CREATED, &field::PAID, &field::MOVED];
const ORDERS: [&Names; 2] = [&field::ORDER, &field::ABOUT];

impl Flaw {
    /// Puts the flaw into an event; whether the event is unusable for it.
    pub(super) fn put(self, fields: &mut Vec<Field>, envelope: &mut Envelope) -> bool {
        match self {
            Self::StrangeAmount => record::misname(fields, &AMOUNTS, "settledValue"),
            Self::UnreadableAmount => record::garble(fields, &AMOUNTS, "see invoice"),
            Self::NoOrder => record::lose(fields, &ORDERS),
            Self::NoTime => {
                record::lose(fields, &TIMES);
                envelope.event_time = None;
            }
            Self::UnreadableTime => record::garble(fields, &TIMES, "just now"),
            Self::NoStatus => record::lose(fields, &[&field::STATUS]),
        }
        self != Self::UnreadableTime
    }
}

/// Decides which events are flawed: of each type and vendor one in [`Gates::STRETCH`], and none among the first
/// [`Gates::FREE`], so that in a day of any size fewer than one in a hundred of a type and vendor lacks a field. More
/// would rightly stop a build: that is how a pipeline notices that a vendor has renamed a field.
pub(super) struct Gates {
    seed: u64,
    counts: [[u64; 3]; 3],
}

impl Gates {
    const STRETCH: u64 = 250;
    const FREE: u64 = 110;
    /// The flawed one is among the next so many: a day of two thousand events has its share.
    const CHOICE: u64 = 60;

    /// Gates that nothing has passed yet.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, counts: [[0; 3]; 3] }
    }

    /// The flaw of the next event that tells this.
    pub(super) fn take(&mut self, told: Told, vendor: Vendor) -> Option<Flaw> {
        let (kind, flaws) = match told {
            Told::Order => (0, [Flaw::StrangeAmount, Flaw::UnreadableAmount, Flaw::NoOrder]),
            Told::Payment(..) => (1, [Flaw::UnreadableTime, Flaw::StrangeAmount, Flaw::NoOrder]),
            Told::Step(..) => (2, [Flaw::NoStatus, Flaw::NoTime, Flaw::NoOrder]),
            _ => return None,
        };
        let count = &mut self.counts[kind][vendor as usize];
        let (stretch, place) = (*count / Self::STRETCH, *count % Self::STRETCH);
        *count += 1;
        let group = (kind * 3 + vendor as usize) as u64;
        let chosen = Self::FREE + scatter(self.seed ^ scatter(stretch * 9 + group)) % Self::CHOICE;
        (place == chosen).then(|| flaws[(vendor as usize + stretch as usize) % flaws.len()])
    }
}

/// The same fields with another content: an amount that is higher, else a revision.
pub(super) fn contradict<'a>(fields: &[Field<'a>]) -> Vec<Field<'a>> {
    let mut fields = fields.to_vec();
    for field in &mut fields {
        if let Value::Money(amount) = &mut field.value {
            *amount += *amount / 1_000 * 100 + 100;
            return fields;
        }
    }
    fields.push(Field::extra("revision", Value::Whole(2)));
    fields
}
