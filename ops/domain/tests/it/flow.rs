//! `ops/agent/flow.md` tells people what the program does: its table and its diagram hold exactly
//! the steps that the program allows.

use std::collections::{BTreeMap, BTreeSet};

use domain::lifecycle::{State, Step};

const FLOW: &str = include_str!("../../../agent/flow.md");

type Row = (String, String, String);

fn allowed() -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    for from in State::ALL {
        for step in Step::ALL {
            if let Some(to) = from.after(step) {
                rows.insert((from.to_string(), step.to_string(), to.to_string()));
            }
        }
    }
    rows
}

#[test]
fn the_document_says_its_format() {
    assert_eq!(FLOW.lines().next(), Some("format: 1"));
}

#[test]
fn the_table_holds_exactly_the_allowed_steps() {
    let lines = FLOW
        .lines()
        .skip_while(|line| *line != "| from | step | to |")
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [from, step, to] = cells[..] else { panic!("three cells: {line}") };
            (from.to_owned(), step.to_owned(), to.to_owned())
        })
        .collect();
    assert_eq!(rows.len(), allowed().len(), "no row twice");
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), allowed());
}

#[test]
fn the_diagram_holds_exactly_the_allowed_steps() {
    let diagram = FLOW.split("```mermaid\n").nth(1).unwrap().split("```").next().unwrap();
    let mut names: BTreeMap<&str, &str> =
        State::ALL.iter().map(|state| (state.as_str(), state.as_str())).collect();
    let mut rows = Vec::new();
    let mut first = Vec::new();
    for line in diagram.lines().map(str::trim) {
        if let Some(alias) = line.strip_prefix("state \"") {
            let (long, short) = alias.split_once("\" as ").unwrap();
            names.insert(short, long);
        } else if let Some((from, rest)) = line.split_once(" --> ") {
            match rest.split_once(": ") {
                Some((to, step)) => {
                    rows.push((names[from].to_owned(), step.to_owned(), names[to].to_owned()));
                }
                None => first.push((from, rest)),
            }
        }
    }
    assert_eq!(first, [("[*]", "detected")]);
    assert_eq!(rows.len(), allowed().len(), "no arrow twice");
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), allowed());
}

#[test]
fn every_step_is_explained() {
    for step in Step::ALL {
        assert!(FLOW.contains(&format!("- **{step}**: ")), "{step}");
    }
}
