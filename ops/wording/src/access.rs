//! Rows about access that are not what the journal says.

use commands::access_record::{Difference, Problem, Record};

use crate::humanize::list;

/// Number of the named ones.
const NAMED: usize = 10;

fn name(record: Record) -> String {
    match record {
        Record::Account(id) => format!("account {id}"),
        Record::Passkey(id) => format!("passkey {id}"),
        Record::Session(id) => format!("sign-in {id}"),
        Record::Invitation(id) => format!("invitation {id}"),
        Record::Token(id) => format!("token {id}"),
        Record::Share(id) => format!("share link {id}"),
        Record::Contact(id) => format!("contact {id}"),
    }
}

/// The rows that differ, as a clause: "the journal does not know token 9; account 2 does not match the
/// journal".
pub fn differences(found: &[Difference]) -> String {
    let of = |problem| -> Vec<String> {
        found.iter().filter(|one| one.problem == problem).map(|one| name(one.record)).collect()
    };
    let mut clauses = Vec::new();
    let (unknown, missing, different) =
        (of(Problem::Unknown), of(Problem::Missing), of(Problem::Different));
    if !unknown.is_empty() {
        clauses.push(format!("the journal does not know {}", bounded(&unknown)));
    }
    if !different.is_empty() {
        let verb = if different.len() == 1 { "does" } else { "do" };
        clauses.push(format!("{} {verb} not match the journal", bounded(&different)));
    }
    if !missing.is_empty() {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        clauses.push(format!("{} {verb} missing", bounded(&missing)));
    }
    clauses.join("; ")
}

fn bounded(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = names.iter().take(NAMED).cloned().collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    list(&shown)
}

#[cfg(test)]
mod tests {
    use domain::id::{AccountId, ShareId, TokenId};

    use super::*;

    #[test]
    fn what_differs_is_named() {
        let one = |record, problem| Difference { record, problem };
        let found = [
            one(Record::Account(AccountId(2)), Problem::Different),
            one(Record::Token(TokenId(9)), Problem::Unknown),
            one(Record::Token(TokenId(3)), Problem::Missing),
            one(Record::Share(ShareId(7)), Problem::Unknown),
        ];
        assert_eq!(
            differences(&found),
            "the journal does not know token 9 and share link 7; account 2 does not match the journal; token 3 is missing"
        );
        let many: Vec<Difference> =
            (1..=12).map(|id| one(Record::Token(TokenId(id)), Problem::Different)).collect();
        assert!(differences(&many).ends_with("token 10 and 2 more do not match the journal"));
    }
}
