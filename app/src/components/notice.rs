//! Notices: what can't be seen, or works in a lesser way.

use leptos::prelude::*;

/// The page where a person adds a contact, and how sentences name that place.
const SETTINGS: (&str, &str) = ("/ops/settings/notifications", "Settings");

/// A sentence with a link where it names the settings.
pub(crate) fn linked(sentence: &str) -> AnyView {
    let (address, word) = SETTINGS;
    match sentence.split_once(word).filter(|(before, _)| before.ends_with(" under ")) {
        Some((before, after)) => {
            view! { {before.to_owned()} <a href=address>{word}</a> {after.to_owned()} }.into_any()
        }
        None => sentence.to_owned().into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_contact_is_added_is_a_link_in_a_sentence_that_stays_as_it_is() {
        let html = linked("Nobody is notified. Add one under Settings.").to_html();
        let html = html.replace("<!>", "");
        assert!(html.contains("<a href=\"/ops/settings/notifications\">Settings</a>"), "{html}");
        assert!(!linked("Settings are fine.").to_html().contains("<a"));
    }
}
