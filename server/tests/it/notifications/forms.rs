//! Notifications, as the settings show and change them, without script.

use crate::{
    notifications::receiver::{Answer as Told, Receiver},
    program::{Answer, Home, Running},
};

const PAGE: &str = "/ops/settings/notifications";
const TOPIC: &str = "calm-ops-8f3k2";
const TOKEN: &str = "tk_of_the_topic";

fn send(program: &Running, fields: &str) -> Answer {
    let headers = format!(
        "content-type: application/x-www-form-urlencoded\r\naccept: text/html\r\ncookie: {}\r\n",
        program.cookie
    );
    program.request("POST", "/api/pages/change-settings", &headers, fields).unwrap()
}

fn said(answer: &Answer) -> String {
    let inside = answer
        .body
        .split("class=\"said ")
        .nth(1)
        .unwrap_or_else(|| panic!("nothing is said in {answer:?}"));
    inside.split_once('>').unwrap().1.split('<').next().unwrap().replace("&#x27;", "'")
}

fn phone(server: &str, topic: &str) -> String {
    let server = server.replace(':', "%3A").replace('/', "%2F");
    format!(
        "what=contact&fields[kind]=ntfy&fields[server]={server}&fields[topic]={topic}&fields[token]={TOKEN}&fields[label]=My+phone&fields[least]=warning&fields[from]=22%3A00&fields[to]=07%3A00&fields[zone]=Europe%2FBerlin"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_added_tried_changed_and_removed_by_forms() {
    let receiver = Receiver::start().await;
    // With its port, so that what failed is told.
    let inside = receiver.url.strip_prefix("http://").unwrap().to_owned();
    let home = Home { inside, ..Home::new() };
    let program = home.start();
    let page = program.get(PAGE).body;
    assert!(
        page.contains("You have no notifications yet")
            && page.contains("Add a phone (ntfy)")
            && page.contains("public_url"),
        "{page}"
    );

    // Added with a test at once; what lets someone in is not shown again.
    let answer = send(&program, &phone(&receiver.url, TOPIC));
    let place = receiver.url.strip_prefix("http://").unwrap();
    assert_eq!(
        (answer.status, said(&answer)),
        (200, format!("Contact added. A test was sent to {place}. Check whether it arrived."))
    );
    let taken = receiver.until(1).await.remove(0);
    assert_eq!(
        (taken.json()["topic"].as_str(), taken.header("authorization")),
        (Some(TOPIC), &*format!("Bearer {TOKEN}"))
    );
    for page in [&answer.body, &program.get(PAGE).body, &program.get("/api/people/contacts").body] {
        assert!(!page.contains(TOPIC) && !page.contains(TOKEN), "{page}");
        assert!(
            page.contains("My phone") && page.contains("22:00") && page.contains("Europe/Berlin"),
            "{page}"
        );
    }
    let id = program.get("/api/people/contacts").json()["contacts"][0]["id"].as_u64().unwrap();

    // What is in the way is said on the page.
    receiver.answer_next(&[Told::Status(403)]);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let answer = send(&program, &format!("what=test-contact&id={id}"));
    assert_eq!(
        said(&answer),
        format!(
            "The test could not be sent to {place}. The server rejected it (status 403). Check the token and the address."
        )
    );
    let again = send(&program, &format!("what=test-contact&id={id}"));
    assert_eq!(again.status, 429, "not as often as one can press");

    // Changed: where it leads stays, and without the tick it is off.
    let answer = send(
        &program,
        &format!(
            "what=contact&id={id}&fields[label]=Night&fields[least]=critical&fields[from]=&fields[to]=&fields[zone]=Europe%2FBerlin"
        ),
    );
    assert_eq!(answer.status, 303);
    let card = program.get("/api/people/contacts").json()["contacts"][0].clone();
    assert_eq!(
        (card["label"].as_str(), card["enabled"].as_bool(), card["least"].as_str()),
        (Some("Night"), Some(false), Some("critical"))
    );
    assert!(card["quiet"].is_null() && card["place"] == place, "{card}");

    assert_eq!(send(&program, &format!("what=remove-contact&id={id}")).status, 303);
    assert!(
        program
            .get("/ops/settings/notifications?done=remove-contact")
            .body
            .contains("no longer receives notifications")
    );
    assert_eq!(send(&program, &format!("what=remove-contact&id={id}")).status, 404);
}

#[test]
fn what_is_wrong_is_named_and_nothing_that_was_typed_is_lost() {
    let home = Home::new();
    let program = home.start();
    for (form, expected) in [
        (phone("https://ntfy.sh", "two words"), "The topic must be 1 to 64 letters, digits, '-' and '_', such as 'calm-ops-8f3k'."),
        (phone("ftp://ntfy.sh", TOPIC), "The server can't be used: only http and https can be probed."),
        (
            phone("https://ntfy.sh", TOPIC).replace("[to]=07%3A00", "[to]="),
            "The quiet hours need a start and an end; leave both empty for none.",
        ),
        (
            phone("https://ntfy.sh", TOPIC).replace("Europe%2FBerlin", "Europe%2FNowhere"),
            "The time zone 'Europe/Nowhere' is unknown; enter one such as 'Europe/Berlin' or '+02:00'.",
        ),
        (
            phone("https://ntfy.sh", TOPIC).replace("[zone]=Europe%2FBerlin", "[zone]="),
            "The time zone is missing; enter one such as 'Europe/Berlin' or '+02:00'.",
        ),
        (
            "what=contact&fields[kind]=webhook&fields[url]=https%3A%2F%2Fhooks.example%2Fx&fields[form]=chat&fields[secret]=short&fields[label]=Room&fields[least]=critical".to_owned(),
            "The secret must be at least 16 characters that nobody can guess.",
        ),
        (
            "what=contact&fields[kind]=mail&fields[address]=nobody&fields[label]=Mail&fields[least]=critical".to_owned(),
            "The address must be one e-mail address, such as 'ada@example.com'.",
        ),
        ("what=contact&fields[kind]=pigeon&fields[label]=x&fields[least]=critical".to_owned(), "The form is not valid; reload the page and try again."),
    ] {
        let answer = send(&program, &form);
        assert_eq!((answer.status, said(&answer)), (422, format!("{expected} Nothing was changed.")), "{form}");
        if !form.contains("pigeon") {
            let label = form.split("[label]=").nth(1).unwrap().split('&').next().unwrap().replace('+', " ");
            assert!(
                answer.body.contains(&format!("value=\"{label}\"")) && answer.body.contains("<details open class=\"add\""),
                "{}",
                answer.body
            );
            assert!(!answer.body.contains(TOKEN), "but not a secret");
        }
    }
    assert_eq!(program.get("/api/people/contacts").json()["contacts"].as_array().unwrap().len(), 0);
}

#[test]
fn an_e_mail_address_asks_for_reports_by_ticks_and_no_other_way_does() {
    let home = Home::new();
    let program = home.start();
    let page = program.get(PAGE).body;
    let form = |kind: &str| {
        let form = page.split(&format!("name=\"fields[kind]\" value=\"{kind}\"")).nth(1).unwrap();
        form.split("</form>").next().unwrap().to_owned()
    };
    assert!(form("mail").contains("Send me the weekly stability summary"), "{page}");
    assert!(!form("ntfy").contains("stability summary"), "{page}");

    let fields = "fields[label]=Mail&fields[least]=critical";
    let address = "fields[kind]=mail&fields[address]=ada%40example.com";
    let ticks = "fields[weekly]=yes&fields[monthly]=yes";
    // Sending the test fails, as there is no server for mail; the contact is there.
    send(&program, &format!("what=contact&{address}&{fields}&{ticks}"));
    let contact = || program.get("/api/people/contacts").json()["contacts"][0].clone();
    assert_eq!(contact()["reports"], serde_json::json!(["weekly", "monthly"]));
    let page = program.get(PAGE).body.replace("<!>", "");
    assert!(page.contains("Gets the weekly and monthly stability summary."), "{page}");

    let id = contact()["id"].as_u64().unwrap();
    let change = |more: &str| {
        send(&program, &format!("what=contact&id={id}&fields[enabled]=yes&{fields}{more}"))
    };
    change("&fields[daily]=yes");
    assert_eq!(contact()["reports"], serde_json::json!(["daily"]));
    change("");
    assert_eq!(contact()["reports"], serde_json::json!([]));
    assert!(!program.get(PAGE).body.contains("Gets the "));
    let body = r#"{"label":"Phone","way":{"kind":"ntfy","server":"https://ntfy.sh","topic":"calm-ops-8f3k"},"least":"warning","enabled":true,"reports":["weekly"]}"#;
    let refused = program.post("/api/people/contacts", body);
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("only e-mail takes stability reports"), "{refused:?}");
}
