//! What holds for any file whatever, however it is cut and read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Bench;
use super::DAY;
use super::envelope;
use crate::store::Tally;

/// The stored events without what depends on when they were read.
fn content(bench: &Bench) -> BTreeMap<String, (String, String)> {
    bench.all().events.into_iter().map(|event| (event.event_id, (event.event_type, event.payload))).collect()
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0u32..12, 0u32..2).prop_map(|(id, payload)| envelope(&id.to_string(), &format!("{{\"a\":{payload}}}"))),
        1 => "[a-z{}\\[\\]\":,0-9 ]{0,12}",
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_lines_are_cut_into_readings_the_same_is_stored(
        lines in proptest::collection::vec(line(), 0..20),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5),
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut whole = Bench::new();
        whole.write(DAY, &text);
        whole.ingest();
        let mut grown = Bench::new();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        ends.push(text.len());
        ends.sort_unstable();
        for end in ends {
            grown.write(DAY, &text[..end]);
            grown.ingest();
        }
        prop_assert_eq!(content(&whole), content(&grown));
        let deliveries = |bench: &Bench| bench.all().readings.iter().map(|reading| reading.tally.delivered).sum::<u64>();
        // A bare number or word may be cut into two that both parse; nothing else may be delivered twice.
        if lines.iter().all(|line| line.is_empty() || line.starts_with("{\"event_id")) {
            prop_assert_eq!(deliveries(&whole), deliveries(&grown));
        }
    }

    #[test]
    fn however_lines_are_cut_into_files_the_same_ids_are_stored(
        lines in proptest::collection::vec(line(), 0..20),
        days in proptest::collection::vec(10u32..14, 20),
    ) {
        let mut whole = Bench::new();
        whole.write(DAY, lines.join("\n") + "\n");
        whole.ingest();
        let mut split = Bench::new();
        for day in 10..14 {
            let own: Vec<_> = lines.iter().zip(&days).filter(|(_, of)| **of == day).map(|(line, _)| line.as_str()).collect();
            split.write(&format!("live_events/2025-01-{day}/events.jsonl"), own.join("\n") + "\n");
        }
        split.ingest();
        let ids = |bench: &Bench| content(bench).into_keys().collect::<Vec<_>>();
        prop_assert_eq!(ids(&whole), ids(&split));
        let sum = |bench: &Bench| bench.all().readings.iter().map(|reading| reading.tally.delivered).sum::<u64>();
        prop_assert_eq!(sum(&whole), sum(&split));
    }

    #[test]
    fn no_bytes_break_the_equation(
        bytes in proptest::collection::vec(prop_oneof![4 => proptest::sample::select(b"[]{}\",:\n\\1 a".to_vec()), 1 => any::<u8>()], 0..400),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bench = Bench::new();
        let array = [b"[".as_slice(), &bytes].concat();
        let end = cut.index(bytes.len() + 1);
        for (name, content) in [(DAY, &bytes), ("bootstrap/orders_1.json", &array)] {
            bench.write(name, &content[..end]);
        }
        bench.write("live_events/2025-01-16/events.jsonl.gz", &bytes);
        bench.write("bootstrap/refunds_1.json.zst", &bytes);
        bench.ingest();
        bench.write(DAY, &bytes);
        bench.write("bootstrap/orders_1.json", &array);
        bench.ingest();
        let again = bench.ingest();
        prop_assert!(again.files.iter().all(|file| file.tally == Tally::default()));
    }
}
