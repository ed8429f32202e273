//! What a person reads when something is wrong: one folder a case under `tests/fixtures/errors`, laid over an empty
//! project; its file `call` is the command line. A new case is a folder.

use std::fs;
use std::path::Path;

use crate::support::Project;

#[test]
fn every_fault_is_told_with_its_place_and_a_help() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/errors");
    let mut names: Vec<_> =
        fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(!names.is_empty());
    for name in names {
        let project = Project::empty();
        for entry in fs::read_dir(cases.join(&name)).unwrap() {
            let entry = entry.unwrap();
            let file = entry.file_name().into_string().unwrap();
            if file != "call" {
                project.take(&entry.path(), &file);
            }
        }
        let call = fs::read_to_string(cases.join(&name).join("call")).unwrap();
        // One thread, so that lines come in one order.
        let output = project.cp(call.split_whitespace().chain(["--threads", "1"])).run();
        output.assert(&format!("error_{name}"));
    }
}
