//! Names that a reader can mistake for another one: of somebody who is here, or of Calm Ops itself.
//! Looks are compared by the skeletons of Unicode Technical Standard #39.

use domain::{
    error::{Error, FieldReason},
    input::checked_name,
    text::is_mark,
};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{MixedScript as _, skeleton};

use crate::accounts::Accounts;

/// The product's name without its blank: no name of a person or a program may hold it.
const PRODUCT: &str = "calmops";

/// Names under which the product, its parts and whatever has no name stand where people read.
const PARTS: [&str; 22] = [
    "agent",
    "aiagent",
    "incidentagent",
    "monitor",
    "collector",
    "engine",
    "executor",
    "notifier",
    "recommender",
    "recommendation",
    "scheduler",
    "heartbeat",
    "journal",
    "service",
    "system",
    "local",
    "machine",
    "thismachine",
    "someone",
    "someoneatthismachine",
    "someoneonthismachine",
    "nobody",
];

/// The words before the number of an actor without a name.
const NUMBERED: [&str; 6] = ["account", "token", "entry", "incident", "link", "program"];

/// Letters in circles, squares and flags that have no compatible form: the letter inside.
fn plain_letter(c: char) -> char {
    let first = match c {
        '\u{1f150}'..='\u{1f169}' => 0x1_f150,
        '\u{1f170}'..='\u{1f189}' => 0x1_f170,
        '\u{1f1e6}'..='\u{1f1ff}' => 0x1_f1e6,
        _ => return c,
    };
    char::from_u32(u32::from(c) - first + u32::from('a')).unwrap_or(c)
}

/// The look of a name: what fills up and decorates is left out.
fn look(name: impl Iterator<Item = char>) -> String {
    let text: String = name.map(plain_letter).collect::<String>().nfkc().collect();
    let whole: String = skeleton(&text).collect();
    let seen =
        |c: &char| c.is_alphanumeric() || (is_mark(*c) && !matches!(c, '\u{fe0e}' | '\u{fe0f}'));
    let letters: String = whole.chars().filter(seen).collect();
    if letters.is_empty() { whole } else { letters }
}

/// The two looks of a name: as it is written, and in small letters. As it is written "Ian" looks like
/// "lan", and neither like "Lan": the size of a letter is part of its look.
fn looks(name: &str) -> [String; 2] {
    let small: String =
        name.chars().map(plain_letter).nfkc().flat_map(char::to_lowercase).collect();
    // What has no size, as a digit, can have the look of a large letter.
    [look(name.chars()), look(small.chars()).to_lowercase()]
}

/// True if two names look alike.
pub fn is_alike(one: &str, other: &str) -> bool {
    let (one, other) = (looks(one), looks(other));
    one.iter().zip(&other).any(|(one, other)| one == other)
}

/// The bare letters of a look, with those as one that a careless eye takes for each other.
fn bare(look: &str) -> String {
    let small = look.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    small.map(|c| if c == 'i' { 'l' } else { c }).collect()
}

/// True if a name holds the product's.
fn holds_product(name: &str) -> bool {
    let product = bare(&look(PRODUCT.chars()));
    looks(name).iter().any(|look| bare(look).contains(&product))
}

/// True if a name stands for Calm Ops, one of its parts, or an actor without a name.
pub fn is_reserved(name: &str) -> bool {
    let known = |word: &str| bare(&look(word.chars()));
    holds_product(name)
        || looks(name).iter().any(|look| {
            let look = bare(look);
            let part = look.strip_prefix(&known("the")).unwrap_or(&look);
            let is_number = |rest: &str| {
                !rest.is_empty() && rest.chars().all(|c| c.is_numeric() || matches!(c, 'l' | 'o'))
            };
            PARTS.iter().any(|word| known(word) == part)
                || NUMBERED
                    .iter()
                    .any(|word| part.strip_prefix(&known(word)).is_some_and(is_number))
                || (look != part && part.starts_with(&known("program")))
        })
}

/// True if one word of a name is written in letters of several scripts, of which some look the
/// same. Words of different scripts, and the scripts that East Asian languages write together, are
/// fine.
fn mixes_scripts(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).any(|word| {
        let other: String = word.chars().filter(|c| !c.is_ascii()).collect();
        let set = other.as_str().resolve_script_set();
        let east_asian = set.hanb || set.jpan || set.kore;
        !word.is_single_script() && !east_asian
    })
}

/// A name of an account as it is kept, if it can't be taken for Calm Ops.
pub(super) fn own_name(name: &str) -> Result<String, Error> {
    readable("name", name, is_reserved)
}

/// A label of a program as it is kept. It stands in quotation marks behind "The program", so that
/// only the product's own name misleads there.
pub(super) fn program_label(label: &str) -> Result<String, Error> {
    readable("label", label, holds_product)
}

fn readable(
    field: &'static str,
    name: &str,
    misleads: impl Fn(&str) -> bool,
) -> Result<String, Error> {
    let name = checked_name(field, name)?;
    if misleads(&name) {
        return Err(Error::invalid(field, FieldReason::NameReserved));
    }
    if mixes_scripts(&name) {
        return Err(Error::invalid(field, FieldReason::MixedScripts));
    }
    Ok(name)
}

impl Accounts {
    /// True if someone who is or was here has a name that looks like this one.
    pub(super) fn has_alike(&self, name: &str) -> bool {
        self.accounts.iter().any(|account| is_alike(&account.name, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_like_the_product_or_a_part_of_it() {
        for name in [
            "Calm Ops",
            "calm ops",
            "CalmOps",
            "calm-ops",
            "CALM  OPS",
            "Calm\u{a0}Ops",
            "CaIm Ops",
            "Ca1m 0ps",
            "Calm 0ps",
            "Сalm Орs",
            "Cаlm Ops",
            "Ⅽalm Ops",
            "Ｃａｌｍ Ｏｐｓ",
            "𝐂𝐚𝐥𝐦 𝐎𝐩𝐬",
            "ⓒⓐⓛⓜ ⓞⓟⓢ",
            "🅒🅐🅛🅜 🅞🅟🅢",
            "🇨🇦🇱🇲 🇴🇵🇸",
            "Cálm Ops",
            "Calm Ops\u{ad}",
            "C\u{200b}alm Ops",
            "Calm Ops ✓",
            "Calm Ops (system)",
            "The Calm Ops agent",
            "Calrn Ops",
            "Calm.Ops",
            "_Calm_Ops_",
            "Agent",
            "AGENT",
            "the agent",
            "Аgent",
            "Incident agent",
            "Monitor",
            "System",
            "system:",
            "Lοcal",
            "Someone at this machine",
            "Someone on this machine",
            "Account 7",
            "account:7",
            "Account l2",
            "Token 3",
            "The program \"imports\"",
            "Journal",
            "Nobody",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "Ada",
            "Owner One",
            "Owner",
            "Opal Calmette",
            "Agent Smith",
            "Agentha",
            "Systemd Sam",
            "Лев",
            "Monitora",
            "Account Manager",
            "ops",
            "Calm",
            "陽菜",
            "محمد",
            "🙂",
            "Token Ring",
            "Locale",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let other = "Owner One";
        for name in [
            "owner one",
            "OWNER ONE",
            "Owner\u{ad}One",
            "Owner One\u{3164}",
            "Owner One\u{e0041}",
            "Owner\u{61c} One",
            "0wner One",
            "Owner 0ne",
            "owner 0NE",
            "Оwner Оne",
            "Owner\u{2003}One",
            "Owner-One",
            "OwnerOne",
            "Owner One.",
            "Owner One ✓",
            "Ｏwner One",
            "Ownеr One",
            "𝖮𝗐𝗇𝖾𝗋 One",
            "Owner\u{2800}One",
            "Owner One\u{fe0f}",
        ] {
            assert!(is_alike(other, name), "{name}");
        }
        for name in ["Owner Two", "Owner Ones", "Owner", "One Owner", "Öwner One", "Owner Oné"] {
            assert!(!is_alike(other, name), "{name}");
        }
        for (one, two) in [
            ("Ian", "lan"),
            ("Ian", "1an"),
            ("IAN", "lAN"),
            ("ADA", "ada"),
            ("OTTO 0", "otto o"),
            ("Maria", "Мarіa"),
            ("Clara", "CIara"),
            ("Bern", "Bem"),
        ] {
            assert!(is_alike(one, two), "{one} {two}");
        }
        for (one, two) in [
            ("José", "Jose"),
            ("Ian", "Lan"),
            ("Ida", "Lda"),
            ("Иван", "Ivan"),
            ("Ann", "Anne"),
            ("田中", "中田"),
            ("🙂", "🙃"),
            ("Mila", "Milia"),
        ] {
            assert!(!is_alike(one, two), "{one} {two}");
        }
    }

    #[test]
    fn a_word_has_one_script_and_a_name_may_have_several() {
        for name in [
            "Ada Lovelace",
            "Лев Толстой",
            "محمد",
            "हिन्दी",
            "さくら子",
            "タナカ ユウ",
            "김철수",
            "田中 Tanaka",
            "Лев (Leo)",
            "O'Neill",
            "Zoë 2",
            "ελένη",
            "ที่นี่",
            "בְּרֵאשִׁ֖ית",
            "Jean-Luc",
            "東京QA",
            "🙂 Sam",
            "Łódź",
        ] {
            assert!(!mixes_scripts(name), "{name}");
        }
        for name in ["Аda", "Ownеr", "Sаm Smith", "Ρaul", "Ꭺda"] {
            assert!(mixes_scripts(name), "{name}");
        }
    }
}
