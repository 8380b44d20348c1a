//! Notifications, from an entry of the journal to what arrives: over both databases, by a real mail
//! server, and through a restart.

mod access;
mod cases;
mod forms;
mod mail;
mod mailed_reports;
mod messages;
mod people;
mod postgres;
pub mod receiver;
mod registry;
mod restart;
mod safe_mode;
mod support;

use support::Place;

macro_rules! on_sqlite {
    ($($module:ident::$case:ident),+ $(,)?) => { $(
        mod $case {
            #[tokio::test]
            async fn on_sqlite() {
                crate::notifications::$module::$case(&crate::notifications::Place::sqlite()).await;
            }
        }
    )+ };
}

on_sqlite!(
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
    safe_mode::a_product_and_whoever_sleeps_hear_of_it,
    messages::nothing_that_people_do_with_a_message_is_delivered,
    mail::a_letter_comes_over_tls_with_the_same_id_each_time,
    mailed_reports::a_report_is_mailed_once_to_each_member_who_asks,
    mailed_reports::a_report_that_can_not_be_sent_is_given_up_in_the_end,
    mailed_reports::incidents_are_not_behind_reports_of_a_slow_mail_server,
    mailed_reports::who_no_longer_asks_gets_no_report_that_waits,
    mailed_reports::a_report_comes_when_the_mail_server_is_back,
    mailed_reports::what_is_about_an_incident_is_due_before_reports,
);
