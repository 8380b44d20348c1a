//! The same on PostgreSQL, with a database for each case.

use std::time::Duration;

use commands::command::RemoveContact;
use domain::{severity::Severity, time::Span};
use futures::{FutureExt as _, StreamExt as _, stream};
use server::{notifications::Pace, store::Where};
use sqlx::{Connection as _, PgConnection};

use crate::{
    notifications::{
        access, cases, mail, mailed_reports, messages, people,
        receiver::{Answer, Receiver},
        support::{Place, World, ada, ntfy},
    },
    postgres_server::Server,
};

/// The cases that run at the same time.
const AT_ONCE: usize = 7;

/// An empty database of its own.
async fn place(server: &Server, name: &str) -> Place {
    Place {
        at: Where::Postgres { url: server.fresh(name).await },
        directory: tempfile::tempdir().unwrap(),
    }
}

#[tokio::test]
async fn every_case_holds_on_postgres() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB", "max_connections=200"]);
    let server = &server;
    // They wait more than they work, each in a database of its own.
    macro_rules! cases {
        ($($module:ident::$case:ident),+ $(,)?) => { vec![
            $( async move { $module::$case(&place(server, stringify!($case)).await).await }.boxed_local() ),+
        ] };
    }
    let cases = cases!(
        cases::an_incident_reaches_each_way_once,
        cases::what_is_refused_or_not_answered_is_tried_again_and_given_up_in_the_end,
        cases::a_restart_loses_nothing_and_repeats_nothing,
        cases::a_warning_waits_while_it_is_quiet_and_is_dropped_if_it_is_over,
        cases::a_thousand_entries_at_once_call_a_few_times,
        cases::a_redirect_is_not_followed_and_some_addresses_are_never_asked,
        cases::a_critical_incident_is_sent_again_until_someone_acknowledges,
        cases::what_was_given_up_is_sent_when_the_receiver_is_back,
        cases::what_waits_is_due_at_once_after_the_clock_was_set_back,
        people::a_test_goes_to_oneself_only_and_is_not_journalled,
        people::who_removes_a_contact_or_leaves_is_not_called,
        people::nobody_touches_the_contacts_of_others,
        people::a_call_ends_once,
        access::each_change_is_told_by_the_other_contacts,
        access::a_new_password_ends_all_that_was_left_behind_in_one_change,
        access::whoever_sets_and_removes_contacts_again_and_again_floods_nobody,
        messages::nothing_that_people_do_with_a_message_is_delivered,
        mail::a_letter_comes_over_tls_with_the_same_id_each_time,
        mailed_reports::a_report_is_mailed_once_to_each_member_who_asks,
        mailed_reports::a_report_that_can_not_be_sent_is_given_up_in_the_end,
        mailed_reports::incidents_are_not_behind_reports_of_a_slow_mail_server,
        mailed_reports::who_no_longer_asks_gets_no_report_that_waits,
        mailed_reports::a_report_comes_when_the_mail_server_is_back,
        mailed_reports::what_is_about_an_incident_is_due_before_reports,
    );
    stream::iter(cases).for_each_concurrent(AT_ONCE, |case| case).await;
}

/// The people who can be called are known from memory.
#[tokio::test]
async fn while_nothing_can_be_written_everyone_is_told_once() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB"]);
    let phone = Receiver::start().await;
    let soon = |pace: &mut Pace| {
        (pace.prove, pace.escalate_after) = (Duration::from_millis(100), Span::from_millis(600));
    };
    let world = World::paced(&place(&server, "away").await, None, soon).await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    world.settle().await;
    assert!(phone.all().is_empty());
    drop(server);
    phone.answer_next(&[Answer::Status(503)]);
    let told = phone.until(1).await[0].json();
    assert_eq!(told["title"], "Critical: Calm Ops can't write to its database");
    assert!(told["message"].as_str().unwrap().contains("no incident can be opened"), "{told}");
    world.settle().await;
    assert_eq!((phone.accepted().len(), phone.all().len()), (1, 2));
    world.stop().await;
}

/// The list of due calls is read while something is still being sent, and comes back after that was
/// marked as sent.
#[tokio::test]
async fn what_was_sent_while_the_outbox_was_read_is_not_sent_again() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB"]);
    let place = place(&server, "slow_reading").await;
    let phone = Receiver::start().await;
    let world = World::start(&place).await;
    world.contact(&ada(), ntfy(&phone.url)).await;
    world.stop().await;
    // Whoever reads the contacts, as reading the outbox does, sees what was there 300 ms ago. Until
    // then the outbox is looked at again, and the message is on its way for longer than that takes.
    let mut connection = PgConnection::connect(&server.url("slow_reading")).await.unwrap();
    let slow = "ALTER TABLE contact RENAME TO contact_row;
        CREATE VIEW contact AS SELECT * FROM contact_row WHERE pg_sleep(0.3) IS NOT NULL";
    sqlx::raw_sql(slow).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    phone.answer_next(&[Answer::Late(Duration::from_millis(200))]);

    let world = World::start(&place).await;
    world.open(1, Severity::Critical).await;
    assert_eq!(world.until_called(1).await.len(), 1);
    world.settle().await;
    assert_eq!(phone.all().len(), 1);
    world.stop().await;
}

/// Whoever puts a message off holds its row and wants that of its contact; whoever removes a contact
/// holds that one and wants those of its messages.
#[tokio::test]
async fn a_contact_is_removed_while_its_message_is_put_off() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB"]);
    let place = place(&server, "turns").await;
    let phone = Receiver::start().await;
    phone.answer(503);
    let world = World::start(&place).await;
    let contact = world.contact(&ada(), ntfy(&phone.url)).await;
    let mut connection = PgConnection::connect(&server.url("turns")).await.unwrap();
    let slow = "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
        CREATE TRIGGER slowly AFTER UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION slowly()";
    sqlx::raw_sql(slow).execute(&mut connection).await.unwrap();
    world.open(1, Severity::Critical).await;
    while phone.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    world.execute(&ada(), RemoveContact { contact }).await.unwrap();
    assert!(world.cards(&ada()).await.is_empty());
    connection.close().await.unwrap();
    world.stop().await;
}
