//! Messages to customers never leave: with mail, a webhook and ntfy set up, nothing that a person
//! does with a message is delivered by any of them.

use commands::{
    command::{Acknowledge, MarkMessageSent, ReviewMessage, SaveMessage},
    messages::ReadVersion,
    reading::GetMessages,
};
use domain::{
    access::{Principal, Role},
    id::{AccountId, IncidentNumber, SessionId},
    message::{MessageAudience, MessageStage},
    severity::Severity,
};
use server::notifications::Mailer;

use super::{
    mail::Server,
    receiver::{Receiver, Taken},
    support::{Place, World, ada, mail, ntfy, webhook},
};

const INCIDENT: IncidentNumber = IncidentNumber(1);
/// Words that are in the messages and nowhere else.
const WORDS: [&str; 3] = ["hunter2-affected", "hunter2-all", "hunter2-internal"];
const DESTINATION: &str = "hunter2-desk";

fn responder(id: u32) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role: Role::Responder,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

pub async fn nothing_that_people_do_with_a_message_is_delivered(place: &Place) {
    let (server, settings) = Server::ready(place.directory.path());
    let mailer = Mailer::new(&settings).unwrap();
    let receiver = Receiver::start().await;
    let world = World::with(place, Some(mailer)).await;
    for channel in
        [mail("ada@example.com"), webhook(&receiver.url, "calm_ops"), ntfy(&receiver.url)]
    {
        world.contact(&ada(), channel).await;
    }
    world.open(1, Severity::Critical).await;
    // All three are set up and work.
    world.until_called(3).await;
    world.execute(&responder(1), Acknowledge { incident: INCIDENT }).await.unwrap();
    let delivered = |what: &str| {
        let letters = server.letters();
        let taken = [receiver.all(), receiver.notices()].concat();
        let body = |one: &Taken| String::from_utf8_lossy(&one.body).into_owned();
        let posts: Vec<String> = taken.iter().map(body).collect();
        assert!(!letters.is_empty() && posts.len() >= 2, "{what}: {letters:?} {posts:?}");
        (letters.len(), posts.len(), format!("{letters:?} {posts:?}"))
    };
    // What the acknowledgement sends is on its way until nothing more comes for a second.
    let (mut before, mut still) = (None, 0);
    while still < 2 {
        world.settle().await;
        let (letters, posts, _) = delivered("before");
        still = if before == Some((letters, posts)) { still + 1 } else { 0 };
        before = Some((letters, posts));
    }

    for (audience, words) in MessageAudience::ALL.into_iter().zip(WORDS) {
        let (incident, stage, text) = (INCIDENT, MessageStage::First, words.to_owned());
        let save = SaveMessage { incident, audience, stage, replaces: None, text };
        world.execute(&responder(1), save).await.unwrap();
        let page = world.service.execute(responder(1), GetMessages { incident }).await.unwrap();
        let saved = page.to(audience).unwrap().saved.clone().unwrap();
        let read = ReadVersion { number: saved.number, binding: saved.binding };
        let review = ReviewMessage { incident, audience, read };
        world.execute(&responder(2), review).await.unwrap();
        let destination = DESTINATION.to_owned();
        let sent = MarkMessageSent { incident, audience, read, destination };
        world.execute(&responder(1), sent).await.unwrap();
    }
    world.settle().await;
    world.settle().await;
    let (letters_after, posts_after, all) = delivered("after");
    assert_eq!(Some((letters_after, posts_after)), before, "nothing more was delivered");
    for word in WORDS.into_iter().chain([DESTINATION]) {
        assert!(!all.contains(word), "{word} in {all}");
    }
    // The worker goes on: what is for people still goes out, without a word of the messages.
    world.open(2, Severity::Critical).await;
    world.until_called(6).await;
    let (.., all) = delivered("later");
    assert!(!all.contains("hunter2-a") && !all.contains(DESTINATION), "{all}");
    world.stop().await;
}
