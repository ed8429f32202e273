//! A live day: the events of the orders that are placed on it, and of those the day before has left open.

use jiff::civil::Date;

use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::sample::Day;
use crate::sample::Generated;
use crate::sample::draw::Draws;
use crate::sample::draw::Quota;
use crate::sample::draw::Subject;
use crate::sample::draw::millionths;
use crate::sample::draw::scatter;
use crate::sample::envelope::Envelope;
use crate::sample::envelope::write_event;
use crate::sample::envelope::write_malformed;
use crate::sample::fault::Drift;
use crate::sample::fault::Gates;
use crate::sample::fault::contradict;
use crate::sample::field;
use crate::sample::field::Field;
use crate::sample::file::Draft;
use crate::sample::file::Queue;
use crate::sample::json::FORMS;
use crate::sample::json::Form;
use crate::sample::json::Json;
use crate::sample::json::Style;
use crate::sample::order::Fate;
use crate::sample::order::Order;
use crate::sample::order::Refund;
use crate::sample::order::Vendor;
use crate::sample::record;
use crate::sample::timeline::DAY;
use crate::sample::timeline::Live;
use crate::sample::timeline::Past;
use crate::sample::timeline::lateness;
use crate::sample::told::Occurrence;
use crate::sample::told::Told;
use crate::sample::told::payload;

/// Share of what follows an order that names an order nobody placed.
const UNKNOWN_ORDERS: f64 = 0.02;
/// Share of events whose id comes again with another payload.
const CONFLICTS: f64 = 0.002;
/// Events of a type nobody has a rule for, as a share of the orders.
const UNKNOWN_TYPES: f64 = 0.006;
/// After how many events whoever observes is told.
const TOLD_AFTER: u64 = 8_192;
/// The unknown types.
const TYPES_UNKNOWN: [&str; 3] = ["cart_abandoned", "wishlist_shared", "courier_rated"];

/// How long after its order something comes up, in minutes of the day.
mod after {
    pub(super) const UPDATE: u64 = 30;
    pub(super) const SECOND_RECORD: u64 = 45;
    pub(super) const STEPS: [u64; 5] = [60, 120, 180, 270, 360];
    pub(super) const REFUND: u64 = 200;
    pub(super) const SECOND_REFUND: u64 = 300;
}

/// Writes a live day to `OUT/YYYY-MM-DD/events.jsonl`, in place of what lies there.
///
/// # Errors
/// A share or a date that is out of range, and a folder that cannot be written to: the call is not well.
pub fn day(options: &Day, observe: &dyn Observe) -> Result<Generated> {
    options.check()?;
    let path = options.out.join(options.date.to_string()).join("events.jsonl");
    observe.on(Progress::Stage { name: "generate", total: Some(options.events) });
    let mut writer = Writer::new(options, Queue::new(Draft::begin(&path)?, b""), observe);
    let mut index = 0;
    while writer.generated.events < options.events {
        writer.turn(index)?;
        index += 1;
    }
    observe.on(Progress::Advance { by: options.events % TOLD_AFTER });
    let (path, bytes) = writer.queue.finish(b"")?;
    let mut generated = writer.generated;
    generated.files.push(path);
    generated.bytes = bytes;
    observe.on(Progress::Done { summary: format!("{} events", generated.events) });
    Ok(generated)
}

/// A day in the making.
struct Writer<'a> {
    options: &'a Day,
    observe: &'a dyn Observe,
    today: Live,
    yesterday: Live,
    past: Past,
    duplicates: Quota,
    drifts: Quota,
    malformed: Quota,
    conflicts: Quota,
    unknown_orders: Quota,
    unknown_types: Quota,
    unusable: Gates,
    queue: Queue,
    json: Json,
    generated: Generated,
}

impl<'a> Writer<'a> {
    fn new(options: &'a Day, queue: Queue, observe: &'a dyn Observe) -> Self {
        let live = |date| Live::new(options.seed, date, options.events, options.late_rate);
        let today = live(options.date);
        let seed = scatter(options.seed ^ today.number as u64);
        Self {
            yesterday: live(options.date.yesterday().unwrap_or(Date::MIN)),
            past: Past::new(options.seed, options.date.year() - 1, options.history_orders),
            duplicates: Quota::new(seed, 1, options.duplicate_rate),
            drifts: Quota::new(seed, 2, options.drift_rate),
            malformed: Quota::new(seed, 3, options.malformed_rate),
            conflicts: Quota::new(seed, 4, CONFLICTS),
            unknown_orders: Quota::new(seed, 5, UNKNOWN_ORDERS),
            unknown_types: Quota::new(seed, 6, UNKNOWN_TYPES),
            unusable: Gates::new(seed),
            json: Json::new(Style::Dense, 0),
            generated: Generated::default(),
            options,
            observe,
            today,
            queue,
        }
    }

    /// All that is stored while the order of an index is placed.
    fn turn(&mut self, index: u64) -> Result<()> {
        self.tell(index, 0, Told::Order)?;
        let fate = self.today.fate(index);
        let attempts = fate.attempts().count() as u8 + u8::from(fate.told_twice);
        for (attempt, succeeds) in (0..).zip(fate.attempts()) {
            self.tell(index, 0, Told::Payment(succeeds, attempt, attempts))?;
        }
        if fate.told_twice {
            self.tell(index, 0, Told::Payment(true, attempts - 1, attempts))?;
        }
        self.tell_if(index, after::UPDATE, |fate| fate.updated.then_some(Told::Update))?;
        self.tell_if(index, after::SECOND_RECORD, |fate| fate.recorded_twice.then_some(Told::SecondRecord))?;
        for (step, minutes) in (0..).zip(after::STEPS) {
            self.tell_if(index, minutes, |fate| {
                (step < fate.steps).then_some(Told::Step(step, fate.undelivered && step + 1 == fate.steps))
            })?;
        }
        self.tell_if(index, after::REFUND, |fate| match fate.refund {
            Refund::Nothing => None,
            Refund::Whole => Some(Told::Refund(None)),
            Refund::Part | Refund::Parts => Some(Told::Refund(Some(0))),
        })?;
        self.tell_if(index, after::SECOND_REFUND, |fate| {
            (fate.refund == Refund::Parts).then_some(Told::Refund(Some(1)))
        })?;
        if self.unknown_types.takes() {
            self.tell_unknown_type(index)?;
        }
        Ok(())
    }

    /// Tells something of the order that was placed so many minutes ago, if its fate has it.
    fn tell_if(&mut self, index: u64, minutes: u64, told: impl Fn(&Fate) -> Option<Told>) -> Result<()> {
        let ago = self.today.orders * minutes / (24 * 60);
        let fate = match index.checked_sub(ago) {
            Some(of) => self.today.fate(of),
            None => self.yesterday.fate(self.yesterday.orders + index - ago),
        };
        told(&fate).map_or(Ok(()), |told| self.tell(index, ago, told))
    }

    /// Writes one event, what drifts and breaks with it, and its repetitions.
    fn tell(&mut self, index: u64, ago: u64, told: Told) -> Result<()> {
        if self.generated.events == self.options.events {
            return Ok(());
        }
        let number = self.generated.events;
        let mut draws = Draws::of(self.options.seed, Subject::LiveEvent, self.today.number, number);
        let ingested_at = self.today.turn(index) + draws.seconds(0, 40).min(DAY / self.today.orders as i64);
        let occurrence = self.occurrence(index, ago, told, ingested_at, &mut draws);
        self.generated.faults.late += u64::from(ingested_at - occurrence.at > DAY);
        let vendor = self.vendor_of(told, &occurrence.order, &mut draws);
        let flaw = self.unusable.take(told, vendor);
        let drift = self.drifts.takes() && flaw.is_none();
        let drift = drift.then(|| Drift::draw(vendor, &mut draws));
        let shape = if let Some(Drift::Shape(other)) = drift { other } else { vendor };

        let mut fields = Vec::with_capacity(16);
        payload(&mut fields, told, &occurrence, shape, &mut draws);
        let mut envelope = Envelope {
            id: self.event_id(number),
            event_type: told.event_type(),
            event_time: Some((occurrence.at, Form::Zulu)),
            vendor: Some(vendor.name()),
            ingested_at,
        };
        match drift {
            None | Some(Drift::Shape(_)) => {}
            Some(Drift::NoVendor) => envelope.vendor = None,
            Some(Drift::UnknownVendor) => envelope.vendor = Some("unknown"),
            Some(Drift::NoTime) => envelope.event_time = None,
            Some(Drift::OtherTime) => envelope.event_time = Some((occurrence.at, draws.pick(&FORMS[1..]))),
            Some(Drift::Payload) => record::drift(&mut fields, &mut draws, true),
        }
        self.generated.faults.drifted += u64::from(drift.is_some());
        if let Some(flaw) = flaw {
            let is_unusable = flaw.put(&mut fields, &mut envelope);
            self.generated.faults.unusable += u64::from(is_unusable);
            self.generated.faults.drifted += u64::from(!is_unusable);
        }
        self.deliver(&envelope, &fields, &mut draws)
    }

    /// Which order an event is about, and when it occurred.
    fn occurrence(&mut self, index: u64, ago: u64, told: Told, ingested_at: i64, draws: &mut Draws) -> Occurrence {
        let own = |writer: &Self| match index.checked_sub(ago) {
            Some(of) => writer.today.order(of),
            None => writer.yesterday.order(writer.yesterday.orders + index - ago),
        };
        if told == Told::Order {
            let order = own(self);
            return Occurrence { at: order.ordered_at, order };
        }
        if told == Told::SecondRecord {
            let mut order = own(self);
            order.fill(draws);
            order.ordered_at = order.ordered_at.max(ingested_at - draws.seconds(30, 900));
            return Occurrence { at: order.ordered_at, order };
        }
        let is_late = draws.chance(millionths(self.options.late_rate));
        // What comes late, or from before this day, is often about an order of the year before.
        let from_history = (is_late && draws.chance(700_000)) || (index < ago && draws.chance(500_000));
        let mut order = if from_history { self.past.recent(draws) } else { None }.unwrap_or_else(|| own(self));
        if self.unknown_orders.takes() {
            order.reference = self.today.nobodys(draws);
            self.generated.faults.unknown_orders += 1;
        }
        if is_late {
            return Occurrence { order, at: ingested_at - lateness(draws) };
        }
        let start = (order.ordered_at + 15).max(ingested_at - 5_400).min(ingested_at);
        let (slot, slots) = if let Told::Payment(_, slot, slots) = told { (slot, slots) } else { (0, 1) };
        let length = (ingested_at - start) / i64::from(slots);
        let at = start + length * i64::from(slot) + draws.seconds(0, length as u32);
        Occurrence { order, at }
    }

    /// Who tells it: the order's own vendor, or at times the one whose gateway took the money.
    fn vendor_of(&self, told: Told, order: &Order, draws: &mut Draws) -> Vendor {
        match told {
            Told::Payment(..) if draws.chance(150_000) => order.vendor.other(draws),
            _ => order.vendor,
        }
    }

    /// An event of a type nobody has a rule for.
    fn tell_unknown_type(&mut self, index: u64) -> Result<()> {
        if self.generated.events == self.options.events {
            return Ok(());
        }
        let number = self.generated.events;
        let mut draws = Draws::of(self.options.seed, Subject::LiveEvent, self.today.number, number);
        let order = self.today.order(index);
        let ingested_at = self.today.turn(index);
        let at = ingested_at - draws.seconds(20, 5_400);
        let mut fields = Vec::new();
        record::update(&mut fields, order.reference, at, "none", order.vendor);
        record::lose(&mut fields, &[&field::CHANGE, &field::NOTE]);
        let envelope = Envelope {
            id: self.event_id(number),
            event_type: TYPES_UNKNOWN[(self.generated.faults.unknown_types % 3) as usize],
            event_time: Some((at, Form::Zulu)),
            vendor: Some(order.vendor.name()),
            ingested_at,
        };
        self.generated.faults.unknown_types += 1;
        self.deliver(&envelope, &fields, &mut draws)
    }

    /// Puts an event in line, and whatever repeats, contradicts or mocks it.
    fn deliver(&mut self, envelope: &Envelope, fields: &[Field], draws: &mut Draws) -> Result<()> {
        let delay = if draws.chance(80_000) { 1 + draws.below(300) as usize } else { 0 };
        self.generated.faults.out_of_order += u64::from(delay > 0);
        self.write(Style::Dense, envelope, fields, delay);
        let later = |draws: &mut Draws| delay + 1 + draws.below(400) as usize;
        if self.malformed.takes() {
            let broken = Envelope { id: self.event_id(self.generated.events | 1 << 31), ..*envelope };
            write_malformed(&mut self.json, self.generated.faults.malformed, &broken, fields, draws);
            self.put(later(draws));
            self.generated.faults.malformed += 1;
        }
        if self.duplicates.takes() {
            // Word for word; written by another library; or stored anew.
            let style = if self.generated.faults.duplicates % 3 == 1 { Style::Loose } else { Style::Dense };
            let delayed = if self.generated.faults.duplicates % 3 == 2 { draws.seconds(60, 3_000) } else { 0 };
            let again = Envelope { ingested_at: envelope.ingested_at + delayed, ..*envelope };
            self.write(style, &again, fields, later(draws));
            self.generated.faults.duplicates += 1;
        }
        if self.conflicts.takes() {
            let contradiction = contradict(fields);
            let again = Envelope { ingested_at: envelope.ingested_at + draws.seconds(60, 3_000), ..*envelope };
            self.write(Style::Dense, &again, &contradiction, later(draws));
            self.generated.faults.conflicts += 1;
        }
        self.generated.events += 1;
        if self.generated.events.is_multiple_of(TOLD_AFTER) {
            self.observe.on(Progress::Advance { by: TOLD_AFTER });
        }
        self.queue.turn()
    }

    fn write(&mut self, style: Style, envelope: &Envelope, fields: &[Field], delay: usize) {
        write_event(&mut self.json, style, envelope, fields);
        self.put(delay);
    }

    fn put(&mut self, delay: usize) {
        self.json.raw(b"\n");
        self.queue.put(self.json.bytes(), delay);
    }

    /// Different for every number of every day, since scattering keeps numbers apart.
    fn event_id(&self, number: u64) -> u64 {
        scatter(scatter(self.options.seed) ^ ((self.today.number as u64) << 32 | number))
    }
}
