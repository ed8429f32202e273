//! The records of the three producers: which fields, in which order, and how each writes its times.

use crate::sample::draw::Draws;
use crate::sample::field;
use crate::sample::field::Field;
use crate::sample::field::Names;
use crate::sample::field::Path;
use crate::sample::field::Step;
use crate::sample::field::Value;
use crate::sample::json::FORMS;
use crate::sample::json::Form;
use crate::sample::order::Line;
use crate::sample::order::Order;
use crate::sample::order::Reference;
use crate::sample::order::Vendor;

/// An attempt to pay.
pub(super) struct Payment {
    pub(super) about: Reference,
    pub(super) at: i64,
    /// As producers write it: `SUCCESS`, `FAILED`, or something else.
    pub(super) outcome: &'static str,
    /// Hundredths.
    pub(super) amount: i64,
    pub(super) currency: &'static str,
    pub(super) method: &'static str,
    pub(super) transaction: u64,
}

/// Money given back.
pub(super) struct Refund<'a> {
    pub(super) about: Reference,
    pub(super) at: i64,
    /// Hundredths.
    pub(super) amount: i64,
    pub(super) currency: &'static str,
    pub(super) reason: &'static str,
    /// The lines that came back; none where everything is refunded.
    pub(super) returned: Option<&'a [Line]>,
}

/// Why money is given back.
pub(super) const REASONS: [&str; 5] = ["damaged", "late_delivery", "customer_request", "duplicate", "wrong_item"];
/// Who carries parcels.
pub(super) const CARRIERS: [&str; 6] = ["GIG", "Kwik", "Sendy", "Aramex", "DHL", "Local"];
/// The way of a parcel that arrives.
pub(super) const WAY: [&str; 5] = ["CREATED", "PICKED_UP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"];
/// What a customer changes.
pub(super) const CHANGES: [&str; 4] = ["address_change", "phone_change", "qty_change", "delivery_slot_change"];

/// The fields of a record, by name.
struct Sheet<'f, 'a> {
    fields: &'f mut Vec<Field<'a>>,
    vendor: Vendor,
}

impl<'a> Sheet<'_, 'a> {
    fn add(&mut self, names: &'static Names, value: Value<'a>) -> &mut Self {
        self.fields.push(Field { path: names.of(self.vendor), names, value });
        self
    }

    /// Only where it is so.
    fn add_if(&mut self, is_so: bool, names: &'static Names, value: Value<'a>) -> &mut Self {
        if is_so { self.add(names, value) } else { self }
    }
}

fn sheet<'f, 'a>(fields: &'f mut Vec<Field<'a>>, vendor: Vendor) -> Sheet<'f, 'a> {
    fields.clear();
    Sheet { fields, vendor }
}

/// How a vendor writes the time of a record: A in a form of its own, B in the usual one, C as seconds.
fn form(vendor: Vendor, own: Form) -> Form {
    match vendor {
        Vendor::A => own,
        Vendor::B => Form::Zulu,
        Vendor::C => Form::Seconds,
    }
}

/// An order. In an export a trait of the customer that is missing is `null`; a live record leaves it out.
pub(super) fn order<'a>(fields: &mut Vec<Field<'a>>, order: &'a Order, vendor: Vendor, exported: bool) {
    let told = |tells: bool, value| if tells { value } else { Value::Null };
    let [number, email, phone] = order.tells;
    let address = if vendor == Vendor::A { Value::AddressText(order) } else { Value::Address(order) };
    sheet(fields, vendor)
        .add(&field::ORDER, Value::Reference(order.reference))
        .add(&field::CREATED, Value::Time(order.ordered_at, form(vendor, Form::Minutes)))
        .add_if(exported || number, &field::CUSTOMER_ID, told(number, Value::CustomerId(order.customer.0)))
        .add_if(exported || email, &field::EMAIL, told(email, Value::Email(order)))
        .add_if(exported || phone, &field::PHONE, told(phone, Value::Phone(order)))
        .add(&field::ITEMS, Value::Lines(order.lines(), vendor, exported))
        .add(&field::TOTAL, Value::Money(order.total))
        .add(&field::CURRENCY, Value::Text(order.currency.code))
        .add(&field::REGION, Value::Text(order.place.0))
        .add_if(exported || order.house.is_multiple_of(2), &field::ADDRESS, address);
}

/// A change of an order, told live.
pub(super) fn update(fields: &mut Vec<Field>, about: Reference, at: i64, change: &'static str, vendor: Vendor) {
    sheet(fields, vendor)
        .add(&field::ABOUT, Value::Reference(about))
        .add(&field::UPDATED, Value::Time(at, form(vendor, Form::Zulu)))
        .add(&field::CHANGE, Value::Text(change))
        .add_if(vendor != Vendor::B, &field::NOTE, Value::Text("asked for by the customer"));
}

/// An attempt to pay.
pub(super) fn payment(fields: &mut Vec<Field>, payment: &Payment, vendor: Vendor) {
    sheet(fields, vendor)
        .add(&field::ABOUT, Value::Reference(payment.about))
        .add(&field::PAID, Value::Time(payment.at, form(vendor, Form::Slashes)))
        .add(&field::OUTCOME, Value::Text(payment.outcome))
        .add(&field::PAYMENT, Value::Money(payment.amount))
        .add(&field::CURRENCY, Value::Text(payment.currency))
        .add(&field::METHOD, Value::Text(payment.method))
        .add(&field::TRANSACTION, Value::Transaction(payment.transaction, vendor));
}

/// Money given back.
pub(super) fn refund<'a>(fields: &mut Vec<Field<'a>>, refund: &Refund<'a>, vendor: Vendor) {
    sheet(fields, vendor)
        .add(&field::ABOUT, Value::Reference(refund.about))
        .add(&field::REFUNDED, Value::Time(refund.at, form(vendor, Form::Bare)))
        .add(&field::REFUND, Value::Money(refund.amount))
        .add(&field::CURRENCY, Value::Text(refund.currency))
        .add(&field::REASON, Value::Text(refund.reason))
        .add(&field::RETURNED, refund.returned.map_or(Value::Null, Value::Returned));
}

/// One step of a parcel, told live.
pub(super) fn step(fields: &mut Vec<Field>, about: Reference, parcel: u64, step: Step, vendor: Vendor) {
    let at = step.at.map_or(Value::Null, |at| Value::Time(at, form(vendor, step.form)));
    sheet(fields, vendor)
        .add(&field::ORDER, Value::Reference(about))
        .add(&field::TRACKING, Value::Tracking(parcel, vendor))
        .add(&field::STATUS, Value::Text(step.status))
        .add(&field::MOVED, at);
}

/// A parcel's whole way, as an export tells it.
pub(super) fn parcel<'a>(
    fields: &mut Vec<Field<'a>>,
    about: Reference,
    carrier: &'static str,
    parcel: u64,
    steps: &'a [Step],
    vendor: Vendor,
) {
    sheet(fields, vendor)
        .add(&field::ORDER, Value::Reference(about))
        .add(&field::CARRIER, Value::Text(carrier))
        .add(&field::TRACKING, Value::Tracking(parcel, vendor))
        .add(&field::STEPS, Value::Steps(steps));
}

/// Lets a record drift: one field under another name, in another form or type, or one more field than known.
///
/// Without `may_rename_order` the order's reference keeps its name, by which the vendor is told where no envelope does.
pub(super) fn drift(fields: &mut Vec<Field>, draws: &mut Draws, may_rename_order: bool) {
    let drifted = match draws.below(10) {
        0..=4 => rename(fields, draws, may_rename_order),
        5..=6 => retime(fields, draws),
        7 => amount_as_text(fields),
        _ => false,
    };
    if !drifted {
        add_unknown(fields, draws);
    }
}

/// One field under another known name.
fn rename(fields: &mut Vec<Field>, draws: &mut Draws, may_rename_order: bool) -> bool {
    let start = draws.below(fields.len() as u32) as usize;
    for step in 0..fields.len() {
        let index = (start + step) % fields.len();
        let field = fields[index];
        if !may_rename_order && matches!(field.value, Value::Reference(_)) {
            continue;
        }
        // A key may not come twice, nor an object in two places.
        let is_free = |path: &Path| {
            *path != field.path
                && (0..fields.len()).all(|other| other == index || fields[other].path.outer() != path.outer())
        };
        let free = field.names.known().filter(is_free);
        if let Some(path) = pick_of(free, draws) {
            // At the end, so that the fields around it stay neighbours.
            fields.remove(index);
            fields.push(Field { path, ..field });
            return true;
        }
    }
    false
}

fn pick_of(mut paths: impl Iterator<Item = Path> + Clone, draws: &mut Draws) -> Option<Path> {
    let count = paths.clone().count() as u32;
    paths.nth(draws.below(count) as usize)
}

/// The time in a form that the vendor does not use.
fn retime(fields: &mut [Field], draws: &mut Draws) -> bool {
    for field in fields {
        if let Value::Time(at, own) = field.value {
            let form = draws.pick(&FORMS);
            field.value = Value::Time(at, if form == own { Form::Fraction } else { form });
            return true;
        }
    }
    false
}

fn amount_as_text(fields: &mut [Field]) -> bool {
    for field in fields {
        if let Value::Money(amount) = field.value {
            field.value = Value::MoneyText(amount);
            return true;
        }
    }
    false
}

fn add_unknown(fields: &mut Vec<Field>, draws: &mut Draws) {
    const UNKNOWN: [Field; 6] = [
        Field::extra("loyaltyTier", Value::Text("gold")),
        Field::extra("channelHint", Value::Text("whatsapp")),
        Field::extra("schema_version", Value::Whole(2)),
        Field::extra("isGift", Value::Truth(true)),
        Field::extra("device.os", Value::Text("android")),
        Field::extra("campaign", Value::Null),
    ];
    fields.push(draws.pick(&UNKNOWN));
}

/// Takes a field away.
pub(super) fn lose(fields: &mut Vec<Field>, names: &[&'static Names]) {
    fields.retain(|field| !is_any(field, names));
}

/// Gives a field a name that nobody knows.
pub(super) fn misname(fields: &mut [Field], names: &[&'static Names], name: &'static str) {
    for field in fields.iter_mut().filter(|field| is_any(field, names)) {
        *field = Field::extra(name, field.value);
    }
}

/// Puts a text in place of what a field holds.
pub(super) fn garble(fields: &mut [Field], names: &[&'static Names], text: &'static str) {
    for field in fields.iter_mut().filter(|field| is_any(field, names)) {
        field.value = Value::Text(text);
    }
}

fn is_any(field: &Field, names: &[&'static Names]) -> bool {
    names.iter().any(|names| std::ptr::eq(*names, field.names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::draw::Subject;
    use crate::sample::field::write_object;
    use crate::sample::json::Json;
    use crate::sample::json::Style;
    use crate::sample::order::VENDORS;

    /// No key twice, whatever drifts: a reader would lose one of the two.
    #[test]
    fn a_drifted_record_is_an_object_with_distinct_keys() {
        let mut json = Json::new(Style::Dense, 0);
        for number in 0..3_000 {
            let mut draws = Draws::of(3, Subject::HistoryOrder, 0, number);
            let drawn = Order::draw(Reference::History(number), &mut draws);
            let mut fields = Vec::new();
            for vendor in VENDORS {
                for shape in 0..3 {
                    match shape {
                        0 => order(&mut fields, &drawn, vendor, true),
                        1 => update(&mut fields, drawn.reference, 0, "qty_change", vendor),
                        _ => parcel(&mut fields, drawn.reference, "GIG", 1, &[], vendor),
                    }
                    drift(&mut fields, &mut draws, number % 2 == 0);
                    json.clear(Style::Dense);
                    write_object(&mut json, &fields);
                    let text = std::str::from_utf8(json.bytes()).unwrap();
                    let value: serde_json::Value = serde_json::from_str(text).unwrap();
                    assert_eq!(value.to_string().len(), text.len(), "a key stands twice in {text}");
                }
            }
        }
    }
}
