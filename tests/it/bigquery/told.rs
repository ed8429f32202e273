//! What a person is told of the destination, and that no key is.

use super::*;

/// A key file as Google makes them; the key is none.
const KEY: &str = r#"{
  "type": "service_account", "project_id": "shop", "private_key_id": "geheim-id-0123456789",
  "private_key": "-----BEGIN PRIVATE KEY-----\ngeheimgeheim\n-----END PRIVATE KEY-----\n",
  "client_email": "cp@shop.iam.gserviceaccount.com", "client_id": "1",
  "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "http://127.0.0.1:9/token"
}"#;

#[test]
fn the_destination_is_told_and_no_key() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, dataset) = shop(server);
    project.file("key.json", KEY);
    let cp = |verb: &[&str]| project.cp(verb).env("GOOGLE_APPLICATION_CREDENTIALS", "key.json");
    cp(&["debug"]).success().assert("publish_debug_before");
    let built = cp(&["build", "--verbose"]).success();
    let place = format!("BigQuery `test-project.{dataset}`");
    assert!(built.stdout.contains(&format!("2 tables in {place}, 2 changed")), "{built}");
    let report: Vec<_> = std::fs::read_dir(project.path("reports")).unwrap().map(|day| day.unwrap().path()).collect();
    let report = std::fs::read_to_string(report[0].join("quality_report.txt")).unwrap();
    assert!(report.contains(&format!("published to {place}")), "{report}");
    let debug = cp(&["debug"]).success();
    debug.assert("publish_debug");
    let published = cp(&["publish", "--output", "json"]).success();
    let summary: Value = serde_json::from_str(&published.stdout).unwrap();
    assert_eq!(summary["published"]["destination"], place, "{published}");
    // Google itself, which this key does not open.
    let google = cp(&["publish"]).env("BIGQUERY_EMULATOR_HOST", "").env("CP_BQ_PATIENCE", "1").status(2);
    let asked = cp(&["debug"]).env("BIGQUERY_EMULATOR_HOST", "").env("CP_BQ_PATIENCE", "1").status(2);
    assert!(asked.stdout.contains("credentials in `key.json`"), "{asked}");
    for output in [built, debug, published, google, asked] {
        assert!(!output.to_string().contains("geheim"), "{output}");
    }
}

#[test]
fn a_dataset_elsewhere_than_said_is_told() {
    let Some(server) = BigQuery::shared() else { return };
    let (project, _) = shop(server);
    project.cp(["build"]).success();
    let there = project.cp(["publish"]).env("BQ_LOCATION", "africa-south1").status(2);
    assert!(there.stderr.contains("is in US, and `BQ_LOCATION` says africa-south1"), "{there}");
    project.cp(["publish"]).env("BQ_LOCATION", "us").success();
}
