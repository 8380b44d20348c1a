//! The value that is chosen on a chart by pointer or keyboard, and the selection to zoom to. Pure.

/// A selection must be at least this part of the width: less is a press that moved a little.
const LEAST: f64 = 0.015;
/// Number of values that a large step goes over.
const PAGE: usize = 20;

/// A key that a chart knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Some values earlier.
    Back(usize),
    /// Some values later.
    Forward(usize),
    /// The first value.
    First,
    /// The last value.
    Last,
    /// Zoom to the selection.
    Enter,
    /// No selection, or no value.
    Escape,
}

impl Key {
    /// The key of a name; `None` for one that a chart does not know.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ArrowLeft" | "ArrowDown" => Self::Back(1),
            "ArrowRight" | "ArrowUp" => Self::Forward(1),
            "PageDown" => Self::Back(PAGE),
            "PageUp" => Self::Forward(PAGE),
            "Home" => Self::First,
            "End" => Self::Last,
            "Enter" => Self::Enter,
            "Escape" => Self::Escape,
            _ => return None,
        })
    }
}

/// An action of the reader; places are parts of the width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Input {
    /// The pointer is here.
    Point(f64),
    /// A selection begins here.
    Press(f64),
    /// The pointer is released.
    Release,
    /// The pointer or the focus is gone.
    Leave,
    /// A key; with shift it selects.
    Typed(Key, bool),
}

/// The chosen value and the selection; places are parts of the width.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pointer {
    /// Place of the chosen value.
    pub at: Option<f64>,
    /// Place where a selection began.
    pub anchor: Option<f64>,
}

impl Pointer {
    /// The selection, from left to right.
    pub fn selection(self) -> Option<(f64, f64)> {
        let (one, other) = (self.anchor?, self.at?);
        Some((one.min(other), one.max(other)))
    }

    /// Takes an input, and returns the selection to zoom to if that was asked. `places` are those
    /// of the values, from left to right.
    pub fn after(self, input: Input, places: &[f64]) -> (Self, Option<(f64, f64)>) {
        let inside = |at: f64| if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 };
        match input {
            Input::Point(at) => (Self { at: Some(inside(at)), ..self }, None),
            Input::Press(at) => (Self { at: Some(inside(at)), anchor: Some(inside(at)) }, None),
            Input::Release | Input::Typed(Key::Enter, _) => {
                let zoom = self.selection().filter(|(from, to)| to - from >= LEAST);
                (Self { anchor: None, ..self }, zoom)
            }
            Input::Leave => (Self::default(), None),
            Input::Typed(Key::Escape, _) => {
                let at = self.anchor.and(self.at);
                (Self { at, anchor: None }, None)
            }
            Input::Typed(key, selects) => {
                let Some(last) = places.len().checked_sub(1) else { return (self, None) };
                let here = self.at.and_then(|at| nearest(places, at));
                let next = match key {
                    Key::Back(count) => here.map_or(last, |here| here.saturating_sub(count)),
                    Key::Forward(count) => here.map_or(last, |here| (here + count).min(last)),
                    Key::First => 0,
                    Key::Last | Key::Enter | Key::Escape => last,
                };
                let at = places.get(next).copied();
                let anchor = if selects { self.anchor.or(self.at).or(at) } else { None };
                (Self { at, anchor }, None)
            }
        }
    }
}

/// The place in a list that is nearest to another one; the list is in order.
pub(super) fn nearest(places: &[f64], at: f64) -> Option<usize> {
    let after = places.partition_point(|place| *place < at);
    let before = after.checked_sub(1);
    match (before, places.get(after)) {
        (None, None) => None,
        (Some(before), None) => Some(before),
        (None, Some(_)) => Some(after),
        (Some(before), Some(next)) => {
            Some(if at - places[before] <= next - at { before } else { after })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

    fn after(inputs: &[Input]) -> (Pointer, Option<(f64, f64)>) {
        inputs
            .iter()
            .fold((Pointer::default(), None), |(pointer, _), input| pointer.after(*input, &PLACES))
    }

    fn key(name: &str) -> Input {
        Input::Typed(Key::of(name).unwrap(), false)
    }

    fn with_shift(name: &str) -> Input {
        Input::Typed(Key::of(name).unwrap(), true)
    }

    #[test]
    fn arrows_go_from_value_to_value_and_stay_on_the_chart() {
        let at = |inputs: &[Input]| after(inputs).0.at;
        assert_eq!(at(&[key("ArrowLeft")]), Some(1.0), "the newest comes first");
        assert_eq!(at(&[key("ArrowLeft"), key("ArrowLeft")]), Some(0.75));
        assert_eq!(at(&[Input::Point(0.3), key("ArrowRight")]), Some(0.5));
        assert_eq!(at(&[key("Home"), key("ArrowLeft")]), Some(0.0));
        assert_eq!(at(&[key("End"), key("PageUp")]), Some(1.0));
        assert_eq!(at(&[key("End"), key("PageDown")]), Some(0.0));
        assert_eq!(Key::of("a"), None);
        assert_eq!(Pointer::default().after(key("ArrowLeft"), &[]), (Pointer::default(), None));
    }

    #[test]
    fn dragging_zooms_whichever_way_and_escape_cancels() {
        let zoom = |inputs: &[Input]| after(inputs).1;
        assert_eq!(
            zoom(&[Input::Press(0.75), Input::Point(0.25), Input::Release]),
            Some((0.25, 0.75))
        );
        assert_eq!(zoom(&[Input::Press(0.5), Input::Point(0.51), Input::Release]), None);
        let cancelled =
            after(&[Input::Press(0.75), Input::Point(0.25), key("Escape"), Input::Release]);
        assert_eq!(cancelled, (Pointer { at: Some(0.25), anchor: None }, None));
        assert_eq!(
            zoom(&[Input::Press(0.1), Input::Point(0.9), Input::Leave, Input::Release]),
            None
        );
        assert_eq!(after(&[Input::Point(7.0)]).0.at, Some(1.0));
        assert_eq!(after(&[Input::Press(f64::NAN)]).0.at, Some(0.0));
    }

    #[test]
    fn the_keyboard_selects_with_shift_and_zooms_with_enter() {
        let inputs = [key("Home"), with_shift("ArrowRight"), with_shift("ArrowRight")];
        assert_eq!(after(&inputs).0.selection(), Some((0.0, 0.5)));
        assert_eq!(after(&[&inputs[..], &[key("Enter")]].concat()).1, Some((0.0, 0.5)));
        assert_eq!(after(&[&inputs[..], &[key("ArrowLeft")]].concat()).0.selection(), None);
        assert_eq!(after(&[key("Enter")]), (Pointer::default(), None));
        assert_eq!(after(&[key("Home"), key("Escape")]).0.at, None);
    }

    #[test]
    fn the_nearest_value_is_found() {
        let found: Vec<_> =
            [-1.0, 0.1, 0.13, 0.5, 2.0].map(|at| nearest(&PLACES, at).unwrap()).to_vec();
        assert_eq!(found, [0, 0, 1, 2, 4]);
        assert_eq!(nearest(&[], 0.5), None);
    }
}
