//! A year of exports: orders, payments, parcels and refunds, each as one array, as the vendors' back offices write them.

use std::path::PathBuf;

use crate::error::Result;
use crate::progress::Observe;
use crate::progress::Progress;
use crate::sample::Generated;
use crate::sample::History;
use crate::sample::draw::Draws;
use crate::sample::draw::Quota;
use crate::sample::draw::scatter;
use crate::sample::field::Field;
use crate::sample::field::Step;
use crate::sample::field::write_object;
use crate::sample::file::Draft;
use crate::sample::file::Queue;
use crate::sample::json::Form;
use crate::sample::json::Json;
use crate::sample::json::Style;
use crate::sample::order::Fate;
use crate::sample::order::Order;
use crate::sample::order::Refund;
use crate::sample::record;
use crate::sample::record::WAY;
use crate::sample::timeline::DAY;
use crate::sample::timeline::Past;
use crate::sample::told;

/// Share of payments, parcels and refunds that name an order nobody placed.
const UNKNOWN_ORDERS: f64 = 0.02;
/// Share of parcels with a step that has lost its time, or without any step.
const LOST_STEPS: f64 = 0.004;
/// After how many orders whoever observes is told.
const TOLD_AFTER: u64 = 1_024;

/// Writes `OUT/{orders,payments,shipments,refunds}_YEAR.json`, in place of what lies there.
///
/// # Errors
/// A share or a year that is out of range, and a folder that cannot be written to: the call is not well.
pub fn history(options: &History, observe: &dyn Observe) -> Result<Generated> {
    options.check()?;
    observe.on(Progress::Stage { name: "generate", total: Some(options.orders) });
    let export = |index: u64, name: &str| Export::begin(options, index, name);
    let mut writer = Writer {
        past: Past::new(options.seed, options.year, options.orders),
        orders: export(0, "orders")?,
        payments: export(1, "payments")?,
        parcels: export(2, "shipments")?,
        refunds: export(3, "refunds")?,
        late: quota(options, 5, options.late_rate),
        unknown: quota(options, 6, UNKNOWN_ORDERS),
        lost: quota(options, 7, LOST_STEPS),
        generated: Generated::default(),
    };
    for number in 1..=options.orders {
        writer.order(number)?;
        if number % TOLD_AFTER == 0 {
            observe.on(Progress::Advance { by: TOLD_AFTER });
        }
    }
    observe.on(Progress::Advance { by: options.orders % TOLD_AFTER });
    let Writer { orders, payments, parcels, refunds, mut generated, .. } = writer;
    for export in [orders, payments, parcels, refunds] {
        generated.events += export.records;
        generated.faults.duplicates += export.repeats.taken();
        generated.faults.drifted += export.drifts.taken();
        let (path, bytes) = export.queue.finish(b"\n]\n")?;
        generated.files.push(path);
        generated.bytes += bytes;
    }
    observe.on(Progress::Done { summary: format!("{} records", generated.events) });
    Ok(generated)
}

fn quota(options: &History, name: u64, rate: f64) -> Quota {
    Quota::new(scatter(options.seed ^ scatter(options.year.unsigned_abs().into())), name, rate)
}

/// One of the four files.
struct Export {
    queue: Queue,
    json: Json,
    records: u64,
    repeats: Quota,
    drifts: Quota,
}

impl Export {
    fn begin(options: &History, index: u64, name: &str) -> Result<Self> {
        let path: PathBuf = options.out.join(format!("{name}_{}.json", options.year));
        let mut draft = Draft::begin(&path)?;
        draft.write(b"[")?;
        Ok(Self {
            queue: Queue::new(draft, b","),
            json: Json::new(Style::Tall, 1),
            records: 0,
            repeats: quota(options, 10 + index, options.duplicate_rate),
            drifts: quota(options, 20 + index, options.drift_rate),
        })
    }

    /// Puts a record in line, `delay` turns from now; some drift, some come twice.
    fn put(&mut self, fields: &mut Vec<Field>, delay: u32, draws: &mut Draws) {
        if self.drifts.takes() {
            record::drift(fields, draws, false);
        }
        self.json.clear(Style::Tall);
        self.json.raw(b"\n  ");
        write_object(&mut self.json, fields);
        self.queue.put(self.json.bytes(), delay as usize);
        if self.repeats.takes() {
            self.queue.put(self.json.bytes(), (delay + 1 + draws.below(100)) as usize);
        }
        self.records += 1;
    }
}

/// A year in the making.
struct Writer {
    past: Past,
    orders: Export,
    payments: Export,
    parcels: Export,
    refunds: Export,
    late: Quota,
    unknown: Quota,
    lost: Quota,
    generated: Generated,
}

impl Writer {
    /// Everything that the exports say of one order.
    fn order(&mut self, number: u64) -> Result<()> {
        let order = self.past.order(number);
        let fate = self.past.fate(number);
        let mut draws = self.past.draws(number);
        let draws = &mut draws;
        let mut fields = Vec::with_capacity(16);
        record::order(&mut fields, &order, order.vendor, true);
        self.orders.put(&mut fields, draws.below(6), draws);
        if fate.recorded_twice || fate.updated && draws.chance(150_000) {
            let changed = self.second_record(&order, draws);
            let vendor = if draws.chance(150_000) { order.vendor.other(draws) } else { order.vendor };
            let mut fields = Vec::with_capacity(16);
            record::order(&mut fields, &changed, vendor, true);
            self.orders.put(&mut fields, 6 + draws.below(400), draws);
        }
        let paid_at = self.payments(&order, fate, draws);
        if let Some(paid_at) = paid_at {
            if draws.chance(860_000) {
                self.parcel(&order, fate, paid_at, draws);
            }
            self.refunds(&order, fate, paid_at, draws);
        }
        for export in [&mut self.orders, &mut self.payments, &mut self.parcels, &mut self.refunds] {
            export.queue.turn()?;
        }
        Ok(())
    }

    /// The order as it was recorded again: with other lines, mostly later, at times under the very same time.
    fn second_record(&self, order: &Order, draws: &mut Draws) -> Order {
        let mut changed = order.clone();
        changed.fill(draws);
        if draws.chance(750_000) {
            changed.ordered_at += draws.seconds(300, 2 * DAY as u32);
        }
        changed
    }

    /// The order under its own name, or now and then under one that nobody knows.
    fn named(&mut self, order: &Order, draws: &mut Draws) -> Order {
        let mut named = order.clone();
        if self.unknown.takes() {
            named.reference = self.past.nobodys(draws);
            self.generated.faults.unknown_orders += 1;
        }
        named
    }

    /// The attempts to pay; when the first succeeded.
    fn payments(&mut self, order: &Order, fate: Fate, draws: &mut Draws) -> Option<i64> {
        let mut at = order.ordered_at;
        let mut paid_at = None;
        let attempts = fate.attempts().chain(fate.told_twice.then_some(true));
        for succeeds in attempts {
            at += draws.seconds(40, 3 * 3_600);
            if self.late.takes() {
                at += draws.seconds(8 * DAY as u32, 40 * DAY as u32);
            }
            self.generated.faults.late += u64::from(at - order.ordered_at > 7 * DAY);
            let named = self.named(order, draws);
            let payment = told::pay(&named, at, succeeds, draws);
            let vendor = if draws.chance(150_000) { order.vendor.other(draws) } else { order.vendor };
            let mut fields = Vec::with_capacity(16);
            record::payment(&mut fields, &payment, vendor);
            self.payments.put(&mut fields, draws.below(600), draws);
            paid_at = paid_at.or(succeeds.then_some(at));
        }
        paid_at
    }

    fn parcel(&mut self, order: &Order, fate: Fate, paid_at: i64, draws: &mut Draws) {
        let named = self.named(order, draws);
        let count = 1 + draws.below(10).min(4) as u8;
        let mut steps = [Step { status: "", at: None, form: Form::Zulu }; WAY.len()];
        let mut at = paid_at + draws.seconds(1_800, DAY as u32);
        for (index, step) in (0..count).zip(&mut steps) {
            let form = if draws.chance(250_000) { Form::Minutes } else { Form::Zulu };
            let given_up = fate.undelivered && index + 1 == count;
            *step = Step { status: told::status(index, given_up, draws), at: Some(at), form };
            at += draws.seconds(3_600, 2 * DAY as u32);
        }
        let mut steps = &mut steps[..usize::from(count)];
        if self.lost.takes() {
            self.generated.faults.unusable += 1;
            match steps {
                [.., last] if self.lost.taken() % 2 == 1 => last.at = None,
                _ => steps = &mut [],
            }
        }
        let carrier = draws.pick(&record::CARRIERS);
        let mut fields = Vec::with_capacity(8);
        record::parcel(&mut fields, named.reference, carrier, told::parcel(order), steps, order.vendor);
        self.parcels.put(&mut fields, draws.below(600), draws);
    }

    fn refunds(&mut self, order: &Order, fate: Fate, paid_at: i64, draws: &mut Draws) {
        let occasions: &[Option<u8>] = match fate.refund {
            Refund::Nothing => &[],
            Refund::Whole => &[None],
            Refund::Part => &[Some(0)],
            Refund::Parts => &[Some(0), Some(1)],
        };
        for occasion in occasions {
            let named = self.named(order, draws);
            let at = paid_at + draws.seconds(DAY as u32, 30 * DAY as u32);
            let refund = told::refund(&named, at, *occasion, draws);
            let mut fields = Vec::with_capacity(8);
            record::refund(&mut fields, &refund, order.vendor);
            self.refunds.put(&mut fields, draws.below(600), draws);
        }
    }
}
