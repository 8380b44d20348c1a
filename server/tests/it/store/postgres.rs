//! The contract on PostgreSQL, with a database for each case.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, stream};
use server::store::Where;
use sqlx::{Connection as _, PgConnection};

use crate::{
    postgres_server::Server,
    store::{
        announced, audit, cases, charts, days, figures, harm, looking, organizations, packed,
        passkeys, past, people, practice, proofs, reports, runs, similar,
        support::{Place, measure},
    },
};

/// The cases that run at the same time, each in a database of its own.
const AT_ONCE: usize = 6;

/// An empty database of its own.
async fn place(server: &Server, name: &str) -> Place {
    Place { at: Where::Postgres { url: server.fresh(name).await }, directory: None }
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let server = Server::start(&["fsync=off", "shared_buffers=16MB", "max_connections=100"]);
    let apart = &server;
    macro_rules! contract {
        ($($module:ident::$case:ident),+ $(,)?) => { vec![
            $( async move { $module::$case(&place(apart, stringify!($case)).await).await }.boxed_local() ),+
        ] };
    }
    // It measures, and nothing else may be at work.
    people::the_time_of_a_failure_tells_nothing(&place(&server, "time").await).await;
    let cases = contract!(
        cases::what_is_written_is_read_back,
        cases::a_refusal_or_a_misfit_leaves_nothing_behind,
        cases::numbers_have_no_gap_under_concurrent_changes,
        cases::the_rows_are_what_the_journal_says,
        cases::the_history_is_filtered_and_paged,
        cases::rollups_join_are_pruned_and_tell_what_is_usual,
        cases::what_is_too_old_is_removed_in_parts_and_bundles_with_it,
        cases::a_second_program_that_serves_is_refused,
        cases::a_newer_schema_stops_with_a_sentence,
        days::the_last_day_is_found_again,
        proofs::what_was_proved_is_found_again,
        announced::what_was_announced_is_found_again,
        announced::a_window_without_its_reason_is_found_again,
        announced::protection_is_found_again_however_old_it_is,
        organizations::plans_are_what_the_journal_tells,
        organizations::entries_about_an_organization_are_found,
        organizations::incidents_are_found_by_whom_they_affected,
        organizations::entries_that_are_older_than_the_tables_are_found,
        packed::packing_changes_nothing_that_is_read,
        packed::what_is_written_as_blocks_is_read_like_rows,
        packed::packing_that_is_cut_off_loses_and_doubles_nothing,
        packed::a_damaged_block_is_named_and_stops_no_other,
        packed::what_is_cut_off_leaves_no_transaction_open,
        past::a_period_is_put_together_in_steps,
        past::the_last_hour_of_each_series_is_told_packed_or_not,
        past::incidents_and_changes_of_a_period_are_found,
        similar::similar_incidents_are_found_by_problem_and_by_word,
        similar::a_redaction_takes_the_words_from_the_search_at_once,
        similar::incidents_of_an_earlier_version_are_found_after_the_start,
        similar::others_write_while_many_incidents_are_filed,
        practice::a_practice_begins_and_ends_once,
        reports::a_weekly_report_is_made_once_when_it_is_due,
        reports::daily_and_monthly_reports_are_made_once_each,
        reports::the_list_of_reports_has_pages,
        reports::a_report_tells_of_objectives_requests_and_near_misses,
        reports::what_a_report_does_not_know_is_told,
        practice::a_practice_yields_to_what_opened_since_it_was_asked_for,
        runs::what_runs_or_may_still_run_is_found,
        runs::what_ran_before_the_database_knew_is_found,
        looking::whoever_only_looks_sees_all_and_changes_nothing,
        harm::the_database_refuses_to_change_the_journal,
        people::an_account_lives_from_its_invitation_to_its_end,
        people::tokens_and_sign_ins_end_at_once_also_for_whoever_reads_on,
        people::share_links_end_with_whoever_made_them,
        people::who_may_do_what_is_proved_and_only_that_is_allowed,
        people::an_old_sign_in_is_asked_again_for_what_matters,
        people::guesses_at_the_same_instant_are_held_up_as_well,
        passkeys::a_passkey_signs_in_and_nothing_like_it_does,
        passkeys::a_passkey_is_removed_and_is_only_ever_ones_own,
        audit::the_trail_is_filtered_and_paged,
        audit::a_group_of_kinds_is_found_with_whatever_else_narrows,
        figures::what_figures_are_made_of_fits_the_filter,
        charts::times_to_recover_are_found_for_many_incidents_at_once,
        charts::incidents_that_were_active_at_a_time_are_found,
        charts::it_is_found_when_an_incident_became_critical,
        charts::times_without_observations_say_how_far_they_reach,
        charts::probes_and_maintenance_are_found_for_uptime,
        charts::a_search_is_drawn_in_whole_days_with_what_went_on,
        audit::an_export_proves_what_the_database_holds,
        audit::a_redaction_takes_the_words_everywhere_and_the_journal_verifies,
        audit::content_that_vanished_without_a_word_is_named,
        audit::a_share_link_opens_until_its_end_or_until_it_is_ended,
    );
    stream::iter(cases).for_each_concurrent(AT_ONCE, |case| case).await;
    people::a_backup_carries_people_but_no_sign_ins(
        &place(&server, "people_here").await,
        &place(&server, "people_there").await,
    )
    .await;
    people::a_backup_carries_people_but_no_sign_ins(
        &Place::sqlite(),
        &place(&server, "people_moved").await,
    )
    .await;
    for (number, harm) in harm::HARMS.into_iter().enumerate() {
        harm::harm_is_named(&place(&server, &format!("harm_{number}")).await, harm).await;
    }
    let (there, back) = (place(&server, "there").await, Place::sqlite());
    cases::a_backup_moves_from_one_place_to_another(&Place::sqlite(), &there).await;
    cases::a_backup_moves_from_one_place_to_another(&place(&server, "home").await, &back).await;
    // Into a database that has a journal nothing is restored.
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("backup");
    server::backup::backup(&*back.open().await, &file).await.unwrap();
    let refused = server::backup::restore(&file, &there.at, crate::store::support::at(99))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("Restore into an empty database"), "{refused}");

    who_serves_is_checked_in_every_change(&place(&server, "lease").await).await;

    // What is away says so, and what comes back works again.
    let store = there.open().await;
    let home = place(&server, "house").await;
    let (house, owner) = people::House::owned(&home).await;
    let events = vec![crate::store::support::opened(1, "service:a")];
    crate::store::support::write(&*home.open().await, 1, domain::actor::Actor::Agent, events)
        .await
        .unwrap();
    let owner = house.caller(&people::cookie(&owner)).await;
    let incident = domain::id::IncidentNumber(1);
    let read = async || {
        house.service.execute(owner.clone(), commands::reading::GetIncident { incident }).await
    };
    assert_eq!(read().await.unwrap().trouble, None);
    drop(server);
    // Its page opens from memory, for whoever was known, and says so.
    let page = read().await.unwrap();
    assert_eq!(page.incident.number, incident);
    let trouble = page.trouble.unwrap();
    assert!(
        trouble.contains("what Calm Ops remembers") && trouble.contains("can't be reached"),
        "{trouble}"
    );
    let error = store.head().await.unwrap_err();
    assert!(matches!(error, server::store::StoreError::Unavailable { .. }), "{error}");
    let Err(error) = server::store::open(&there.at).await else { panic!("it was opened") };
    assert!(
        error.to_string().contains("can't be reached")
            || error.to_string().contains("does not answer"),
        "{error}"
    );
}

/// Every session is ended, as by a database that is started anew; then another program serves.
async fn who_serves_is_checked_in_every_change(place: &Place) {
    let Where::Postgres { url } = &place.at else {
        panic!("a database of PostgreSQL was expected")
    };
    let store = place.open_alone().await.unwrap();
    let mut other = PgConnection::connect(url).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let started = || vec![domain::journal::Event::Stopped];
    let write = async || {
        crate::store::support::write(&*store, 1, domain::actor::Actor::System, started()).await
    };

    // Nobody else came: it goes on, and nobody else may serve.
    write().await.unwrap();
    assert!(!sqlx::query(end).fetch_all(&mut other).await.unwrap().is_empty());
    write().await.unwrap();
    let Err(refused) = place.open_alone().await else { panic!("two serve") };
    assert!(refused.to_string().starts_with("Another Calm Ops"), "{refused}");

    // It was away for so long that another program took the lease: nothing is written, in no way.
    let taken = "UPDATE lease SET epoch = epoch + 1, until = clock_timestamp() + interval '1 hour'";
    sqlx::query(taken).execute(&mut other).await.unwrap();
    let head = store.head().await.unwrap();
    let number = domain::id::IncidentNumber(1);
    let refusals = [
        write().await.map(drop),
        store.save_monitor(None, crate::store::support::at(1)).await,
        store
            .write_rollups(&[cases::rollup(
                "service:a",
                server::store::RollupStep::Hour,
                crate::store::support::at(0),
                1.0,
            )])
            .await,
        store.prune(crate::store::support::at(1)).await.map(drop),
        store.save_bundle(number, b"bundle").await,
        store.add_bundle(number, b"bundle").await,
        store.seen(&[("token", 1, crate::store::support::at(1))]).await,
    ];
    for refused in refusals {
        let sentence = refused.unwrap_err().to_string();
        assert!(
            sentence.contains("another one has taken over")
                && sentence.contains("Stop one of the two"),
            "{sentence}"
        );
    }
    assert_eq!(store.head().await.unwrap(), head);

    // It went: this one goes on, as a holder of its own.
    let over = "UPDATE lease SET until = clock_timestamp() RETURNING epoch";
    let theirs: i64 = sqlx::query_scalar(over).fetch_one(&mut other).await.unwrap();
    write().await.unwrap();
    let ours: i64 =
        sqlx::query_scalar("SELECT epoch FROM lease").fetch_one(&mut other).await.unwrap();
    assert_eq!(ours, theirs + 1);

    // While a change is on its way nobody can take the lease, not even one that is over.
    let mut change = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT epoch FROM lease FOR SHARE").execute(&mut change).await.unwrap();
    sqlx::raw_sql("SET lock_timeout = '100ms'").execute(&mut other).await.unwrap();
    assert!(sqlx::query(taken).execute(&mut other).await.is_err());
    change.close().await.unwrap();

    // One that ends in good order keeps nobody waiting.
    store.leave().await;
    let began = std::time::Instant::now();
    place.open_alone().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// `cargo nextest run --run-ignored only how_long --no-capture`
#[tokio::test]
#[ignore = "a measurement"]
async fn how_long_a_change_takes_in_postgres() {
    let server = Server::start(&["fsync=on"]);
    measure(&place(&server, "measure").await).await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn how_long_a_look_through_the_journal_takes_in_postgres() {
    let server = Server::start(&["fsync=off"]);
    audit::measure(&place(&server, "measure").await).await;
}
