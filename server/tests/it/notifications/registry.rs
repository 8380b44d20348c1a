//! The form of every channel in the list, on the page and as it is posted.

use commands::notifications::ChannelInfo;
use server::notifications::channels;

use crate::program::{Home, Running};

/// Posts the form of a channel with the examples of its fields.
fn post(program: &Running, info: &ChannelInfo) -> (u16, String) {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("what", "contact").append_pair("fields[kind]", info.kind);
    form.append_pair("fields[label]", info.default_label);
    form.append_pair("fields[least]", "critical");
    for field in info.fields {
        form.append_pair(&format!("fields[{}]", field.name), field.example);
    }
    let headers = format!(
        "content-type: application/x-www-form-urlencoded\r\naccept: text/html\r\ncookie: {}\r\n",
        program.cookie
    );
    let answer =
        program.request("POST", "/api/pages/change-settings", &headers, &form.finish()).unwrap();
    (answer.status, answer.body)
}

#[test]
fn the_form_of_every_channel_is_shown_and_adds_a_contact() {
    let home = Home::new();
    let program = home.start();
    let page = program.get("/ops/settings/notifications").body.replace("<!>", "");
    let described = program.get("/api/openapi.json").json();
    let described = described["components"]["schemas"]["Channel"]["oneOf"].clone();
    for (place, info) in channels::all().enumerate() {
        let kind = info.kind;
        let form = page.split(&format!("name=\"fields[kind]\" value=\"{kind}\"")).nth(1).unwrap();
        let form = form.split("</form>").next().unwrap();
        assert!(page.contains(&format!("<summary>{}</summary>", info.summary)), "{kind}");
        for field in info.fields {
            assert!(form.contains(&format!("for=\"{kind}-{}\"", field.name)), "{form}");
            assert!(form.contains(&format!("name=\"fields[{}]\"", field.name)), "{form}");
            for choice in field.input.choices() {
                assert!(form.contains(&format!("value=\"{}\"", choice.value)), "{form}");
            }
        }
        let properties = &described[place]["properties"];
        assert_eq!(properties["kind"]["enum"], serde_json::json!([kind]));
        assert!(info.fields.iter().all(|field| properties[field.name].is_object()), "{properties}");

        let (status, body) = post(&program, info);
        assert!(status == 200 && body.contains("Contact added."), "{kind}: {body}");
        let contacts = program.get("/api/people/contacts").json();
        assert_eq!(contacts["contacts"][place]["kind"], kind);
        assert_eq!(contacts["contacts"][place]["label"], info.default_label);
    }
}
