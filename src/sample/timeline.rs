//! When what happens: the orders of a live day and of a past year, each as it follows from its number.

use jiff::civil::Date;
use jiff::civil::date;
use jiff::tz::Offset;

use crate::sample::draw::Draws;
use crate::sample::draw::Subject;
use crate::sample::draw::millionths;
use crate::sample::order::Fate;
use crate::sample::order::Order;
use crate::sample::order::Reference;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Midnight at the start of a day, in seconds since 1970.
pub(super) fn midnight(date: Date) -> i64 {
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, |moment| moment.as_second())
}

/// A live day, on which orders are stored one after the other, evenly from midnight to midnight.
#[derive(Debug, Clone)]
pub(super) struct Live {
    seed: u64,
    /// The number of the day since 1970.
    pub(super) number: i64,
    /// Year, month and day as a number of six digits.
    label: u64,
    /// How many orders.
    pub(super) orders: u64,
    /// Millionths that arrive late.
    late: u32,
}

impl Live {
    /// The day of `date`, with as many orders as make so many events.
    pub(super) fn new(seed: u64, date: Date, events: u64, late_rate: f64) -> Self {
        let label = u64::from(date.year().unsigned_abs() % 100) * 10_000
            + u64::from(date.month().unsigned_abs()) * 100
            + u64::from(date.day().unsigned_abs());
        let orders = (events * 100 / Fate::OF_A_HUNDRED).max(1);
        Self { seed, number: midnight(date).div_euclid(DAY), label, orders, late: millionths(late_rate) }
    }

    /// When the order of an index is stored, and all else that happens in its turn.
    pub(super) fn turn(&self, index: u64) -> i64 {
        let second = (DAY as u64 * index / self.orders) as i64;
        self.number * DAY + second.min(DAY - 1)
    }

    /// The order of an index, counted from 0.
    pub(super) fn order(&self, index: u64) -> Order {
        let mut draws = Draws::of(self.seed, Subject::LiveOrder, self.number, index);
        let mut order = Order::draw(Reference::Live(self.label, index + 1), &mut draws);
        order.ordered_at = self.turn(index) - draws.seconds(20, 5_400);
        if draws.chance(self.late) {
            order.ordered_at -= lateness(&mut draws);
        }
        order
    }

    /// What comes of the order of an index.
    pub(super) fn fate(&self, index: u64) -> Fate {
        Fate::of(self.seed, Subject::LiveOrder, self.number, index)
    }

    /// An order that nobody placed.
    pub(super) fn nobodys(&self, draws: &mut Draws) -> Reference {
        Reference::Live(self.label, self.orders * 2 + 50_000 + u64::from(draws.below(40_000)))
    }
}

/// By how much something arrives late: from a little over a day to twelve days.
pub(super) fn lateness(draws: &mut Draws) -> i64 {
    draws.seconds(90_000, 12 * DAY as u32)
}

/// A past year, whose orders are numbered about in the order of their time.
#[derive(Debug, Clone)]
pub(super) struct Past {
    seed: u64,
    year: i16,
    /// How many orders.
    pub(super) orders: u64,
    start: i64,
    end: i64,
}

impl Past {
    pub(super) fn new(seed: u64, year: i16, orders: u64) -> Self {
        Self { seed, year, orders, start: midnight(date(year, 1, 1)), end: midnight(date(year, 12, 31)) + DAY }
    }

    /// The order of a number, counted from 1.
    pub(super) fn order(&self, number: u64) -> Order {
        let mut draws = Draws::of(self.seed, Subject::HistoryOrder, self.year.into(), number);
        let mut order = Order::draw(Reference::History(number), &mut draws);
        let length = (self.end - self.start) as u64;
        let place = self.start + (length * (2 * number - 1) / (2 * self.orders)) as i64;
        let jitter = draws.seconds(0, 8 * DAY as u32) - 4 * DAY;
        // What would fall out of the year is mirrored at its edge.
        let last = self.end - 1;
        let at = last - (last - (self.start + (place + jitter - self.start).abs())).abs();
        order.ordered_at = at.max(self.start);
        order
    }

    /// One of the most recent orders, where there are any.
    pub(super) fn recent(&self, draws: &mut Draws) -> Option<Order> {
        let reach = u32::try_from(self.orders.div_ceil(4)).ok()?;
        (reach > 0).then(|| self.order(self.orders - u64::from(draws.below(reach))))
    }

    /// What comes of the order of a number.
    pub(super) fn fate(&self, number: u64) -> Fate {
        Fate::of(self.seed, Subject::HistoryOrder, self.year.into(), number)
    }

    /// The stream for all that is told of the order of a number.
    pub(super) fn draws(&self, number: u64) -> Draws {
        Draws::of(self.seed, Subject::HistoryRecord, self.year.into(), number)
    }

    /// An order that nobody placed.
    pub(super) fn nobodys(&self, draws: &mut Draws) -> Reference {
        Reference::History(self.orders + 1 + u64::from(draws.below(5_000)))
    }
}
