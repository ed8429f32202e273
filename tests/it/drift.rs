//! A vendor renames a field without a word: the build says so, `cp drift` says what the new name stands for and writes it
//! down, and the next build misses nothing.

use serde_json::Value;

use crate::support::Project;
use crate::support::is_thorough;

const LAST_DAY: &str = "data/live_events/2025-01-16/events.jsonl";
const REGISTRY: &str = "select * from commercepulse.quality_field_registry order by all";

/// Renames the amount of what one vendor tells in a file of the sample.
fn rename(project: &Project, file: &str) {
    let renamed = project.read(file).replace("\"amountPaid\"", "\"paid_total\"");
    project.file(file, renamed);
}

/// Payments whose amount some known name gives.
fn payments(project: &Project) -> u64 {
    project.count("commercepulse.int_event_outcomes where event_type like '%payment%' and has_amount")
}

/// A day's payments of a vendor that gives order, time, status, currency and transaction, with these fields besides.
fn payments_of(vendor: &str, date: &str, count: u32, fields: impl Fn(u32) -> String) -> String {
    let given = r#""payment_status": "SUCCESS", "currencyCode": "NGN""#;
    bare_payments(vendor, date, count, |n| format!("{given}, {}", fields(n)))
}

/// The same without status and currency.
fn bare_payments(vendor: &str, date: &str, count: u32, fields: impl Fn(u32) -> String) -> String {
    let line = |n: u32| {
        let fields = fields(n);
        format!(
            r#"{{"event_id": "{vendor}-{date}-{n}", "event_type": "payment_succeeded", "event_time": "{date}T10:00:00Z", "vendor": "{vendor}", "payload": {{"order_id": "ORD-000001", "paid_at": "{date}T10:00:00Z", "transaction_id": "{vendor}{date}{n}", {fields}}}, "ingested_at": "{date}T11:00:00Z"}}"#
        ) + "\n"
    };
    (0..count).map(line).collect()
}

/// Events that say when they happened only in their payload, if at all.
fn undated(event_type: &str, vendor: &str, date: &str, count: u32, payload: impl Fn(u32) -> String) -> String {
    let line = |n: u32| {
        let payload = payload(n);
        format!(
            r#"{{"event_id": "{vendor}-{date}-{n}", "event_type": "{event_type}", "vendor": "{vendor}", "payload": {{{payload}}}, "ingested_at": "{date}T11:00:00Z"}}"#
        ) + "\n"
    };
    (0..count).map(line).collect()
}

/// Events at the end of a file.
fn add(project: &Project, file: &str, events: String) {
    project.file(file, project.read(file) + &events);
}

/// One more day of the sample, with payments of one vendor alone.
fn day_of_payments(project: &Project, date: &str, fields: impl Fn(u32) -> String) {
    project.file(&format!("data/live_events/{date}/events.jsonl"), payments_of("vendor_b", date, 100, fields));
}

/// The proposals: which path for which field, and whether it would be written.
fn proposals(project: &Project) -> Vec<(String, String, bool)> {
    let output = project.cp(["drift", "--output", "json"]).run();
    let told: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_string();
    let rows = told["findings"]["quality_field_proposals"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "path"), text(row, "field"), row["is_applicable"].as_bool().unwrap())).collect()
}

#[test]
fn a_name_that_changes_on_some_day_is_told_proposed_and_taken_in() {
    let reference = Project::built();
    let project = Project::new();
    let last_day = project.read(LAST_DAY);
    project.remove(LAST_DAY);
    project.cp(["build", "--quiet"]).success();
    let before = project.publication();
    project.file(LAST_DAY, last_day);
    rename(&project, LAST_DAY);
    project.cp(["build", "--quiet", "--threads", "1"]).status(1).assert("drift_some_day_build");
    assert_eq!(project.publication(), before);
    let test = project.cp(["test", "--quiet", "--select", "required_fields_are_given"]).status(1);
    for word in ["vendor_b", "`amount`", "`paid_total`", " % ", "2025-01-"] {
        assert!(test.stderr.contains(word), "{word}: {test}");
    }
    project.cp(["drift"]).status(1).assert("drift_some_day");
    project.cp(["drift", "--apply", "--output", "json"]).success();
    let built = project.cp(["build", "--quiet"]).success();
    assert_eq!(payments(&project), payments(&reference));
    assert_eq!(project.tables(), reference.tables());
    // What another name gives is not missed.
    assert!(!built.stderr.contains("names_retyped_or_gone"), "{built}");
}

#[test]
fn a_name_that_was_never_known_needs_no_history() {
    let reference = Project::built();
    let project = Project::new();
    for file in ["data/live_events/2025-01-15/events.jsonl", LAST_DAY, "data/bootstrap/payments_2024.json"] {
        rename(&project, file);
    }
    project.cp(["build", "--quiet", "--threads", "1"]).status(1).assert("drift_from_the_start_build");
    let mapping = project.read("dbt_project.yml");
    project.cp(["drift", "--apply"]).success().assert("drift_apply");
    let changed = project.read("dbt_project.yml");
    let different = mapping.lines().zip(changed.lines()).filter(|(before, after)| before != after).count();
    assert_eq!((different, mapping.lines().count()), (1, changed.lines().count()));
    // What is written already is not written again, and the warehouse is told to be old.
    let again = project.cp(["drift", "--apply"]).success();
    for told in ["`paid_total` is in `field_names: payment: amount` already", "`cp build` brings it up to date"] {
        assert!(again.stderr.contains(told), "{told}: {again}");
    }
    assert_eq!(project.read("dbt_project.yml"), changed);
    project.cp(["build", "--quiet"]).success();
    assert_eq!(payments(&project), payments(&reference));
    // Historical records are known by what they say, so their ids are others now; the money is the same.
    let daily = "select * from commercepulse.fact_order_daily order by all";
    assert_eq!(project.query(daily), reference.query(daily));
    assert_eq!(proposals(&project), []);
}

#[test]
fn the_sample_has_nothing_to_propose() {
    let project = Project::built();
    let output = project.cp(["drift", "--apply"]).success();
    assert!(output.stderr.contains("nothing was written"), "{output}");
    assert!(!output.stderr.contains("brings it up to date"), "{output}");
    let output = project.cp(["test", "--replays", "0"]).success();
    assert!(!output.stderr.contains("brings it up to date"), "{output}");
    assert_eq!(proposals(&project), []);
    // What has landed and is not built is told of.
    day_of_payments(&project, "2025-01-17", |n| format!(r#""amountPaid": {n}"#));
    project.cp(["ingest", "--quiet"]).success();
    for verb in [&["drift"][..], &["test", "--replays", "0", "--select", "too_many_duplicates"]] {
        let output = project.cp(verb).success();
        assert!(output.stderr.contains("(new data)") && output.stderr.contains("brings it up to date"), "{output}");
    }
}

#[test]
fn a_new_name_beside_all_that_is_required_stands_for_nothing() {
    let project = Project::built();
    day_of_payments(&project, "2025-01-17", |n| format!(r#""amountPaid": {}, "paid_fee": {}"#, 20_000 + n, n));
    let output = project.cp(["build", "--threads", "1"]).success();
    assert!(output.stderr.contains("WARN     names_that_nothing_reads"), "{output}");
    assert_eq!(proposals(&project), []);
}

#[test]
fn a_known_name_that_gets_another_type_or_goes_is_told() {
    let project = Project::built();
    // In the middle of a day; and by now and then from the start, which is nothing new. Odd days of single events hide nothing.
    let text = |n: u32| format!(r#""amountPaid": "{}.00""#, sum(n));
    let odd = payments_of("vendor_b", "2024-02-01", 1, text)
        + &payments_of("vendor_b", "2099-01-01", 1, |_| r#""amountPaid": 7, "channel": "card""#.to_string());
    add(&project, LAST_DAY, payments_of("vendor_b", "2025-01-16", 100, text) + &odd);
    for date in ["2025-01-15", "2025-01-16"] {
        let file = format!("data/live_events/{date}/events.jsonl");
        add(&project, &file, payments_of("vendor_c", date, 20, |n| format!(r#""amount": "{}.00""#, sum(n))));
    }
    day_of_payments(&project, "2025-01-17", text);
    let output = project.cp(["build", "--threads", "1"]).success();
    assert!(output.stderr.contains("WARN     names_retyped_or_gone"), "{output}");
    assert!(project.path("reports/2025-01-17").exists() && !project.path("reports/2099-01-01").exists());
    project.cp(["drift"]).success().assert("drift_types");
    let steady = "commercepulse.quality_field_registry where event_type = 'payment_succeeded' and vendor = 'vendor_c' and path = 'amount' and state = 'read' and types = 'number, text'";
    assert_eq!(project.count(steady), 1);
}

/// An amount as vendors mostly have it.
fn sum(n: u32) -> u32 {
    20_000 + 10 * n
}

/// Every vendor of this shop but the second has a history, and goes wrong in its own way.
fn shop_of_faults() -> Project {
    const LAST: &str = "2025-01-17";
    let amount = |n: u32| format!(r#""amount": {}"#, sum(n));
    let renamed = |n: u32| format!(r#""paid_total": {}"#, sum(n));
    let known = r#""currencyCode": "NGN", "payment_status": "SUCCESS""#;
    let fine = |vendor: &str| payments_of(vendor, "2025-01-10", 300, amount);
    let wrong = |vendor: &str, fields: &dyn Fn(u32) -> String| fine(vendor) + &payments_of(vendor, LAST, 60, fields);
    let events = [
        // One event says that it is old.
        payments_of("long_history", "2024-03-01", 3000, amount),
        payments_of("long_history", "2025-01-10", 3200, amount),
        payments_of("long_history", LAST, 59, renamed),
        payments_of("long_history", "2024-03-02", 1, renamed),
        payments_of("few_events", LAST, 9, renamed),
        // As it should be, then not, then as it should be: of all events it is little.
        payments_of("gone_back", "2025-01-10", 3000, amount),
        payments_of("gone_back", "2025-01-11", 12, renamed),
        payments_of("gone_back", LAST, 3000, amount),
        wrong("unreadable", &|n| format!(r#""amount": "NGN {}""#, sum(n))),
        wrong("two_names", &|n| format!(r#""grandSum": {}, "tax_amount": {}"#, sum(n), sum(n) * 3 / 40)),
        wrong("constant", &|_| r#""attempted_amount_code": 20000"#.to_string()),
        wrong("tax_alone", &|n| format!(r#""tax_amount": {}"#, sum(n) * 3 / 40)),
        wrong("another_name", &renamed),
        fine("no_status")
            + &bare_payments("no_status", LAST, 60, |n| {
                format!(r#""currencyCode": "NGN", {}, "outcome": "SUCCESS""#, amount(n))
            }),
        fine("no_currency")
            + &bare_payments("no_currency", LAST, 60, |n| {
                format!(r#""payment_status": "SUCCESS", {}, "curr": "NGN""#, amount(n))
            }),
        // Nothing but the day of storage tells when.
        fine("no_time")
            + &undated("payment_succeeded", "no_time", LAST, 60, |n| {
                format!(r#"{known}, "order_id": "ORD-1", "settledAt": "{LAST}T10:00:00Z", {}"#, amount(n))
            }),
        fine("odd_time")
            + &undated("payment_succeeded", "odd_time", LAST, 60, |n| {
                format!(r#"{known}, "order_id": "ORD-1", "paid_at": "17 Jan 2025 at 9", {}"#, amount(n))
            }),
        fine("dotted")
            + &undated("payment_succeeded", "dotted", LAST, 60, |n| {
                format!(r#"{known}, "order.id": "ORD-1", "paid_at": "{LAST}T10:00:00Z", {}"#, amount(n))
            }),
        wrong("brackets", &|n| format!(r#""paid[total]": {}"#, sum(n))),
        wrong("mixed", &|n| format!(r#""splits": [{{"paid": {}}}, {{"paid": {{"gross": {}}}}}]"#, sum(n), sum(n))),
        wrong("object", &|n| format!(r#""amount": {{"value": {}, "currency": "NGN"}}"#, sum(n))),
        undated("payment_success", "new_type", LAST, 60, |n| {
            format!(r#"{known}, "order_id": "ORD-1", "paid_at": "{LAST}T10:00:00Z", {}"#, amount(n))
        }),
        // From one known name to another.
        fine("known_names"),
        payments_of("known_names", LAST, 60, |n| format!(r#""amountPaid": {}"#, sum(n))),
        // What nothing requires, and is gone.
        bare_payments("no_method", "2025-01-10", 300, |n| format!(r#"{known}, {}, "channel": "card""#, amount(n))),
        bare_payments("no_method", LAST, 60, |n| format!(r#"{known}, {}, "via": "card""#, amount(n))),
    ];
    let project = Project::new();
    project.remove("data").file("data/live_events/2025-01-17/events.jsonl", events.concat());
    project.cp(["build", "--quiet"]).status(1);
    project
}

#[test]
fn each_fault_is_told_as_it_is_and_only_what_is_clear_is_applied() {
    let project = shop_of_faults();
    let rows = project.query("select message from commercepulse.quality_missing_fields where is_drift order by all");
    let messages: Vec<_> = rows.iter().map(|row| row["message"].as_str().unwrap()).collect();
    insta::assert_snapshot!(messages.join("\n"));
    insta::assert_snapshot!(proposals(&project).iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join("\n"));
    let changed = "select vendor, path, state, changed_on, changed_to from commercepulse.quality_field_registry where state in ('missing', 'retyped') order by all";
    let changed: Vec<_> = project.query(changed).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(changed.join("\n"));
    let output = project.cp(["drift"]).status(1);
    for told in ["payment_success  new_type  60", r#""order.id""#, "splits[].paid.gross", "paid[total]"] {
        assert!(output.stdout.contains(told), "{told}: {output}");
    }
}

#[test]
fn a_name_without_a_word_in_common_is_left_to_a_person() {
    let project = Project::built();
    day_of_payments(&project, "2025-01-17", |n| format!(r#""zz": {}"#, 20_000 + n));
    project.cp(["build", "--quiet"]).status(1);
    assert_eq!(proposals(&project), [("zz".to_string(), "amount".to_string(), false)]);
    let output = project.cp(["drift", "--apply"]).status(1);
    assert!(output.stderr.contains("nothing was written"), "{output}");
}

#[test]
fn any_project_may_say_what_drifts_and_where_to_write_it() {
    let project = Project::empty();
    project
        .file("models/hints.sql", "select kind, 'z' as name, 'seen' as why from (values ('a'), ('b')) as kinds(kind)\n")
        .file(
            "models/hints.yml",
            "models:\n  - name: hints\n    config:\n      meta:\n        drift: {title: Hints, show: [kind], tell: why, write: {variable: names, keys: [kind], value: name}}\n",
        );
    project.cp(["build", "--quiet"]).success();
    let output = project.cp(["drift", "--apply"]).status(2);
    assert!(output.stderr.contains("`dbt_project.yml` has no `vars: names: a`"), "{output}");
    let text = project.read("dbt_project.yml") + "vars:\n  names:\n    a:  # one a line\n      - x  # the first\n";
    project.file("dbt_project.yml", &text);
    let output = project.cp(["drift", "--apply", "--vars", "{names: {a: [x]}}"]).status(2);
    assert!(output.stderr.contains("`names` comes from `--vars`"), "{output}");
    // What can be written is, and the rest is named.
    let output = project.cp(["drift", "--apply"]).status(2);
    assert!(output.stdout.starts_with("Hints\n  kind\n  a\n    seen\n"), "{output}");
    assert!(output.stderr.contains("`dbt_project.yml` has no `vars: names: b`"), "{output}");
    assert_eq!(project.read("dbt_project.yml"), text + "      - z\n");
}

#[test]
fn the_registry_is_the_same_for_any_order_of_arrival() {
    if !is_thorough() {
        return;
    }
    let at_once = Project::built();
    let in_parts = Project::new();
    let files = ["live_events/2025-01-16", "bootstrap", "live_events/2025-01-15"];
    for file in files {
        in_parts.take(&in_parts.path(format!("data/{file}")), &format!("aside/{file}"));
    }
    in_parts.remove("data/bootstrap").remove("data/live_events");
    for file in files {
        in_parts.take(&in_parts.path(format!("aside/{file}")), &format!("data/{file}"));
        in_parts.cp(["ingest", "--quiet"]).success();
        in_parts.cp(["run", "--quiet", "--select", "+quality_field_registry"]).success();
    }
    let expected = at_once.query(REGISTRY);
    assert!(expected.len() > 400, "{}", expected.len());
    assert_eq!(in_parts.query(REGISTRY), expected);
    in_parts.cp(["run", "--quiet", "--full-refresh", "--select", "+quality_field_registry"]).success();
    assert_eq!(in_parts.query(REGISTRY), expected);
}

#[test]
fn what_is_personal_or_secret_is_not_shown() {
    let project = Project::built();
    day_of_payments(&project, "2025-01-17", |n| {
        format!(
            r#""amountPaid": {n}, "payer": {{"mail": "ada{n}@example.org", "fullName": "Ada"}}, "apiToken": "abcdef", "pan": "4111111111111111", "msisdn": 2348012345678, "remark": "call Ada at home", "who": "ada@example.org", "surname": "Okafor", "dob": "1985-03-04", "mobile": 803123456, "bvn": 221234567, "otp": 1234, "religion": "none", "vip": true, "byEmail": {{"ada.obi@example.org": 1, "+234 803 123 4567": {{"seen": true}}}}"#
        )
    });
    project.cp(["build", "--quiet"]).success();
    let rows = project.query(
        "select path, example from commercepulse.quality_field_registry where vendor = 'vendor_b' and event_type = 'payment_succeeded' and first_seen_on is not null and (events >= 100 or path = 'payment_status') order by path",
    );
    let shown = |row: &Value| format!("{} {}", row["path"].as_str().unwrap(), row["example"].as_str().unwrap_or("-"));
    insta::assert_snapshot!(rows.iter().map(shown).collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_not_built_is_told() {
    let project = Project::new();
    let output = project.cp(["drift"]).status(2);
    assert!(output.stderr.contains("there is no warehouse"), "{output}");
    project.cp(["run", "--quiet", "--select", "fx_rates"]).run();
    let output = project.cp(["drift"]).status(2);
    assert!(output.stderr.contains("help: run `cp build` first"), "{output}");
    let empty = Project::empty();
    empty.file("models/one.sql", "select 1 as id\n");
    empty.cp(["build", "--quiet"]).success();
    let output = empty.cp(["drift"]).status(2);
    assert!(output.stderr.contains("no model tells of drift"), "{output}");
}
