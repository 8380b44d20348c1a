//! Keyboard shortcuts: what a pressed key asks for. Single keys can be turned off, and none of them
//! does anything while someone types.

/// Places that `g` and a letter lead to: letter, name, address.
pub(crate) const PLACES: [(&str, &str, &str); 5] = [
    ("h", "Health", "/ops/health"),
    ("i", "Incidents", "/ops/incidents"),
    ("j", "Journal", "/ops/journal"),
    ("p", "Protection", "/ops/protection"),
    ("r", "Runbook", "/ops/runbook"),
];

/// The time after `g` in which a letter still counts, in milliseconds.
#[cfg(any(test, feature = "hydrate"))]
const PAUSE: f64 = 1_500.0;

/// The action of a key.
#[cfg(any(test, feature = "hydrate"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Open the search.
    Search,
    /// List the shortcuts.
    List,
    /// Go to a place.
    Go(&'static str),
}

/// A key that was pressed.
#[cfg(any(test, feature = "hydrate"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Press<'a> {
    /// Its name, as browsers give it.
    pub key: &'a str,
    /// With Ctrl or Cmd.
    pub with_control: bool,
    /// With Alt.
    pub with_alt: bool,
    /// Someone types there, or it is held down.
    pub is_typing: bool,
    /// Milliseconds since any beginning.
    pub at: f64,
}

/// Keys that were pressed so far.
#[cfg(any(test, feature = "hydrate"))]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keys {
    /// The time at which `g` was pressed, if that was the last one.
    after_g: Option<f64>,
}

#[cfg(any(test, feature = "hydrate"))]
impl Keys {
    /// Returns the action of a key; `are_on` says whether single keys do anything.
    pub(crate) fn press(&mut self, press: Press<'_>, are_on: bool) -> Option<Action> {
        let after_g = self.after_g.take().is_some_and(|at| press.at - at <= PAUSE);
        if press.with_alt {
            return None;
        }
        if press.with_control {
            return press.key.eq_ignore_ascii_case("k").then_some(Action::Search);
        }
        if press.is_typing || !are_on {
            return None;
        }
        match press.key {
            "?" => Some(Action::List),
            "g" => {
                self.after_g = Some(press.at);
                None
            }
            key if after_g => {
                let place = PLACES.iter().find(|(letter, _, _)| *letter == key);
                place.map(|(_, _, address)| Action::Go(address))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str, at: f64) -> Press<'_> {
        Press { key, with_control: false, with_alt: false, is_typing: false, at }
    }

    #[test]
    fn g_and_a_letter_lead_to_a_place_if_they_follow_each_other() {
        let mut keys = Keys::default();
        let mut press = |name, at| keys.press(key(name, at), true);
        assert_eq!((press("h", 0.0), press("g", 1.0)), (None, None));
        assert_eq!(press("h", 900.0), Some(Action::Go("/ops/health")));
        assert_eq!(press("h", 901.0), None, "once");
        assert_eq!((press("g", 2_000.0), press("j", 3_501.0)), (None, None), "too late");
        assert_eq!((press("g", 4_000.0), press("x", 4_001.0)), (None, None));
        assert_eq!(press("j", 4_002.0), None, "something else came between");
        assert_eq!((press("g", 5_000.0), press("g", 5_001.0)), (None, None));
        assert_eq!(press("j", 5_002.0), Some(Action::Go("/ops/journal")));
        assert_eq!(press("?", 6_000.0), Some(Action::List));
    }

    #[test]
    fn single_keys_do_nothing_while_someone_types_or_where_they_are_off() {
        for (is_typing, are_on) in [(true, true), (false, false), (true, false)] {
            let mut keys = Keys::default();
            for (at, name) in ["g", "h", "?", "g", "i"].into_iter().enumerate() {
                let press = Press { is_typing, ..key(name, at as f64) };
                assert_eq!(keys.press(press, are_on), None, "{name}");
            }
        }
    }

    #[test]
    fn the_search_opens_everywhere_and_other_combinations_stay_the_browsers() {
        for (name, is_typing, are_on) in [("k", true, false), ("K", false, true)] {
            let press = Press { with_control: true, is_typing, ..key(name, 0.0) };
            assert_eq!(Keys::default().press(press, are_on), Some(Action::Search));
        }
        let mut keys = Keys::default();
        assert_eq!(keys.press(key("g", 0.0), true), None);
        assert_eq!(keys.press(Press { with_control: true, ..key("h", 1.0) }, true), None);
        assert_eq!(keys.press(Press { with_alt: true, ..key("?", 2.0) }, true), None);
        let both = Press { with_control: true, with_alt: true, ..key("k", 3.0) };
        assert_eq!(keys.press(both, true), None);
    }
}
