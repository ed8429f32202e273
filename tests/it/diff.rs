//! `cp diff`, as a reviewer and the author of an edit meet it.

use crate::support::Project;
use crate::support::git;

/// The repository's project without its big sample, committed.
fn committed() -> Project {
    let project = Project::new();
    project.remove("data");
    git::commit_all(&project, "First");
    project
}

/// Counts failed payments as revenue.
fn count_failed(project: &Project) {
    project.edit("dbt_project.yml", "FAILED: failed", "FAILED: success");
}

fn diff(project: &Project, arguments: &[&str]) -> crate::support::Call {
    project.cp(["diff", "--quiet"].iter().chain(arguments))
}

#[test]
fn an_edit_that_changes_a_number_is_told_in_every_form() {
    let project = committed();
    count_failed(&project);
    let strict = diff(&project, &["--exit-code"]).status(1);
    assert!(strict.stderr.contains("the data of both sides is not equal"), "{strict}");
    strict.assert("diff_number");
    diff(&project, &["--output", "markdown"]).success().assert("diff_number_markdown");
    diff(&project, &["--output", "json"]).success().assert("diff_number_json");
    diff(&project, &["--output", "html"]).success().assert("diff_number_html");
}

#[test]
fn what_readers_no_longer_find_is_told_though_its_data_is_equal() {
    let project = committed();
    let file = |name: &str| format!("models/analytics/{name}.sql");
    for (name, settings) in [("refund_rate", "meta={'publish': false}"), ("payment_delay", "alias='delays'")] {
        let text = project.read(&file(name));
        project.file(&file(name), format!("{{{{ config({settings}) }}}}\n{text}"));
    }
    let told = diff(&project, &["--exit-code"]).status(1);
    assert!(told.stdout.starts_with("cp diff  2 published tables changed"), "{told}");
    assert!(told.stdout.contains("refund_rate  no longer published; data equal"), "{told}");
    assert!(
        told.stdout.contains("payment_delay  published as delays, no longer as payment_delay; data equal"),
        "{told}"
    );
    let told = diff(&project, &["--output", "markdown"]).env("GIT_DIR", "/nowhere").success();
    assert!(told.stdout.contains("no longer published; data equal"), "{told}");
}

#[test]
fn an_edit_of_the_layout_changes_nothing() {
    let project = committed();
    let file = "models/marts/fact_refunds.sql";
    project.edit(file, "select", "select -- of all\n      ").edit(file, "from ", "from   ");
    diff(&project, &["--exit-code"]).success().assert("diff_layout");
    diff(&project, &["--output", "markdown"]).success().assert("diff_layout_markdown");
}

#[test]
fn a_column_more_is_told_as_such() {
    let project = committed();
    project.edit(
        "models/analytics/refund_rate.sql",
        "\nselect * from",
        "\nselect *, vendor || '!' as shout, null::varchar as nothing from",
    );
    diff(&project, &[]).success().assert("diff_column");
    diff(&project, &["--output", "markdown"]).success().assert("diff_column_markdown");
}

#[test]
fn models_that_come_and_go_and_one_that_cannot_be_built_are_told_beside_the_others() {
    let project = committed();
    project
        .file(
            "models/analytics/fresh.sql",
            "select vendor, count(*) as orders from {{ ref('fact_orders') }} group by vendor\n",
        )
        .remove("models/analytics/refund_rate.sql")
        .edit("models/analytics/_analytics.yml", "  - name: refund_rate", "  - name: fresh")
        .edit("models/analytics/payment_delay.sql", "\nselect * from", "\nselect *, 1 / nothing as x from")
        .edit("models/analytics/top_products.sql", "\nselect * from", "\nselect * from (select 1) as one, ");
    diff(&project, &[]).success().assert("diff_come_and_go");
    diff(&project, &["--output", "markdown"]).success().assert("diff_come_and_go_markdown");
}

#[test]
fn the_revision_is_as_git_says_and_nothing_of_the_users_is_touched() {
    let project = Project::empty();
    let published = |name: &str, sql: &str| {
        let config = "{{ config(materialized='table', meta={'publish': true, 'key': ['id']}) }}";
        project.file(&format!("models/{name}.sql"), format!("{config}\n{sql}\n"));
    };
    published("one", "select 1 as id, 'a' as name");
    published("two", "select id, name || '!' as name from {{ ref('one') }}");
    project.file("snapshots/sample/readme.md", "No events.\n");
    git::commit_all(&project, "First");
    git::run(&project, &["branch", "-m", "main"]);
    git::run(&project, &["checkout", "-q", "-b", "edit"]);
    published("one", "select 1 as id, 'b' as name");
    git::commit_all(&project, "Say b");
    project.file("models/staged.sql", "select 1 as id\n");
    git::run(&project, &["add", "models/staged.sql"]);
    let before = git::run(&project, &["status", "--porcelain"]);
    let told =
        |arguments: &[&str]| diff(&project, arguments).success().stdout.lines().next().unwrap_or_default().to_string();
    let changed = "cp diff  2 published tables changed";
    assert_eq!(told(&[]), changed);
    assert_eq!(told(&["--base", "main"]), changed);
    assert_eq!(told(&["--base", "main..."]), changed);
    assert_eq!(told(&["--base", "HEAD"]), "cp diff  no published table changed");
    assert_eq!(told(&["--select", "one"]), "cp diff  1 published table changed");
    assert_eq!(git::run(&project, &["status", "--porcelain"]), before);
}

#[test]
fn what_cannot_be_compared_is_told_with_what_to_do() {
    let project = Project::empty();
    project.file("models/one.sql", "select 1 as id\n").file("snapshots/sample/readme.md", "No events.\n");
    // Another repository may lie around the temporary folder.
    diff(&project, &[])
        .env("GIT_CEILING_DIRECTORIES", project.root().parent().unwrap())
        .status(2)
        .assert("diff_no_git");
    git::run(&project, &["init", "-q"]);
    let output = diff(&project, &[]).status(2);
    assert!(output.stderr.contains("there is no commit yet"), "{output}");
    project.file("other.txt", "x");
    git::run(&project, &["add", "other.txt"]);
    git::commit(&project, "Nothing yet");
    diff(&project, &[]).status(2).assert("diff_no_project");
    git::commit_all(&project, "One");
    diff(&project, &[]).success().assert("diff_nothing");
    diff(&project, &["--base", "mian"]).status(2).assert("diff_no_revision");
    diff(&project, &["--data", "elsewhere"]).status(2).assert("diff_no_sample");
    project.file("models/two.sql", "select {{ 1 }\n");
    diff(&project, &["--base", "HEAD"]).status(2);
    git::commit_all(&project, "Broken");
    project.file("models/two.sql", "select 2 as id\n");
    let output = diff(&project, &[]).status(2);
    assert!(output.stderr.contains("at the base, HEAD (") && output.stderr.contains("models/two.sql"), "{output}");
}

#[test]
fn values_are_no_markup_and_rows_without_a_key_are_told_apart_by_all_they_hold() {
    let project = Project::empty();
    project
        .file("snapshots/sample/readme.md", "No events.\n")
        .file("models/keyed.sql", "select 1 as id, 'plain' as said, 1.5::double as share\n")
        .file("models/_keyed.yml", "models:\n  - name: keyed\n    config: {meta: {key: [id], publish: true}}\n")
        .file("models/heap.sql", "select * from (values ('a'), ('a'), ('b')) as t(letter)\n");
    git::run(&project, &["init", "-q"]);
    git::commit_all(&project, "One");
    project
        .file(
            "models/keyed.sql",
            "select 1 as id, '<script>alert(1)</script>|`@all`' as said, (0.1::double + 0.2::double) * 5 as share\n",
        )
        .file("models/heap.sql", "select * from (values ('a'), ('b'), ('<b>')) as t(letter)\n");
    let markdown = diff(&project, &["--output", "markdown"]).success();
    markdown.assert("diff_markup_markdown");
    let html = diff(&project, &["--output", "html"]).success().stdout;
    assert!(!html.contains("<script") && html.contains("&lt;script"), "{html}");
}

#[test]
fn a_changed_seed_counts_where_the_events_bring_none_of_their_own() {
    let project = committed();
    project.edit("seeds/fx_rates.csv", ",USD,", ",USD,1");
    let output = diff(&project, &[]).success().stdout;
    assert!(
        output.starts_with("cp diff  nothing changed") && output.contains("note: `seeds/fx_rates.csv` changed"),
        "{output}"
    );
    for part in ["bootstrap", "live_events"] {
        project.take(&project.path(format!("snapshots/sample/{part}")), &format!("events/{part}"));
    }
    let output = diff(&project, &["--data", "events"]).success().stdout;
    assert!(output.contains("on the 222 events of events") && output.contains("\nfx_rates  "), "{output}");
    assert!(output.contains("~ rows of the file changed") && output.contains("gross_revenue:"), "{output}");
    project.file("nothing/readme.md", "No events.\n");
    diff(&project, &["--data", "nothing"]).status(2).assert("diff_no_events");
}

#[test]
fn a_project_may_lie_in_a_folder_of_its_repository_and_its_profile_outside_of_it() {
    let project = Project::empty();
    for name in ["dbt_project.yml", "profiles.yml"] {
        project.file(&format!("inner/{name}"), project.read(name)).remove(name);
    }
    project
        .file("inner/snapshots/sample/readme.md", "No events.\n")
        .file("inner/models/one.sql", "select 1 as id\n")
        .file("models/one.sql", "no model of the project\n")
        .file(".gitignore", "profiles.yml\n");
    git::commit_all(&project, "One");
    project.edit("inner/models/one.sql", "1", "2");
    let output = diff(&project, &["--project-dir", "inner"]).success().stdout;
    assert!(output.contains("one  1 row added, 1 row removed"), "{output}");
}
