//! The quality report: text, JSON and page say the same, of any day; and the page as a browser shows it.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::support::{Project, browser::Browser};

const FILES: [&str; 3] = ["quality_report.txt", "quality_report.json", "quality_report.html"];

/// The report of a day: text, JSON, page.
fn report(project: &Project, date: &str) -> (String, Value, String) {
    let [text, json, html] = FILES.map(|file| project.read(&format!("reports/{date}/{file}")));
    (text, serde_json::from_str(&json).unwrap(), html)
}

/// The last day that there is a report of.
fn last(project: &Project) -> String {
    let folders = fs::read_dir(project.path("reports")).unwrap();
    folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).max().unwrap()
}

fn figures(report: &Value) -> BTreeMap<String, Value> {
    let figures = report["headline"].as_array().unwrap();
    figures.iter().map(|it| (it["figure"].as_str().unwrap().to_string(), it["value"].clone())).collect()
}

fn section<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["sections"].as_array().unwrap().iter().find(|section| section["name"] == name).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_str().map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap())
}

/// What a person and a machine would notice at once.
const MEASURES: &str = "(() => {
    document.querySelectorAll('details').forEach(it => it.open = true);
    const seen = it => it.getBoundingClientRect().width > 0;
    const charts = [...document.querySelectorAll('svg.chart')].filter(seen).map(svg => {
        const frame = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].map(it => it.getBoundingClientRect());
        return {
            title: svg.querySelector('title').textContent,
            says: svg.querySelector('desc').textContent,
            role: svg.getAttribute('role'),
            width: frame.width,
            height: frame.height,
            texts: texts.length,
            least_text: Math.min(...texts.map(it => Math.min(it.width, it.height))),
            cut: [...svg.querySelectorAll('text')].filter(it => {
                const box = it.getBoundingClientRect();
                return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
                    || box.bottom > frame.bottom + 1;
            }).map(it => it.textContent.trim()),
            marks: svg.querySelectorAll('polyline, rect').length,
        };
    });
    return {
        width: innerWidth,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        resources: performance.getEntriesByType('resource').length,
        background: getComputedStyle(document.body).backgroundColor,
        line: getComputedStyle(document.querySelector('svg.chart polyline')).stroke,
        navigation: [...document.querySelectorAll('nav.side')].some(seen),
        figures: Object.fromEntries([...document.querySelectorAll('data[data-figure]')]
            .map(it => [it.dataset.figure, it.value])),
        on_paper: document.querySelector('#attention p.on-paper').textContent,
        counts: Object.fromEntries([...document.querySelectorAll('[data-count]')]
            .map(it => [it.dataset.count, Number(it.querySelector('b').textContent)])),
        unnamed: [...document.querySelectorAll('svg[role=img]')]
            .filter(it => !it.getAttribute('aria-label') && !it.getAttribute('aria-labelledby')).length,
        dangling: [...document.querySelectorAll('a')]
            .filter(it => !document.getElementById(it.getAttribute('href').slice(1))).map(it => it.outerHTML),
        twice: [...document.querySelectorAll('[id]')].map(it => it.id)
            .filter((id, at, all) => all.indexOf(id) !== at),
        charts,
    };
})()";

#[test]
fn the_page_is_read_in_a_browser() {
    let project = Project::built();
    let day = last(&project);
    let (_, report, html) = report(&project, &day);
    // Nothing is asked of a network, and no script runs.
    for word in ["http:", "https:", "<script", "<link", "<iframe", "@import", " src=", "url(//"] {
        assert!(!html.contains(word), "the page says `{word}`");
    }
    let Some(browser) = Browser::found() else { return };
    let page = project.path(format!("reports/{day}/quality_report.html"));
    let charts: usize =
        report["sections"].as_array().unwrap().iter().map(|it| it["charts"].as_array().unwrap().len()).sum();
    assert!(charts >= 6, "{charts} charts");
    let mut backgrounds = Vec::new();
    for (width, is_dark) in [(1280, false), (390, false), (390, true)] {
        let seen = browser.measure(&page, width, is_dark, MEASURES);
        assert_eq!((&seen["width"], &seen["overflow"]), (&json!(width), &json!(0)), "the page scrolls sideways");
        assert_eq!(seen["resources"], 0);
        assert_eq!(seen["navigation"], width > 1000);
        assert_eq!((&seen["unnamed"], &seen["dangling"], &seen["twice"]), (&json!(0), &json!([]), &json!([])));
        let checks = &report["checks"];
        assert_eq!((&seen["counts"]["warn"], &seen["counts"]["pass"]), (&checks["warned"], &checks["passed"]));
        let folded = seen["on_paper"].as_str().unwrap();
        assert!(folded.starts_with("And ") && folded.contains("volumes unusual ("), "{folded}");
        let shown: BTreeMap<_, Value> = serde_json::from_value(seen["figures"].clone()).unwrap();
        assert_eq!(shown, figures(&report));
        let drawn = seen["charts"].as_array().unwrap();
        assert_eq!(drawn.len(), charts, "each chart once, in the width that fits");
        for chart in drawn {
            let is_well = chart["role"] == "img"
                && number(&chart["width"]) > 250.0
                && number(&chart["height"]) > 100.0
                && number(&chart["texts"]) >= 5.0
                && number(&chart["least_text"]) >= 5.0
                && number(&chart["marks"]) > 0.0
                && chart["cut"] == json!([])
                && chart["says"].as_str().unwrap().len() > 40;
            assert!(is_well, "at {width}: {chart:#}");
        }
        backgrounds.push((seen["background"].clone(), seen["line"].clone()));
    }
    assert_eq!(backgrounds[0], backgrounds[1]);
    assert!(backgrounds[1].0 != backgrounds[2].0 && backgrounds[1].1 != backgrounds[2].1, "dark is as light");
}

#[test]
fn an_earlier_day_is_told_as_of_then_and_compared_with() {
    let project = Project::built();
    let (day, earlier) = (last(&project), "2024-12-31");
    project.file("reports/2024-12-29/quality_report.json", "{\"format\": 1, ").file(
        "reports/2024-12-30/quality_report.json",
        "{\"format\": 99, \"project\": \"commercepulse\", \"date\": \"2024-12-30\"}",
    );
    project.cp(["report", "--date", earlier]).success();
    let (text, told, html) = report(&project, earlier);

    let rows = project.query(&format!(
        "select sum(amount_ngn) filter (where is_effective and status = 'success' and paid_at < date '{earlier}' + 1) as gross,
            count(distinct order_id) as orders
         from commercepulse.fact_orders left join commercepulse.int_payments using (order_id)
         where order_date <= date '{earlier}'"
    ));
    assert_eq!(number(&figures(&told)["gross revenue"]), number(&rows[0]["gross"]));
    assert_eq!(number(&figures(&told)["orders"]), number(&rows[0]["orders"]));
    let days = section(&told, "daily_revenue");
    assert_eq!((&told["as_of"], &days["as_of"]), (&json!(earlier), &json!(earlier)));
    let dates = days["rows"].as_array().unwrap().iter().map(|row| row["order_date"].as_str().unwrap());
    assert_eq!(dates.max().unwrap(), earlier);
    // Nor is a model that looks back some days only said to have found nothing.
    assert_eq!(section(&told, "quality_days")["rows"], json!([]));
    let unknown = format!("ot known for {earlier}: it holds nothing up to then");
    assert!(text.contains(&unknown) && html.contains(&unknown));
    // What cannot be shown as of then says so, everywhere.
    let fixed = section(&told, "top_products");
    assert_eq!(fixed["as_of"], Value::Null);
    let note = fixed["notes"][0].as_str().unwrap();
    assert!(note.contains(&format!("not as of {earlier}")), "{note}");
    assert!(text.contains(note) && html.contains(note));
    // Reports that cannot be read are left out, which is told everywhere.
    let notes: Vec<&str> = told["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[1].contains("2024-12-29") && notes[1].contains("damaged"), "{notes:?}");
    assert!(notes[2].contains("2024-12-30") && notes[2].contains("its format is 99"), "{notes:?}");
    assert!(html.contains("2024-12-29 is left out") && text.replace('\n', " ").contains("2024-12-29 is left out"));

    project.cp(["report"]).success();
    let (text, now, html) = report(&project, &day);
    assert_eq!((&now["as_of"], &now["compared_with"]), (&Value::Null, &json!(earlier)));
    let gross = &now["headline"][0];
    let change = number(&gross["value"]) - number(&figures(&told)["gross revenue"]);
    assert!((number(&gross["change"]) - change).abs() < 0.005, "{gross}");
    assert!(html.contains("Changes are since the report of 31 December 2024.") && html.contains("(better)"));
    assert!(text.contains(&format!("on {earlier}")));
    let conflicts = |report: &Value| {
        let checks = report["checks"]["results"].as_array().unwrap();
        checks.iter().find(|it| it["name"] == "conflicts").unwrap().clone()
    };
    // The checks of that report are those of today, and no trend.
    assert_eq!(conflicts(&now)["trend"].as_array().unwrap().len(), 1);
    let of_then = format!("\"as_of\": \"{earlier}\",\n  \"data_until\"");
    project.edit(&format!("reports/{earlier}/quality_report.json"), &of_then, "\"as_of\": null,\n  \"data_until\"");
    project.cp(["report"]).success();
    let (_, now, html) = report(&project, &day);
    let check = conflicts(&now);
    let trend = check["trend"].as_array().unwrap();
    assert_eq!((&trend[0]["date"], &trend[1]["date"], trend.len()), (&json!(earlier), &json!(day), 2));
    assert_eq!(trend[1]["failures"], check["failures"]);
    assert!(html.contains(&format!("rows found: {earlier}: ")), "the trend has no text");
}

#[test]
fn what_landed_and_is_not_built_is_told_on_top() {
    let project = Project::built();
    let day = last(&project);
    project.file(
        "data/live_events/2025-01-17/events.jsonl",
        "{\"event_id\": \"new\", \"event_type\": \"order_created\", \"payload\": {\"order_id\": \"new\"}}\n",
    );
    project.cp(["ingest"]).success();
    project.cp(["report"]).success();
    let (text, now, html) = report(&project, &day);
    assert_eq!(
        (&now["outdated"], &now["state"]["level"]),
        (&json!("1 landed event is not built yet"), &json!("unknown"))
    );
    assert_eq!(now["headline"][0]["stale"], "has to be built again (new data)");
    assert!(text.contains("note     1 landed event is not built yet: `cp build`"), "{text}");
    assert!(html.contains("<b>Not checked: 1 landed event is not built yet</b>"));
}

#[test]
fn what_comes_from_data_is_shown_masked_and_never_run() {
    let project = Project::empty();
    project
        .file(
            "models/people.sql",
            "select * from (values\n    (1, 'ada@example.com', '+234 803 123 4567', '<script>alert(1)</script>'),\n    \
             (2, 'obi@example.com', '4111 1111 1111 1111', '</svg>&amp;')\n) as people(number, email, phone, said)\n",
        )
        .file("models/names.sql", "select 'byEmail.' || email || chr(0) || chr(8238) as path, 'select ' || phone as query from {{ ref('people') }}\n")
        .file(
            "models/names.yml",
            "models:\n  - name: names\n    config:\n      meta:\n        report: {title: Names, masked: true}\n",
        )
        .file(
            "models/people.yml",
            "models:\n  - name: people\n    description: People & their <b>sayings</b>.\n    config:\n      meta:\n        \
             report:\n          title: People\n          chart:\n            \
             - {kind: bar, title: \"What they said\", x: said, y: [number]}\n            \
             - {kind: bar, x: nowhere, y: [number]}\n            - {kind: line, x: said, y: [number]}\n            \
             - {kind: pie, x: said, y: [number]}\n",
        )
        .file(
            "tests/sql/nobody.sql",
            "{{ config(severity='warn') }}\nselect number, email, phone, said from {{ ref('people') }}\n",
        );
    project.cp(["build"]).success();
    let day = last(&project);
    let (text, report, html) = report(&project, &day);
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)"), "it is not escaped");
    assert_eq!(html.matches("</svg>").count(), html.matches("<svg").count());
    let people = section(&report, "people");
    let sentence = people["charts"][0]["says"].as_str().unwrap();
    assert_eq!(sentence, "Bar chart by said, in number. number: <script>alert(1)</script> 1, </svg>&amp; 2.");
    let faults: Vec<_> = people["notes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let expected = ["there is no column `nowhere`", "`said` is no date", "unknown variant `pie`"];
    assert_eq!(faults.len(), expected.len());
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.contains(expected) && text.replace('\n', " ").contains(expected), "{fault}");
    }
    let sample = &report["checks"]["results"][0]["sample"];
    assert_eq!(
        sample[0],
        json!({"number": 1, "email": "***@example.com", "phone": "***67", "said": "<script>alert(1)</script>"})
    );
    assert_eq!(sample[1]["phone"], "***11");
    let names = &section(&report, "names")["rows"];
    assert_eq!(names[0], json!({"path": "***@example.com\0\u{202e}", "query": "select ***67"}));
    // What would hide or turn around what stands beside it is seen as what it is.
    for shown in [&text, &html] {
        assert!(shown.contains("***@example.com\\u{0}\\u{202e}") && !shown.contains(['\0', '\u{202e}']));
    }
    assert!(html.contains("***@example.com") && html.contains("cp show --select nobody"));
}

#[test]
fn only_what_was_checked_is_called_well() {
    let project = Project::empty();
    project
        .file("models/numbers.sql", "select 1 as number\n")
        .file("tests/sql/one.sql", "select number from {{ ref('numbers') }} where number > 1\n")
        .file("tests/sql/two.sql", "select number from {{ ref('numbers') }} where number > 1\n");
    // How a page is headed, in all three formats.
    let state = |level: &str, told: &str| {
        let (text, report, html) = report(&project, &last(&project));
        assert_eq!(report["state"], json!({"level": level, "told": told}));
        assert!(text.contains(&format!("state    {told}\n")), "{text}");
        assert!(html.contains(&format!("<b>{told}</b>")) && html.contains(&format!("class=\"verdict {level}\"")));
        report
    };
    project.cp(["build"]).success();
    state("good", "All is well");
    project.cp(["run"]).success();
    project.cp(["report"]).success();
    let now = state("unknown", "Not checked: 2 of 2 checks did not run");
    assert_eq!((&now["checks"]["not_run"], &now["checks"]["results"][1]["status"]), (&json!(2), &json!("not run")));

    // One failure, and what was skipped for it is none.
    project.edit("tests/sql/one.sql", "> 1", "> 0").file("models/on_it.sql", "select * from {{ ref('numbers') }}\n");
    project.file("tests/sql/three.sql", "select * from {{ ref('on_it') }} where number > 1\n");
    project.cp(["build"]).status(1);
    state("bad", "Not well: 1 failure, 2 skipped");
    // A test of something else makes no red page green.
    project.cp(["test", "--select", "two"]).success();
    project.cp(["report"]).success();
    let now = state("unknown", "Not checked: 1 table has to be built again");
    assert_eq!(now["checks"]["not_run"], 2);
}

/// A shop that sold something on some days, as a headline tells it.
fn sales(rows: &str) -> Project {
    let project = Project::empty();
    project
        .file("seeds/sales.csv", format!("date,amount\n{rows}"))
        .file("models/sums.sql", "select date, amount from {{ ref('sales') }}\n")
        .file("models/business_date.sql", "select max(date) as business_date from {{ ref('sales') }}\n")
        .file(
            "models/headline.sql",
            "select date, 'sales' as figure, sum(amount) over (order by date) as value, min(date) over () as since\n\
             from {{ ref('sums') }}\n",
        )
        .file(
            "models/models.yml",
            "models:\n  - name: headline\n    config:\n      meta:\n        report: {headline: true, as_of: date}\n  \
             - name: business_date\n    config:\n      meta:\n        report: {business_date: true}\n",
        );
    project
}

/// What the report in this folder says of the sales: value, value before, and what it is compared with.
fn told(project: &Project, folder: &str) -> (Value, Value, Value) {
    let (_, report, _) = report(project, folder);
    (report["headline"][0]["value"].clone(), report["headline"][0]["before"].clone(), report["compared_with"].clone())
}

#[test]
fn figures_are_those_of_their_day() {
    let project = sales("2025-01-01,10\n2025-01-02,5\n");
    project.cp(["build"]).success();
    let (text, _, html) = report(&project, "2025-01-02");
    let since = "Each figure is of all days since 2025-01-01.";
    assert!(text.contains(since) && html.contains(since), "{text}");
    // Figures that were not made in the run are not called fresh, and nothing is compared with them.
    project.file("seeds/sales.csv", "date,amount\n2025-01-01,10\n2025-01-02,5\n2025-01-04,7\n");
    project.edit("models/sums.sql", "amount", "amounts").cp(["build"]).status(2);
    let (text, failed, html) = report(&project, "2025-01-04");
    let figure = &failed["headline"][0];
    assert_eq!((&figure["stale"], &figure["change"]), (&json!("was not built in this run (skipped)"), &Value::Null));
    assert!(text.contains("These figures may be old") && text.contains("unknown"), "{text}");
    assert!(html.contains("These figures may be old"));
    project.edit("models/sums.sql", "amounts", "amount");
    project.file("seeds/sales.csv", "date,amount\n2025-01-01,10\n2025-01-02,5\n2025-01-04,7\n2025-01-05,1\n");
    project.cp(["build"]).success();
    assert_eq!(told(&project, "2025-01-05"), (json!(23), json!("15"), json!("2025-01-02")));

    // A look back replaces no report that was made on its day.
    let made = project.read("reports/2025-01-04/quality_report.json");
    for _ in 0..2 {
        project.cp(["report", "--date", "2025-01-04"]).success();
        assert_eq!(project.read("reports/2025-01-04/quality_report.json"), made);
        assert_eq!(told(&project, "2025-01-04/seen_from_2025-01-05").0, json!(22));
    }

    // A day without data is no point of a trend, whether it lies in a gap or after all.
    for (day, until, sold) in [("2025-01-03", "2025-01-02", 15), ("2025-02-01", "2025-01-05", 23)] {
        project.cp(["report", "--date", day]).success();
        let (text, now, html) = report(&project, day);
        assert_eq!((now["data_until"].as_str(), &now["headline"][0]["value"]), (Some(until), &json!(sold)));
        assert_eq!((&now["compared_with"], &now["headline"][0]["change"]), (&Value::Null, &Value::Null));
        let note = format!("there is no data of {day}: the last before it is of {until}");
        assert!(text.contains(&note) && html.contains(&note), "{text}");
    }
    project.cp(["report", "--date", "2025-01-04"]).success();
    assert_eq!(told(&project, "2025-01-04/seen_from_2025-01-05").2, json!("2025-01-02"));
}
