//! An order, as it follows from its number: what was bought, by whom, and what will come of it.

use crate::sample::draw::Draws;
use crate::sample::draw::Subject;
use crate::sample::draw::scatter;
use crate::sample::market;
use crate::sample::market::Currency;
use crate::sample::market::Customer;

/// Which of the three producers speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    A,
    B,
    C,
}

/// All of them.
pub(super) const VENDORS: [Vendor; 3] = [Vendor::A, Vendor::B, Vendor::C];

impl Vendor {
    /// The name in an envelope.
    pub(super) fn name(self) -> &'static str {
        ["vendor_a", "vendor_b", "vendor_c"][self as usize]
    }

    /// One of the other two.
    pub(super) fn other(self, draws: &mut Draws) -> Self {
        VENDORS[(self as usize + 1 + draws.below(2) as usize) % 3]
    }
}

/// How an order is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// `ORD-000123`
    History(u64),
    /// `ORD-250115-00123`: the day as a number of six digits, and the number of the order.
    Live(u64, u64),
}

/// One line of an order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line {
    /// Names the product.
    pub(super) sku: u32,
    pub(super) quantity: u32,
    /// Hundredths of the order's currency.
    pub(super) price: i64,
}

/// The most lines an order has.
const MOST_LINES: usize = 5;

/// An order as its producer knows it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) reference: Reference,
    pub(super) vendor: Vendor,
    pub(super) customer: Customer,
    /// Which of the customer's traits the producer passes on: number, e-mail, telephone.
    pub(super) tells: [bool; 3],
    pub(super) place: (&'static str, &'static str),
    /// Number of the house.
    pub(super) house: u32,
    pub(super) currency: &'static Currency,
    lines: [Line; MOST_LINES],
    line_count: usize,
    /// Hundredths.
    pub(super) total: i64,
    /// Seconds since 1970.
    pub(super) ordered_at: i64,
}

impl Order {
    /// What was bought.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines[..self.line_count]
    }

    /// The order whose traits `draws` yields; its time is yet to be set.
    pub(super) fn draw(reference: Reference, draws: &mut Draws) -> Self {
        let customer = Customer::draw(draws);
        let vendor = draws.pick(&VENDORS);
        let place = draws.pick(customer.market().places);
        // Some pay in dollars, wherever they live.
        let currency = if draws.chance(30_000) { &market::USD } else { customer.market().currency };
        let nobody = draws.chance(10_000);
        let tells = [750_000, 930_000, 850_000].map(|share| draws.chance(share) && !nobody);
        let mut order = Self {
            reference,
            vendor,
            customer,
            tells,
            place,
            house: 1 + draws.below(240),
            currency,
            lines: [Line::default(); MOST_LINES],
            line_count: 0,
            total: 0,
            ordered_at: 0,
        };
        order.fill(draws);
        order
    }

    /// Draws the lines anew: as when a customer changes an order.
    pub(super) fn fill(&mut self, draws: &mut Draws) {
        self.line_count = [1, 1, 1, 2, 2, 3, 4, 5][draws.below(8) as usize];
        self.total = 0;
        for line in &mut self.lines[..self.line_count] {
            // The smaller of two draws: low numbers sell best.
            let sku = draws.below(market::PRODUCTS).min(draws.below(market::PRODUCTS));
            let quantity = [1, 1, 1, 1, 2, 2, 3][draws.below(7) as usize];
            *line = Line { sku, quantity, price: market::price(sku, self.currency) };
            self.total += line.price * i64::from(quantity);
        }
        // A voucher that covers everything.
        if draws.chance(5_000) {
            self.total = 0;
        }
    }
}

/// What comes of an order. Told apart from the order itself because most steps of a day ask only whether anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// Attempts to pay, and whether each succeeds.
    attempts: [Option<bool>; 2],
    /// Whether the successful payment is told twice, under two event ids and one transaction.
    pub(super) told_twice: bool,
    /// How many steps of its way the parcel makes, up to five.
    pub(super) steps: u8,
    /// Whether the parcel's last step is that it could not be delivered.
    pub(super) undelivered: bool,
    pub(super) updated: bool,
    /// Whether the order is recorded a second time, changed.
    pub(super) recorded_twice: bool,
    pub(super) refund: Refund,
}

/// What of an order is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refund {
    Nothing,
    Whole,
    /// Listed items, once.
    Part,
    /// Listed items, on two occasions.
    Parts,
}

impl Fate {
    /// How many events a hundred orders have, in the mean; measured, and held to by a test.
    pub(super) const OF_A_HUNDRED: u64 = 345;

    /// The fate of an order of `group` (a day or a year).
    pub(super) fn of(seed: u64, subject: Subject, group: i64, number: u64) -> Self {
        let mut bits = scatter(scatter(seed ^ scatter(group as u64)) ^ scatter(number ^ ((subject as u64) << 56)));
        let mut below = |bound: u64| {
            let drawn = bits % bound;
            bits = scatter(bits);
            drawn
        };
        let attempts = match below(100) {
            0..12 => [None, None],
            12..78 => [Some(true), None],
            78..92 => [Some(false), Some(true)],
            _ => [Some(false), None],
        };
        let is_paid = attempts.contains(&Some(true));
        let steps = if is_paid { [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 5][below(16) as usize] } else { 0 };
        let refund = match below(100) {
            0..11 if is_paid => Refund::Whole,
            11..21 if is_paid => Refund::Part,
            21..24 if is_paid => Refund::Parts,
            _ => Refund::Nothing,
        };
        Self {
            attempts,
            told_twice: is_paid && below(100) == 0,
            steps,
            undelivered: below(12) == 0,
            updated: below(100) < 18,
            recorded_twice: below(100) < 3,
            refund,
        }
    }

    /// The attempts to pay in their order: whether each succeeds.
    pub(super) fn attempts(&self) -> impl Iterator<Item = bool> + use<> {
        self.attempts.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_as_frequent_as_the_day_counts_on() {
        let mut events = 0;
        for number in 0..100_000 {
            let fate = Fate::of(42, Subject::LiveOrder, 9, number);
            let refunds = match fate.refund {
                Refund::Nothing => 0,
                Refund::Whole | Refund::Part => 1,
                Refund::Parts => 2,
            };
            events += 1 + fate.attempts().count() as u64 + u64::from(fate.told_twice) + u64::from(fate.steps);
            events += u64::from(fate.updated) + u64::from(fate.recorded_twice) + refunds;
        }
        let mean = events / 1_000;
        assert!(mean.abs_diff(Fate::OF_A_HUNDRED) <= 3, "{mean}");
    }

    #[test]
    fn an_order_costs_what_its_lines_cost() {
        let mut free = 0;
        for number in 0..2_000 {
            let order = Order::draw(Reference::History(number), &mut Draws::of(1, Subject::HistoryOrder, 2024, number));
            let sum: i64 = order.lines().iter().map(|line| line.price * i64::from(line.quantity)).sum();
            assert!(!order.lines().is_empty() && sum > 0);
            assert!(order.total == sum || order.total == 0);
            free += usize::from(order.total == 0);
        }
        assert!((1..50).contains(&free), "{free}");
    }
}
