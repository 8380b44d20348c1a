//! Prevention steps: a list with the forms that end them, and the form that adds one.

use commands::review::{LONGEST_STEP, StepOwner};
use domain::{
    actor::Names,
    input::LONGEST_TEXT,
    review::{DueDate, PreventionStep},
    text::clip,
};
use leptos::prelude::*;
use wording::{generated::MARK, review};

use super::state::{RefusedReview, State, address};
use crate::{address::percent_encode, components::form::field_text};

/// The longest text of a new issue that goes into an address, in characters.
const LONGEST_BODY: usize = 1_500;

/// Data that a list of steps needs beside them.
#[derive(Clone)]
pub(crate) struct Listed {
    /// The address that takes the forms.
    pub action: String,
    /// Names of people.
    pub names: Names,
    /// The address of an issue tracker, if it is set.
    pub issue_url: Option<String>,
    /// True if an issue says first that the data are generated.
    pub is_generated: bool,
    /// True if the reader may write.
    pub may_write: bool,
    /// The form that was refused.
    pub refused: Option<RefusedReview>,
}

/// A step, and how far it is in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    step: PreventionStep,
    state: String,
}

impl Row {
    /// The key of a row: whatever is told of a step, and its words go when they are removed.
    pub(crate) fn key(&self) -> (u64, String) {
        (self.step.number, self.state.clone())
    }
}

/// The rows of a list.
pub(crate) fn rows(steps: &[PreventionStep], names: &Names) -> Vec<Row> {
    let row =
        |step: &PreventionStep| Row { step: step.clone(), state: review::step_state(step, names) };
    steps.iter().map(row).collect()
}

/// The steps on the page of the review.
#[component]
pub(super) fn OfReview(state: State) -> impl IntoView {
    let steps = Memo::new(move |_| state.page.with(|page| rows(&page.steps, &page.names)));
    let page = state.page.with_untracked(Clone::clone);
    let today = DueDate::of(page.checked_at);
    let listed = Listed {
        action: address(state.number()),
        names: page.names,
        issue_url: page.issue_url,
        is_generated: page.is_generated,
        may_write: page.may_write,
        refused: state.refused.get_value(),
    };
    let add = page.may_write.then(|| add(&listed, &page.owners, today));
    let row = StoredValue::new(listed);
    let none = move || {
        steps.with(Vec::is_empty).then(|| view! {
        <p class="quiet">"No steps yet. A step has an owner and a day, or the reason why it will not be done."</p>
    })
    };
    view! {
        <section id="prevention" aria-labelledby="steps">
            <h2 id="steps">"Prevention steps"</h2>
            {none}
            <ul class="steps">
                <For each=move || steps.get() key=Row::key let:step>
                    {row.with_value(|listed| item(listed, &step, false))}
                </For>
            </ul>
            {add}
        </section>
    }
}

/// A step, and the forms that end it. `is_of_many` is true in a list of several incidents.
pub(crate) fn item(listed: &Listed, row: &Row, is_of_many: bool) -> AnyView {
    let Row { step, state } = row;
    let incident = is_of_many.then(|| {
        let number = step.incident.0;
        view! { " " <a href=format!("{}#prevention", address(number))>"Incident " {number}</a> }
    });
    let issue = listed.issue_url.as_ref().filter(|_| step.is_open()).map(|template| {
        let body = issue_body(step, &listed.names, listed.is_generated);
        let href = issue_address(template, &step.text, &body);
        view! { " " <a href=href rel="external noopener noreferrer">"Open an issue"</a> }
    });
    let forms = (listed.may_write && step.is_open()).then(|| {
        view! {
            {ending(listed, step, "done", "Done", "evidence", "What shows it")}
            {ending(listed, step, "drop", "Will not be done", "reason", "Reason")}
        }
    });
    view! {
        <li id=format!("step-{}", step.number)>
            <p><strong>{step.text.clone()}</strong> {incident}</p>
            <p class="quiet">{state.clone()} {issue}</p>
            {forms}
        </li>
    }
    .into_any()
}

/// The text of a new issue.
fn issue_body(step: &PreventionStep, names: &Names, is_generated: bool) -> String {
    let body = review::issue_body(step, names);
    let body = if is_generated { format!("{MARK}\n\n{body}") } else { body };
    clip(&body, LONGEST_BODY)
}

/// The address of a new issue: an issue tracker fills its form with title and text.
fn issue_address(template: &str, title: &str, body: &str) -> String {
    let (title, body) = (percent_encode(title), percent_encode(body));
    // What is filled in holds no brace: it is percent-encoded.
    template.replace("{title}", &title).replace("{body}", &body)
}

fn ending(
    listed: &Listed,
    step: &PreventionStep,
    what: &'static str,
    word: &'static str,
    field: &'static str,
    label: &'static str,
) -> AnyView {
    let refused =
        listed.refused.as_ref().filter(|refused| refused.is_form(what, Some(step.number)));
    let text = refused.map(|refused| refused.field(field).to_owned()).unwrap_or_default();
    let id = format!("{field}-{}", step.number);
    view! {
        <details class="fold" open=refused.is_some()>
            <summary>{word}</summary>
            <form method="post" action=listed.action.clone()>
                <input type="hidden" name="what" value=what/>
                <input type="hidden" name="incident" value=step.incident.0/>
                <input type="hidden" name="step" value=step.number/>
                <div>
                    <label for=id.clone()>{label}</label>
                    <textarea id=id name=field rows="2" maxlength=LONGEST_TEXT required>{field_text(&text)}</textarea>
                </div>
                <p><button class="button" type="submit">{word}</button></p>
            </form>
        </details>
    }
    .into_any()
}

/// The form that adds a step.
fn add(listed: &Listed, owners: &[StepOwner], today: DueDate) -> AnyView {
    let refused = listed.refused.as_ref().filter(|refused| refused.is_form("add", None));
    let typed = |name: &str| refused.map(|one| one.field(name).to_owned()).unwrap_or_default();
    let chosen = typed("owner");
    let options = owners.iter().map(|one| {
        let value = one.account.0.to_string();
        let is_chosen = value == chosen;
        view! { <option value=value selected=is_chosen>{one.name.clone()}</option> }
    });
    let is_drop = typed("plan") == "drop";
    view! {
        <details class="fold" open=refused.is_some()>
            <summary>"Add a step"</summary>
            <form method="post" action=listed.action.clone()>
                <input type="hidden" name="what" value="add"/>
                <div>
                    <label for="step-text">"What to do"</label>
                    <input id="step-text" name="text" type="text" maxlength=LONGEST_STEP required value=typed("text")/>
                </div>
                <fieldset>
                    <legend>"What becomes of it"</legend>
                    <label><input type="radio" name="plan" value="do" checked=!is_drop/> " It will be done"</label>
                    <div>
                        <label for="step-owner">"Owner"</label>
                        <select id="step-owner" name="owner">{options.collect_view()}</select>
                    </div>
                    <div>
                        <label for="step-due">"Day"</label>
                        <input id="step-due" name="due" type="date" min=today.to_string() value=typed("due")/>
                    </div>
                    <label><input type="radio" name="plan" value="drop" checked=is_drop/> " It will not be done"</label>
                    <div>
                        <label for="step-reason">"Reason"</label>
                        <textarea id="step-reason" name="reason" rows="2" maxlength=LONGEST_TEXT>{field_text(&typed("reason"))}</textarea>
                    </div>
                </fieldset>
                <p><button class="button" type="submit">"Add"</button></p>
            </form>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::Actor,
        id::{AccountId, IncidentNumber},
        review::StepState,
        time::Timestamp,
    };

    use super::*;

    #[test]
    fn the_address_of_an_issue_holds_nothing_but_its_fields() {
        let due = "2026-12-04".parse().unwrap();
        let step = PreventionStep {
            number: 9,
            incident: IncidentNumber(7),
            added_at: Timestamp::default(),
            added_by: Actor::Local,
            text: "Alert & \"{body}\" at 80%".into(),
            state: StepState::Open { owner: AccountId(1), due },
        };
        let template = "https://git.example.com/new?title={title}&body={body}";
        let names = Names::default();
        let address = issue_address(template, &step.text, &issue_body(&step, &names, false));
        let rest = address
            .strip_prefix("https://git.example.com/new?title=Alert%20%26%20%22%7Bbody%7D%22%20at%2080%25&body=Alert%20")
            .expect(&address);
        assert!(rest.contains("Prevention%20step%209%20of%20incident%207."), "{address}");
        assert!(!rest.contains(['&', '{', '"', ' ', '\n']), "{address}");
        // The mark of generated data is part of what is bounded.
        let long = PreventionStep { text: "x".repeat(2 * LONGEST_BODY), ..step };
        let [marked, plain] = [true, false].map(|marked| issue_body(&long, &names, marked));
        assert!(marked.starts_with(MARK), "{marked}");
        assert_eq!(marked.chars().count(), plain.chars().count());
    }
}
