//! What a live event tells of an order, as fields in the shape of a vendor.

use crate::sample::draw::Draws;
use crate::sample::draw::scatter;
use crate::sample::field::Field;
use crate::sample::field::Step;
use crate::sample::json::Form;
use crate::sample::market;
use crate::sample::order::Order;
use crate::sample::order::Reference;
use crate::sample::order::Vendor;
use crate::sample::record;
use crate::sample::record::Payment;
use crate::sample::record::Refund;

/// What an event tells of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Order,
    SecondRecord,
    Update,
    /// Whether the attempt succeeds, which one it is, of how many.
    Payment(bool, u8, u8),
    /// The number of the step, from 0, and whether the parcel is given up there.
    Step(u8, bool),
    /// All of it, or the lines of a first or second occasion.
    Refund(Option<u8>),
}

impl Told {
    /// The type in the envelope.
    pub(super) fn event_type(self) -> &'static str {
        match self {
            Self::Order | Self::SecondRecord => "order_created",
            Self::Update => "order_updated",
            Self::Payment(..) => "payment_succeeded",
            Self::Step(..) => "shipment_updated",
            Self::Refund(_) => "refund_issued",
        }
    }
}

/// Who an event is about, and when it occurred.
pub(super) struct Occurrence {
    pub(super) order: Order,
    /// Seconds since 1970.
    pub(super) at: i64,
}

/// The fields of the event's payload, in the shape of `shape`.
pub(super) fn payload<'a>(
    fields: &mut Vec<Field<'a>>,
    told: Told,
    occurrence: &'a Occurrence,
    shape: Vendor,
    draws: &mut Draws,
) {
    let Occurrence { order, at } = occurrence;
    match told {
        Told::Order | Told::SecondRecord => record::order(fields, order, shape, false),
        Told::Update => record::update(fields, order.reference, *at, draws.pick(&record::CHANGES), shape),
        Told::Payment(succeeds, ..) => record::payment(fields, &pay(order, *at, succeeds, draws), shape),
        Told::Step(step, given_up) => {
            let status = status(step, given_up, draws);
            let step = Step { status, at: Some(*at), form: Form::Zulu };
            record::step(fields, order.reference, parcel(order), step, shape);
        }
        Told::Refund(occasion) => record::refund(fields, &refund(order, *at, occasion, draws), shape),
    }
}

/// An attempt to pay for an order; now and then in dollars, or with an outcome that is not known yet.
pub(super) fn pay(order: &Order, at: i64, succeeds: bool, draws: &mut Draws) -> Payment {
    let outcome = match (succeeds, draws.below(100)) {
        (true, 0..3) => "success",
        (true, _) => "SUCCESS",
        (false, 0..8) => "PENDING",
        (false, _) => "FAILED",
    };
    let (amount, currency) = if draws.chance(10_000) {
        ((order.total * order.currency.level / market::USD.level).max(1), market::USD.code)
    } else {
        (order.total, order.currency.code)
    };
    let method = draws.pick(order.customer.market().methods);
    // The same for a payment that is told twice, another for each new attempt.
    let transaction = scatter(order_bits(order) ^ u64::from(succeeds));
    Payment { about: order.reference, at, outcome, amount, currency, method, transaction }
}

/// Money back for an order: all of it, or one of its lines.
pub(super) fn refund<'a>(order: &'a Order, at: i64, occasion: Option<u8>, draws: &mut Draws) -> Refund<'a> {
    let lines = order.lines();
    let returned = occasion.map(|occasion| {
        let index = usize::from(occasion).min(lines.len() - 1);
        &lines[index..=index]
    });
    let amount = returned
        .map_or(order.total, |returned| returned.iter().map(|line| line.price * i64::from(line.quantity)).sum());
    let reason = draws.pick(&record::REASONS);
    Refund { about: order.reference, at, amount, currency: order.currency.code, reason, returned }
}

/// The status of a step: along the way, or the end of one that leads nowhere.
pub(super) fn status(step: u8, given_up: bool, draws: &mut Draws) -> &'static str {
    if given_up && step > 1 {
        return draws.pick(&["DELIVERY_FAILED", "RETURNED"]);
    }
    record::WAY[usize::from(step).min(record::WAY.len() - 1)]
}

/// What an order's parcel is known by: the same at every step.
pub(super) fn parcel(order: &Order) -> u64 {
    scatter(order_bits(order) ^ 0x7A5C)
}

/// Bits that follow from the traits of an order which never change.
fn order_bits(order: &Order) -> u64 {
    match order.reference {
        Reference::History(number) => scatter(number) ^ u64::from(order.house),
        Reference::Live(day, number) => scatter((day << 32) ^ number) ^ u64::from(order.house),
    }
}
