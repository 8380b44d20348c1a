//! Matching of typed words with texts: by words and their beginnings, whatever the case and the
//! accents.

use std::cmp::Reverse;

/// A text as it is matched: its words in small letters without accents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    words: Vec<String>,
}

impl Folded {
    /// Folds a text.
    pub(crate) fn new(text: &str) -> Self {
        let mut folded = String::with_capacity(text.len());
        for letter in text.chars().flat_map(char::to_lowercase) {
            match plain(letter) {
                Some(plain) => folded.push_str(plain),
                None if letter.is_alphanumeric() => folded.push(letter),
                None => folded.push(' '),
            }
        }
        Self { words: folded.split_whitespace().map(str::to_owned).collect() }
    }

    /// True if there is no word in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn len(&self) -> usize {
        self.words.iter().map(String::len).sum()
    }
}

/// The plain letters of a small letter with an accent; nothing of an accent that stands alone.
const fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{300}'..='\u{36f}' => "",
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ς' => "σ",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        _ => return None,
    })
}

/// The score of a match; more is better. `None` where a word of the query is not in it.
pub(crate) fn score(query: &Folded, text: &Folded) -> Option<u32> {
    let sum: Option<u32> = query.words.iter().map(|term| term_score(term, &text.words)).sum();
    Some(sum? + if is_phrase(&query.words, &text.words) { 50 } else { 0 })
}

/// True if several words stand in a text one after the other; of the last one the beginning is
/// enough.
fn is_phrase(terms: &[String], words: &[String]) -> bool {
    let Some((last, first)) = terms.split_last().filter(|(_, first)| !first.is_empty()) else {
        return false;
    };
    words.windows(terms.len()).any(|run| {
        let end = run.last().is_some_and(|word| word.starts_with(last.as_str()));
        end && run.iter().zip(first).all(|(word, term)| word == term)
    })
}

/// The score of one word of a query in a text.
fn term_score(term: &str, words: &[String]) -> Option<u32> {
    let word_score = |word: &String| match word {
        word if word == term => Some(100),
        word if word.starts_with(term) => Some(80),
        word if word.contains(term) => Some(40),
        word if is_abbreviation(term, word) => Some(10),
        _ => None,
    };
    let best = words.iter().filter_map(word_score).max();
    let initials = || is_of_beginnings(term, words).then_some(30);
    if best.is_some_and(|best| best >= 40) { best } else { initials().or(best) }
}

/// True if a term is a word with letters left out, such as `hlth`.
fn is_abbreviation(term: &str, word: &str) -> bool {
    let mut letters = word.chars();
    let begins = term.chars().next() == word.chars().next();
    begins && term.chars().count() >= 3 && term.chars().all(|one| letters.any(|other| one == other))
}

/// True if a term is put together from the beginnings of words in their order, such as `memus` of
/// "memory used".
fn is_of_beginnings(term: &str, words: &[String]) -> bool {
    let term: Vec<char> = term.chars().collect();
    // Up to where the beginnings of the words so far can reach.
    let mut reached = vec![false; term.len() + 1];
    reached[0] = true;
    for word in words {
        // From the end, so that a word is used once.
        for from in (0..term.len()).rev().filter(|from| reached[*from]).collect::<Vec<_>>() {
            let common =
                term[from..].iter().zip(word.chars()).take_while(|(one, two)| **one == *two);
            for taken in 1..=common.count() {
                reached[from + taken] = true;
            }
        }
    }
    reached[term.len()]
}

/// Positions of the texts that match, the best first; of equally good ones the shorter, then the
/// earlier. Without a query all of them, in their order.
pub(crate) fn ranked<'a>(query: &Folded, texts: impl Iterator<Item = &'a Folded>) -> Vec<usize> {
    let scored = texts.enumerate().filter_map(|(index, text)| {
        let length = if query.is_empty() { 0 } else { text.len() };
        Some((Reverse(score(query, text)?), length, index))
    });
    let mut found: Vec<_> = scored.collect();
    found.sort_unstable();
    found.into_iter().map(|(_, _, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(query: &str, texts: &[&'static str]) -> Vec<&'static str> {
        let folded: Vec<Folded> = texts.iter().map(|text| Folded::new(text)).collect();
        ranked(&Folded::new(query), folded.iter()).into_iter().map(|index| texts[index]).collect()
    }

    #[test]
    fn case_accents_and_signs_do_not_matter() {
        for (query, text) in [
            ("MÜLLER", "muller queue"),
            ("muller", "Mu\u{308}ller"),
            ("strasse", "Straße"),
            ("disk.used", "Disk used (/var)"),
            ("App:Demo@VM", "app demo on vm"),
            ("istanbul", "İstanbul"),
            ("łódź", "Lodz"),
        ] {
            assert!(score(&Folded::new(query), &Folded::new(text)).is_some(), "{query} in {text}");
        }
    }

    #[test]
    fn whole_words_come_before_beginnings_and_those_before_the_middle() {
        let texts = ["Submemory", "Memory used", "Mem", "Disk used", "Much eaten milk"];
        assert_eq!(order("mem", &texts), ["Mem", "Memory used", "Submemory", "Much eaten milk"]);
        assert_eq!(order("used mem", &texts), ["Memory used"]);
        assert_eq!(order("memus", &texts), ["Memory used"]);
        assert_eq!(order("hlth", &["Health", "The last thing"]), ["Health"]);
        assert_eq!(order("xyz", &texts), [""; 0]);
        assert_eq!(order("", &texts), texts);
        assert_eq!(order(" ,. ", &texts), texts);
    }

    #[test]
    fn words_that_follow_each_other_come_first() {
        let texts = ["An app of large memory", "app.memory of the app shop on web-1"];
        assert_eq!(order("app.mem", &texts)[0], texts[1]);
        assert_eq!(order("memory app", &texts)[0], texts[0]);
    }

    #[test]
    fn of_two_that_match_alike_the_shorter_comes_first() {
        assert_eq!(
            order("incident", &["Incident 12: queue depth of imports", "Incident 1"]),
            ["Incident 1", "Incident 12: queue depth of imports"]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_found_by_its_own_words_in_any_case(text in "\\PC{0,40}") {
            let folded = Folded::new(&text);
            for query in [text.clone(), text.to_lowercase()] {
                let found = score(&Folded::new(&query), &folded);
                prop_assert_eq!(found.is_some(), true, "{} in {}", query, text);
            }
        }

        #[test]
        fn another_word_never_finds_more(
            query in "[a-z]{0,4}( [a-z]{1,3})?", word in "[a-z]{1,4}", text in "[a-zäß .]{0,30}",
        ) {
            let text = Folded::new(&text);
            let narrow = score(&Folded::new(&format!("{query} {word}")), &text);
            let wide = score(&Folded::new(&query), &text);
            prop_assert!(narrow.is_none() || wide.is_some());
        }

        #[test]
        fn a_letter_that_is_not_there_is_not_found(text in "[a-y .]{0,30}", at in 0_usize..4) {
            let mut query = "abc".to_owned();
            query.insert(at.min(3), 'z');
            prop_assert_eq!(score(&Folded::new(&query), &Folded::new(&text)), None);
        }

        #[test]
        fn a_longer_beginning_is_never_worse_than_no_match(word in "[a-z]{1,12}", end in 1_usize..12) {
            let beginning = &word[..end.min(word.len())];
            prop_assert!(score(&Folded::new(beginning), &Folded::new(&word)) >= Some(80));
        }
    }
}
