//! Files that someone brings: the configuration, an exported journal, and a replay bundle.

use std::{io, path::Path};

use engine::replay::{self, Bundle};
use fixtures::fuzz::{Target, assert_shown};
use serde_json::Value;

use super::texts;
use crate::{
    collectors,
    config::{Config, ConfigProblem, Flags, Sources},
    export,
};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "configuration",
        seeds: configurations,
        words: &[
            "\n",
            "=",
            "[",
            "]",
            "[[endpoint]]",
            "[[script]]",
            "[mail]",
            "\"",
            "'''",
            "#",
            ".",
            "{",
            "}",
            ",",
            "true",
            "listen",
            "url",
            "interval",
            "\"30 s\"",
            "\"https://a.example\"",
            "\0",
            "CALM_OPS_",
        ],
        check: check_configuration,
    },
    Target {
        name: "export",
        seeds: exports,
        words: &[
            "\n",
            "\"number\":",
            "\"hash\":",
            "\"before\":",
            "\"payload\":",
            "\"payload_hex\":",
            "\"salt\":",
            "null",
            "{",
            "}",
            "\\u0000",
            "00",
        ],
        check: check_export,
    },
    Target {
        name: "bundle",
        seeds: bundles,
        words: &[
            "\"format\":1",
            "\"inputs\":",
            "\"series\":",
            "\"checkpoint\":",
            "\"now\":",
            "null",
            "[]",
            "{}",
            "e308",
            "9223372036854775807",
            "-9223372036854775808",
            "4294967295",
            ",",
            "1",
        ],
        check: check_bundle,
    },
];

/// A file, and behind a NUL each the variables of the environment.
struct Given<'a>(&'a str);

impl Sources for Given<'_> {
    fn environment(&self) -> Vec<(String, String)> {
        let variables = self.0.split('\0').skip(1).take(8);
        let variables = variables.filter_map(|one| one.split_once('='));
        let file = [("CALM_OPS_CONFIG".to_owned(), "calm-ops.toml".to_owned())];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).chain(file).collect()
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        let is_file = path == Path::new("calm-ops.toml");
        let text = self.0.split('\0').next().filter(|_| is_file);
        text.map(str::to_owned).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn configurations() -> Vec<Vec<u8>> {
    // With the comment signs before keys and sections taken away, every key is set.
    let example = include_str!("../../../calm-ops.example.toml");
    let bare = |line: &&str| line.starts_with('#') && line.contains(['=', '[']);
    let set: Vec<&str> = example.lines().filter(bare).map(|line| line[1..].trim_start()).collect();
    let mut all: Vec<Vec<u8>> = set.chunks(12).map(|part| part.join("\n").into_bytes()).collect();
    all.extend(texts(&[
        "listen = \"127.0.0.1:3000\"\npublic_url = \"https://ops.example.com\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n",
        "[[endpoint]]\nname = \"shop\"\nurl = \"https://shop.example/health\"\nexpect_status = \"200-299,404\"\nheaders = { Authorization = \"Bearer hunter2\" }\ninterval = \"30 s\"\n",
        "[mail]\nserver = \"smtp.example\"\nport = 587\nfrom = \"ops@example.com\"\npassword = \"hunter2\"\n\0CALM_OPS_LISTEN=[::1]:0\0CALM_OPS_LITSEN=x",
        "[[script]]\nname = \"x\"\npath = \"/usr/local/bin/x\"\n[limits]\nseries = -1\npush_bytes = \"1 MiB\"\n",
        "a = [1, [2, { b = '''c\n''' }]]\n\"é\" = 1979-05-27T07:32:00Z\n",
    ]));
    all
}

fn check_configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let sources = Given(&text);
    let told = |problems: &[ConfigProblem]| {
        assert!(!problems.is_empty());
        for problem in problems {
            // A line is shown as it stands in the file.
            let sentence = match problem {
                ConfigProblem::Sentence(sentence) => sentence.clone(),
                ConfigProblem::InFile(place) => {
                    assert!(place.line as usize <= text.lines().count() + 1, "{problem}");
                    format!("{} {}", place.found, place.expected)
                }
            };
            assert_shown(&sentence, 10_000);
        }
    };
    match Config::load(&Flags::default(), &sources) {
        Ok(config) => {
            if let Some(Err(error)) = config.reload(&sources) {
                panic!("read once, and not again: {error}");
            }
        }
        Err(error) => told(&error.problems),
    }
}

fn exports() -> Vec<Vec<u8>> {
    let lines = |text: &str, from: usize, count: usize| {
        text.split_inclusive('\n').skip(from).take(count).collect::<String>().into_bytes()
    };
    let real = include_str!("../../../ops/commands/tests/journals/real.jsonl");
    let every = include_str!("../../../ops/commands/tests/journals/every-event.jsonl");
    vec![lines(real, 0, 4), lines(real, 3, 3), lines(every, 0, 6), lines(every, 40, 5)]
}

fn check_export(bytes: &[u8]) {
    match export::prove(bytes, None) {
        Ok(proved) => {
            let lines = bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
            assert_eq!(proved.head.number - proved.first + 1, lines);
            assert!(proved.redacted <= lines && proved.unexplained.len() as u64 <= lines);
            // The head that it proves is one that it can be held against.
            let again = export::prove(bytes, Some(proved.head));
            assert_eq!(again.ok(), Some(proved));
        }
        Err(error) => assert_shown(&error.to_string(), 1_000),
    }
}

fn bundles() -> Vec<Vec<u8>> {
    let shortened = |text: &str| {
        let mut bundle: Value = serde_json::from_str(text).unwrap_or_default();
        let used = |inputs: &mut Vec<Value>| inputs.truncate(12);
        let _ = bundle.get_mut("inputs").and_then(Value::as_array_mut).map(used);
        serde_json::to_vec(&bundle).unwrap_or_default()
    };
    [
        include_str!("../../../ops/engine/tests/bundles/queue-flaps.json"),
        include_str!("../../../ops/engine/tests/bundles/memory-rises-and-recovers.json"),
    ]
    .map(shortened)
    .into()
}

fn check_bundle(bytes: &[u8]) {
    match serde_json::from_slice::<Bundle>(bytes) {
        Ok(bundle) => {
            match replay::replay(&bundle, wording::replay::describe, collectors::signals()) {
                Ok(replayed) => drop(replayed.to_string()),
                Err(error) => drop(error.to_string()),
            }
        }
        Err(error) => drop(error.to_string()),
    }
}
