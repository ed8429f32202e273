//! `cp docs`, as whoever reads the site meets it: what its pages say, where their links lead, and how it is served.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use crate::support::Project;
use crate::support::browser::Browser;

/// A project of few models that has one of everything.
fn shop() -> Project {
    let project = Project::empty();
    project
        .file("seeds/rates.csv", "currency,rate\nNGN,1\nUSD,1500.5\n")
        .file("models/staging/stg_clicks.sql", "select id, doc ->> '$.price' as price_text, doc ->> '$.cur' as currency,\n    doc -> '$.tags' as tags, _row from {{ source('web', 'clicks') }}\n")
        .file("models/staging/int_tags.sql", "{{ config(materialized='ephemeral') }} select id, unnest(cast(tags as varchar[])) as tag from {{ ref('stg_clicks') }}\n")
        .file("models/marts/sales.sql", SALES)
        .file("models/marts/odd.sql", "select x.* from (pivot {{ ref('sales') }} on currency in ('NGN') using sum(amount)) as x\n")
        .file("models/shop.yml", YML)
        .file("macros/rated.sql", "{% macro rated(price, rate) %}round({{ price }} * {{ rate }}, 2){% endmacro %}\n")
        .file("tests/sql/sales_are_small.sql", "{{ config(severity='warn') }} select * from {{ ref('sales') }} where amount > 1000\n");
    project
}

const SALES: &str = "{{ config(materialized='table', tags=['daily']) }}
-- <b>not bold</b>
with clicks as (select * from {{ ref('stg_clicks') }}),
tagged as (select id, count(*) as tags, max(tag) as last_tag from {{ ref('int_tags') }} group by id)
select clicks.id, cast({{ rated('clicks.price_text::double', 'rates.rate') }} as decimal(18, 2)) as amount,
    coalesce(clicks.currency, 'NGN') as currency, tagged.tags, tagged.last_tag, clicks._row
from clicks
left join {{ ref('rates') }} as rates on rates.currency = clicks.currency
left join tagged on tagged.id = clicks.id
";

const YML: &str = r#"
sources:
  - name: web
    description: What the shop sends.
    tables:
      - name: clicks
        description: One row per click.
        columns:
          - {name: id, data_type: bigint, description: The click., data_tests: [unique]}
          - {name: doc, data_type: json}
          - {name: _row, data_type: bigint}
models:
  - name: sales
    description: |
      Sales & <script>alert("x")</script> of *clicks*, see [here](javascript:alert(1)) or [there](https://example.com/).

      A second paragraph.
    config: {meta: {publish: true, grain: one row per click, key: [id], owner: "<i>us</i>"}}
    columns:
      - name: id
        description: The click's `id`.
        data_tests: [unique, not_null]
      - name: amount
        data_tests:
          - accepted_values: {arguments: {values: [1.5]}}
      - {name: ghost, description: Nothing gives it.}
unit_tests:
  - name: one_click
    model: sales
    given: [{input: ref('stg_clicks'), rows: [{id: 1, price_text: "2", currency: NGN}]}]
    expect: {rows: [{id: 1}]}
seeds:
  - name: rates
    description: Rates.
data_tests:
  - name: sales_are_small
    description: No sale is above 1000.
"#;

/// Lets the source be filled at the beginning of each run, by what stands in for somebody else.
fn fill(project: &Project) {
    let rows = "select 1::bigint as id, '{\"price\": \"2\", \"cur\": \"USD\", \"tags\": [\"a\"]}'::json as doc, 1::bigint as _row";
    let settings = project.read("dbt_project.yml");
    let hooks = format!(
        "on-run-start:\n  - create schema if not exists web\n  - >-\n    create or replace table web.clicks as {rows}\n"
    );
    project.file("dbt_project.yml", format!("{settings}{hooks}"));
}

/// Every page by its name.
fn pages(project: &Project) -> BTreeMap<String, String> {
    let folder = project.path("target/docs");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

/// What a page says to somebody who reads it.
fn said(page: &str) -> String {
    let main = page.split_once("<main").unwrap().1.split_once('>').unwrap().1;
    let blocks =
        Regex::new(r"</?(li|p|h\d|div|section|ul|dl|dt|dd|details|summary|pre|nav|footer|main)\b[^>]*>|\n").unwrap();
    let boxes = Regex::new(r"(?s)<title>(.*?)</title>.*?</a>").unwrap();
    let text = boxes.replace_all(main, "\n[box] $1\n");
    let code = Regex::new(r"(?s)<pre.*?</pre>").unwrap();
    let text = code.replace_all(&text, |found: &regex::Captures<'_>| found[0].replace('\n', "⏎ "));
    let text = blocks.replace_all(&text, "\n");
    let text = Regex::new(r"<[^>]*>").unwrap().replace_all(&text, "").into_owned();
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is wrong with links: those that lead nowhere, and whatever a page would fetch from elsewhere.
fn broken_links(pages: &BTreeMap<String, String>) -> Vec<String> {
    let ids = Regex::new(r#"\bid="([^"]*)""#).unwrap();
    let links = Regex::new(r#"\b(href|src)="([^"]*)""#).unwrap();
    let anchors: BTreeMap<&String, BTreeSet<&str>> = (pages.iter())
        .map(|(name, text)| (name, ids.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()))
        .collect();
    let mut broken = Vec::new();
    for (name, text) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        let count = ids.captures_iter(text).count();
        if count != anchors[name].len() {
            broken.push(format!("{name}: an id is there twice"));
        }
        for found in links.captures_iter(text) {
            let link = found.get(2).unwrap().as_str();
            if link == "data:," || (&found[1] == "href" && link.starts_with("https://example.com/")) {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let file = if file.is_empty() { name.clone() } else { file.to_string() };
            let is_there = anchors.get(&file).is_some_and(|ids| anchor.is_none_or(|anchor| ids.contains(anchor)));
            if !is_there {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    broken
}

#[track_caller]
fn assert_said(name: &str, pages: &BTreeMap<String, String>) {
    let mut text = String::new();
    for (name, page) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        text.push_str(&format!("===== {name}\n{}\n\n", said(page)));
    }
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_site_says_all_that_is_known_and_lets_nothing_run() {
    let project = shop();
    fill(&project);
    project.cp(["build"]).status(1);
    project.cp(["docs"]).success().assert("docs");
    let site = pages(&project);
    assert_said("docs_pages", &site);
    assert_eq!(broken_links(&site), [""; 0]);
    let scripts = Regex::new("(?i)<script[^>]*>").unwrap();
    for (name, text) in site.iter().filter(|(name, _)| name.ends_with(".html")) {
        let scripts: Vec<_> = scripts.find_iter(text).map(|it| it.as_str()).collect();
        assert_eq!(scripts, [r#"<script src="names.js" defer>"#, r#"<script src="site.js" defer>"#], "{name}");
        assert!(!text.contains("javascript:") && !text.contains("<b>not bold") && !text.contains("<i>us"), "{name}");
    }
    // What is told a second time is the same to the byte, but for the time on the first page.
    project.cp(["docs", "--quiet"]).success();
    let when = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC").unwrap();
    let timeless = |site: &BTreeMap<String, String>| {
        let mut site = site.clone();
        let index = site.get_mut("index.html").unwrap();
        *index = when.replace_all(index, "").into_owned();
        site
    };
    assert_eq!(timeless(&pages(&project)), timeless(&site));
    // What a later run does not look at keeps its result, with the run that it is of; unit tests have one too.
    project.cp(["run", "--quiet"]).success();
    project.cp(["test", "--quiet", "--select", "rates"]).success();
    project.cp(["docs", "--quiet"]).success();
    let checks = said(&pages(&project)["checks.html"]);
    let failed = Regex::new("failed got 1 result in cp build, ").unwrap();
    assert!(failed.is_match(&checks), "{checks}");
    project.cp(["test", "--quiet", "--select", "sales"]).status(1);
    let results: serde_json::Value = serde_json::from_str(&project.read("target/run_results.json")).unwrap();
    let unit =
        results["results"].as_array().unwrap().iter().find(|it| it["unique_id"] == "unit_test.shop.sales.one_click");
    assert_eq!(unit.unwrap_or_else(|| panic!("{results:#}"))["status"], "pass");
    project.cp(["docs", "--quiet"]).success();
    assert_said("docs_checks", &pages(&project).into_iter().filter(|(name, _)| name == "checks.html").collect());
    // A model that is gone has no page; one that does not compile, or that DuckDB does not take, says so on its own.
    project
        .remove("models/marts/odd.sql")
        .file("models/staging/stg_clicks.sql", "select nobody from {{ source('web', 'clicks') }}\n")
        .file("models/marts/sales.sql", "select {% if execute %}{{ exceptions.raise_compiler_error('not <today>') }}{% endif %} 1 as id from {{ ref('int_tags') }}\n");
    project.cp(["docs"]).status(2).assert("docs_broken");
    let site = pages(&project);
    assert!(!site.contains_key("model.odd.html"));
    assert_said(
        "docs_broken_pages",
        &site
            .iter()
            .filter(|(name, _)| name.starts_with("model."))
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect(),
    );
    assert_eq!(broken_links(&site), [""; 0]);
    // What `cp` wrote, `cp clean` removes, and what it was about to write when it was killed.
    project.file("target/.docs-x1/index.html", "").file("target/.part-x1", "").file("target/.else", "");
    project.cp(["clean", "--quiet"]).success();
    for (name, stays) in [("docs", false), (".docs-x1", false), (".part-x1", false), (".else", true)] {
        assert_eq!(project.path("target").join(name).exists(), stays, "{name}");
    }
}

#[test]
fn without_a_warehouse_the_site_says_what_is_not_known() {
    let project = shop();
    project.file("models/shop.yml", "sources: [{name: web, tables: [{name: clicks}]}]\n").remove("tests/sql");
    project.cp(["docs"]).success().assert("docs_unbuilt");
    let site = pages(&project);
    let sales = said(&site["model.sales.html"]);
    assert!(sales.contains("Types are not known: nothing tells which columns `web.clicks` has"), "{sales}");
    assert!(sales.contains("web.clicks.doc.price"), "{sales}");
    assert_eq!(broken_links(&site), [""; 0]);
    // What lies there and is no site stays.
    project.remove("target/docs").file("target/docs/mine.txt", "mine");
    project.cp(["docs"]).status(2).assert("docs_not_ours");
    assert_eq!(project.read("target/docs/mine.txt"), "mine");
}

#[test]
fn the_projects_own_site_leads_from_field_to_publication() {
    let project = Project::new();
    project.cp(["build", "--quiet"]).success();
    let output = project.cp(["docs"]).success();
    let counts = Regex::new(r"told of (\d+) of (\d+) columns").unwrap();
    let counts = counts.captures(&output.stderr).unwrap_or_else(|| panic!("{output}"));
    eprintln!("where columns come from: {}", &counts[0]);
    let [told, all] = [1, 2].map(|place| counts[place].parse::<u64>().unwrap());
    assert!(told * 100 >= all * 95, "of too few columns it is told where they come from:\n{output}");
    let site = pages(&project);
    assert_eq!(broken_links(&site), [""; 0]);
    let own = project.root().to_str().unwrap();
    let home = std::env::var("HOME").unwrap_or_else(|_| "/root".to_string());
    for (name, text) in &site {
        assert!(!text.contains(own) && !text.contains(&format!("{home}/")), "{name} names a path of this machine");
    }
    // Every column of every model has an origin or says why not.
    let column = Regex::new(r#"(?s)<li id="column-.*?\n</li>"#).unwrap();
    for (name, text) in site.iter().filter(|(name, _)| name.starts_with("model.")) {
        for found in column.find_iter(text) {
            let is_told = ["class=\"how ", "no field: "].iter().any(|sign| found.as_str().contains(sign));
            assert!(is_told, "{name}: {}", found.as_str());
        }
    }
    let amount = column.find_iter(&site["model.fact_payments.html"]).find(|it| it.as_str().contains("column-amount\""));
    let amount = said(&format!("<main>{}", amount.unwrap().as_str()));
    for part in
        ["DECIMAL(18,6) BigQuery NUMERIC", "raw.events_raw.payload.amount, payload.amountPaid", "int_payments.amount"]
    {
        assert!(amount.contains(part), "{part}: {amount}");
    }
    let field = Regex::new(r#"(?s)<li id="field-payload.amount~50~aid">.*?\n</li>"#).unwrap();
    let field = field.find(&site["source.raw.events_raw.html"]).unwrap().as_str();
    assert!(field.contains("model.fact_payments.html#column-amount\""), "{field}");
    in_a_browser(&project.path("target/docs"));
}

/// The pages as a browser makes them, without any network: the column that is linked to is unfolded, and what can be
/// searched for is there.
fn in_a_browser(folder: &Path) {
    let Some(browser) = Browser::found() else { return };
    let dom = browser.dom(&format!("file://{}/model.fact_payments.html#column-amount", folder.display()), false);
    let column = Regex::new(r#"(?s)<li id="column-amount">.*?\n</li>"#).unwrap();
    let column = column.find(&dom).unwrap_or_else(|| panic!("{dom}")).as_str();
    assert!(!column.contains("<details>") && column.contains("<details open"), "{column}");
}

#[test]
fn a_site_is_served_to_this_machine_until_somebody_ends_it() {
    let project = Project::empty();
    project
        .file("models/one.sql", "select 1 as id\n")
        .file("target/secret.html", "secret")
        .file("target/docs/index.html", "");
    let mut served = project.cp(["docs", "--serve", "--port", "0"]).spawn();
    let address = served.stdout_line("http://127.0.0.1:").trim().to_string();
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let get = |path: &str| {
        let mut answer = agent.get(format!("{address}{path}")).call().unwrap();
        let kind = answer.headers().get("content-type").map(|it| it.to_str().unwrap().to_string()).unwrap_or_default();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    };
    let (status, kind, body) = get("");
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
    assert_eq!(body, project.read("target/docs/index.html"));
    assert_eq!(get("model.one.html?x=1").0, 200);
    assert_eq!(get("style.css").1, "text/css; charset=utf-8");
    assert_eq!(get("names.js").1, "text/javascript; charset=utf-8");
    for path in [
        "nobody.html",
        "../secret.html",
        "%2e%2e/secret.html",
        "..%2fsecret.html",
        "/etc/passwd",
        ".",
        "..",
        "x/../index.html",
    ] {
        let (status, _, body) = get(path);
        assert!(status == 404 || (status == 200 && !body.contains("secret") && path == "."), "{path}: {status}");
    }
    // What a client that does not tidy its paths would send, and one that announces more than any memory holds.
    use std::io::{Read, Write};
    let open = |request: &str| {
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let answer = |request: &str| {
        let mut bytes = Vec::new();
        // What is closed with something unread is reset, and what was answered before that is there.
        let _ = open(request).read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    let told = answer("GET /../secret.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(told.starts_with("HTTP/1.1 404"), "{told}");
    for method in ["POST", "GET"] {
        let told = answer(&format!("{method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx"));
        assert!(told.starts_with(if method == "GET" { "HTTP/1.1 200" } else { "HTTP/1.1 405" }), "{told}");
    }
    assert_eq!(agent.post(&address).send("x").unwrap().status().as_u16(), 405);
    // The port is taken.
    let port = address.rsplit(':').next().unwrap().trim_end_matches('/').to_string();
    let second = project.cp(["docs", "--serve", "--port", &port]).status(2);
    assert!(second.stderr.contains(&format!("cannot serve on port {port}")), "{second}");
    // Readers who ask and never read keep neither others waiting nor the end.
    let page = "GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000);
    let slow: Vec<_> = (0..8).map(|_| open(&page)).collect();
    assert_eq!(get("").0, 200);
    served.interrupt();
    let asked = std::time::Instant::now();
    let output = served.wait();
    assert_eq!(output.status, 0, "{output}");
    assert!(asked.elapsed() < std::time::Duration::from_secs(10), "it ended after {:?}", asked.elapsed());
    drop(slow);
}
