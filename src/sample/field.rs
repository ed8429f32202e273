//! One field of a record: the names the three producers have for it, and what it may hold.

use crate::sample::json::Form;
use crate::sample::json::Json;
use crate::sample::market::Market;
use crate::sample::order::Line;
use crate::sample::order::Order;
use crate::sample::order::Reference;
use crate::sample::order::Vendor;

/// One name of a field: a key, perhaps in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path {
    /// Empty where the key stands in the record itself.
    object: &'static str,
    key: &'static str,
}

impl Path {
    /// A name as the contract writes it: dotted where the key lies in an object. Taken apart while compiling, since
    /// writing is the hot path.
    const fn of(name: &'static str) -> Self {
        let mut place = 0;
        while place < name.len() {
            if name.as_bytes()[place] == b'.' {
                let (object, rest) = name.split_at(place);
                return Self { object, key: rest.split_at(1).1 };
            }
            place += 1;
        }
        Self { object: "", key: name }
    }

    /// The key that a record gets by this name.
    pub(super) fn outer(self) -> &'static str {
        if self.object.is_empty() { self.key } else { self.object }
    }
}

/// What a field is called.
#[derive(Debug)]
pub(super) struct Names {
    /// By the three vendors, in their order.
    own: [Path; 3],
    /// By anyone, and so by a drifted event.
    known: &'static [&'static str],
}

impl Names {
    const fn new(own: [&'static str; 3], known: &'static [&'static str]) -> Self {
        let [a, b, c] = own;
        Self { own: [Path::of(a), Path::of(b), Path::of(c)], known }
    }

    /// The vendor's own name.
    pub(super) fn of(&self, vendor: Vendor) -> Path {
        self.own[vendor as usize]
    }

    /// Every name that means this.
    pub(super) fn known(&self) -> impl Iterator<Item = Path> + Clone + use<> {
        self.known.iter().map(|name| Path::of(name))
    }
}

const REFERENCES: &[&str] = &["orderRef", "order_id", "order.id", "order"];

pub(super) static ORDER: Names = Names::new(["orderRef", "order_id", "order.id"], REFERENCES);
/// The order that a payment, an update or a refund is about.
pub(super) static ABOUT: Names = Names::new(["orderRef", "order_id", "order"], REFERENCES);
pub(super) static CREATED: Names =
    Names::new(["created", "created_at", "order.ts"], &["created", "created_at", "order.ts"]);
pub(super) static TOTAL: Names = Names::new(["total", "totalAmount", "amount"], &["total", "totalAmount", "amount"]);
pub(super) static CURRENCY: Names =
    Names::new(["currency", "currencyCode", "ccy"], &["currencyCode", "currency", "ccy"]);
pub(super) static REGION: Names = Names::new(["region", "state", "geo.region"], &["region", "state", "geo.region"]);
pub(super) static CUSTOMER_ID: Names =
    Names::new(["customer.id", "customerId", "cust_id"], &["customer.id", "buyer.id", "customerId", "cust_id"]);
pub(super) static EMAIL: Names =
    Names::new(["customer.email", "buyerEmail", "email"], &["customer.email", "buyer.email", "buyerEmail", "email"]);
pub(super) static PHONE: Names =
    Names::new(["customer.phone", "buyerPhone", "phone"], &["customer.phone", "buyer.phone", "buyerPhone", "phone"]);
pub(super) static ADDRESS: Names =
    Names::new(["shippingAddress", "address", "shipping.address"], &["shippingAddress", "address", "shipping.address"]);
pub(super) static ITEMS: Names = Names::new(["items", "line_items", "items"], &["line_items", "items"]);
pub(super) static UPDATED: Names = Names::new(["updatedAt", "updated_at", "ts"], &["updatedAt", "updated_at", "ts"]);
pub(super) static CHANGE: Names = Names::new(["change", "change_type", "change"], &["change", "change_type"]);
pub(super) static NOTE: Names = Names::new(["notes", "note", "notes"], &["notes", "note"]);
pub(super) static PAID: Names = Names::new(["paidAt", "paid_at", "timestamp"], &["paidAt", "paid_at", "timestamp"]);
pub(super) static PAYMENT: Names =
    Names::new(["amount", "amountPaid", "amt"], &["amount", "amountPaid", "amount_paid", "amt"]);
pub(super) static OUTCOME: Names =
    Names::new(["status", "payment_status", "state"], &["status", "payment_status", "state", "payment_state"]);
pub(super) static TRANSACTION: Names =
    Names::new(["txRef", "transaction_id", "txn"], &["txRef", "transaction_id", "txn"]);
pub(super) static METHOD: Names =
    Names::new(["method", "channel", "paymentMethod"], &["method", "channel", "paymentMethod"]);
pub(super) static REFUNDED: Names =
    Names::new(["refundedAt", "refunded_at", "ts"], &["refundedAt", "refunded_at", "ts"]);
pub(super) static REFUND: Names = Names::new(["amount", "refundAmount", "amt"], &["amount", "refundAmount", "amt"]);
pub(super) static REASON: Names = Names::new(["reason", "refund_reason", "reason"], &["reason", "refund_reason"]);
pub(super) static RETURNED: Names =
    Names::new(["items", "refunded_items", "items_refunded"], &["items", "refunded_items", "items_refunded"]);
pub(super) static CARRIER: Names =
    Names::new(["carrier", "logistics_partner", "carrier"], &["carrier", "logistics_partner"]);
pub(super) static TRACKING: Names =
    Names::new(["tracking", "tracking_code", "tracking"], &["tracking", "tracking_code"]);
pub(super) static STEPS: Names =
    Names::new(["updates", "status_history", "timeline"], &["updates", "status_history", "timeline"]);
pub(super) static STATUS: Names =
    Names::new(["status", "shipment_status", "state"], &["status", "shipment_status", "state"]);
pub(super) static MOVED: Names = Names::new(["updateTime", "time", "ts"], &["updateTime", "update_time", "time", "ts"]);
/// What nobody has a rule for yet.
static EXTRA: Names = Names::new(["", "", ""], &[]);

/// A step of a parcel's way: its status and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) status: &'static str,
    /// Seconds since 1970; an exporter may have lost it.
    pub(super) at: Option<i64>,
    pub(super) form: Form,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Text(&'static str),
    Whole(u64),
    Truth(bool),
    Reference(Reference),
    /// Hundredths.
    Money(i64),
    /// The same, as text.
    MoneyText(i64),
    /// Seconds since 1970.
    Time(i64, Form),
    CustomerId(u32),
    Email(&'a Order),
    Phone(&'a Order),
    AddressText(&'a Order),
    Address(&'a Order),
    /// The lines of an order, as the vendor writes them; the last says whether it is an export's or a live record.
    Lines(&'a [Line], Vendor, bool),
    /// Lines that were sent back.
    Returned(&'a [Line]),
    Steps(&'a [Step]),
    /// What a transaction or a parcel is called, by the vendor.
    Transaction(u64, Vendor),
    Tracking(u64, Vendor),
}

/// A field of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// What it is called here.
    pub(super) path: Path,
    pub(super) names: &'static Names,
    pub(super) value: Value<'a>,
}

impl<'a> Field<'a> {
    /// A field that has no other name.
    pub(super) const fn extra(name: &'static str, value: Value<'a>) -> Self {
        Self { path: Path::of(name), names: &EXTRA, value }
    }
}

/// Writes fields as one object; neighbours of the same object stand in it together.
pub(super) fn write_object(json: &mut Json, fields: &[Field]) {
    json.open(b'{');
    let mut inside = "";
    for field in fields {
        let Path { object, key } = field.path;
        let stays = object.is_empty() == inside.is_empty() && (object.is_empty() || object == inside);
        if !stays {
            if !inside.is_empty() {
                json.close(b'}');
            }
            if !object.is_empty() {
                json.key(object);
                json.open(b'{');
            }
            inside = object;
        }
        json.key(key);
        write_value(json, field.value);
    }
    if !inside.is_empty() {
        json.close(b'}');
    }
    json.close(b'}');
}

fn write_value(json: &mut Json, value: Value) {
    match value {
        Value::Null => json.null(),
        Value::Text(text) => json.text(text),
        Value::Whole(number) => json.digits(number, 1),
        Value::Truth(truth) => json.raw(if truth { b"true" } else { b"false" }),
        Value::Reference(reference) => write_reference(json, reference),
        Value::Money(hundredths) => json.money(hundredths),
        Value::MoneyText(hundredths) => quoted(json, |json| json.money(hundredths)),
        Value::Time(second, form) => json.time(second, form),
        Value::CustomerId(number) => quoted(json, |json| {
            json.raw(b"CUST-");
            json.digits(number.into(), 5);
        }),
        Value::Email(order) => write_email(json, order),
        Value::Phone(order) => write_phone(json, order),
        Value::AddressText(order) => write_address_text(json, order),
        Value::Address(order) => write_address(json, order),
        Value::Lines(lines, vendor, exported) => write_lines(json, lines, vendor, exported),
        Value::Returned(lines) => write_returned(json, lines),
        Value::Steps(steps) => write_steps(json, steps),
        Value::Transaction(bits, vendor) => write_number(json, bits, ["TX-", "", "TRX"][vendor as usize], vendor),
        Value::Tracking(bits, vendor) => write_number(json, bits, ["TRK-", "TRK", ""][vendor as usize], vendor),
    }
}

fn quoted(json: &mut Json, write: impl FnOnce(&mut Json)) {
    json.raw(b"\"");
    write(json);
    json.raw(b"\"");
}

fn write_reference(json: &mut Json, reference: Reference) {
    quoted(json, |json| {
        json.raw(b"ORD-");
        match reference {
            Reference::History(number) => json.digits(number, 6),
            Reference::Live(day, number) => {
                json.digits(day, 6);
                json.raw(b"-");
                json.digits(number, 5);
            }
        }
    });
}

/// An address in a domain that is reserved for examples.
fn write_email(json: &mut Json, order: &Order) {
    let (first, last) = order.customer.name();
    quoted(json, |json| {
        json.raw(first.as_bytes());
        json.raw(b".");
        json.raw(last.as_bytes());
        json.digits(order.customer.0.into(), 1);
        json.raw(if order.customer.0.is_multiple_of(3) { b"@example.org" } else { b"@example.com" });
    });
}

/// A number that no network assigns: none begins with three zeros after the country's code.
fn write_phone(json: &mut Json, order: &Order) {
    let market: &Market = order.customer.market();
    quoted(json, |json| {
        json.raw(market.calling_code.as_bytes());
        json.raw(b"000");
        json.digits(order.customer.0.into(), 6);
    });
}

fn write_address_text(json: &mut Json, order: &Order) {
    quoted(json, |json| {
        json.digits(order.house.into(), 1);
        json.raw(b" Market Road, ");
        json.raw(order.place.1.as_bytes());
    });
}

fn write_address(json: &mut Json, order: &Order) {
    json.open(b'{');
    json.key("line1");
    quoted(json, |json| {
        json.digits(order.house.into(), 1);
        json.raw(b" Market Road");
    });
    json.key("city");
    json.text(order.place.1);
    json.key("country");
    json.text(order.customer.market().country);
    json.close(b'}');
}

fn write_sku(json: &mut Json, sku: u32) {
    quoted(json, |json| {
        json.raw(b"SKU-");
        json.digits(sku.into(), 4);
    });
}

fn write_lines(json: &mut Json, lines: &[Line], vendor: Vendor, exported: bool) {
    let (sku, quantity, price) = match vendor {
        Vendor::A => ("sku", "qty", "price"),
        Vendor::B => ("sku", "quantity", "unit_price"),
        Vendor::C => (if exported { "sku" } else { "productSku" }, "qty", "price"),
    };
    json.open(b'[');
    for line in lines {
        json.element();
        json.open(b'{');
        json.key(sku);
        write_sku(json, line.sku);
        json.key(quantity);
        json.digits(line.quantity.into(), 1);
        json.key(price);
        json.money(line.price);
        json.close(b'}');
    }
    json.close(b']');
}

fn write_returned(json: &mut Json, lines: &[Line]) {
    json.open(b'[');
    for line in lines {
        json.element();
        json.open(b'{');
        json.key("sku");
        write_sku(json, line.sku);
        json.key("qty");
        json.digits(line.quantity.into(), 1);
        json.key("amount");
        json.money(line.price * i64::from(line.quantity));
        json.close(b'}');
    }
    json.close(b']');
}

fn write_steps(json: &mut Json, steps: &[Step]) {
    json.open(b'[');
    for step in steps {
        json.element();
        json.open(b'{');
        json.key("status");
        json.text(step.status);
        if let Some(at) = step.at {
            json.key("time");
            json.time(at, step.form);
        }
        json.close(b'}');
    }
    json.close(b']');
}

/// Vendor A and B number in hexadecimal or decimal digits with a prefix, C in decimal digits.
fn write_number(json: &mut Json, bits: u64, prefix: &str, vendor: Vendor) {
    quoted(json, |json| {
        json.raw(prefix.as_bytes());
        match (vendor, prefix) {
            (Vendor::A, _) | (Vendor::B, "") => json.hexadecimal(bits, 12),
            _ => json.digits(bits % 10_000_000_000, 10),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json::Style;

    #[test]
    fn neighbours_of_one_object_stand_together() {
        let fields = [
            Field::extra("order.id", Value::Reference(Reference::Live(250_115, 7))),
            Field::extra("order.ts", Value::Time(1, Form::Seconds)),
            Field::extra("geo.region", Value::Null),
            Field::extra("amt", Value::MoneyText(562)),
        ];
        let mut json = Json::new(Style::Dense, 0);
        write_object(&mut json, &fields);
        let wanted = r#"{"order":{"id":"ORD-250115-00007","ts":1},"geo":{"region":null},"amt":"5.62"}"#;
        assert_eq!(std::str::from_utf8(json.bytes()).unwrap(), wanted);
    }
}
