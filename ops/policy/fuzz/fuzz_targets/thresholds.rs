//! Any bytes are either thresholds or problems with places inside the text. Run it with
//! `scripts/fuzz 60 thresholds`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::thresholds::Thresholds;

fuzz_target!(|text: &str| {
    match Thresholds::parse("thresholds.md", text, fixtures::signals()) {
        Ok(thresholds) => {
            for row in thresholds.rows() {
                let _ = thresholds.rows_for(row.signal.as_str(), "service:x");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
                let _ = problem.to_string();
            }
        }
    }
});
