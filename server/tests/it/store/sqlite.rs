//! The contract on SQLite, and what a file alone can suffer.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use domain::{actor::Actor, id::IncidentNumber, journal::Event};
use server::store::{
    SqliteStore, Store as _, StoreError, Where,
    disk_reserve::{Looked, Reserve},
    verify::verify,
};
use sqlx::{Connection as _, SqliteConnection};

use crate::store::{
    announced, audit, cases, charts, days, figures, harm, looking, organizations, packed, passkeys,
    past, people, practice, proofs, reports, runs, similar,
    support::{Place, at, fill, write},
};

macro_rules! contract {
    ($($module:ident::$case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                $module::$case(&Place::sqlite()).await;
            }
        )+
    };
}

contract!(
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
    people::the_time_of_a_failure_tells_nothing,
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
    audit::a_line_without_end_is_refused_before_it_is_held,
    audit::a_redaction_takes_the_words_everywhere_and_the_journal_verifies,
    audit::content_that_vanished_without_a_word_is_named,
    audit::a_share_link_opens_until_its_end_or_until_it_is_ended,
);

#[tokio::test]
async fn a_backup_carries_people() {
    people::a_backup_carries_people_but_no_sign_ins(&Place::sqlite(), &Place::sqlite()).await;
}

#[tokio::test]
async fn every_harm_is_named() {
    for harm in harm::HARMS {
        harm::harm_is_named(&Place::sqlite(), harm).await;
    }
}

#[tokio::test]
async fn a_backup_moves_to_another_file() {
    cases::a_backup_moves_from_one_place_to_another(&Place::sqlite(), &Place::sqlite()).await;
}

#[tokio::test]
async fn a_restore_keeps_the_file_that_was_there_and_waits_for_the_server_to_stop() {
    let place = Place::sqlite();
    let backup = place.directory.as_ref().unwrap().path().join("backup");
    let store = SqliteStore::open_alone(&place.path()).await.unwrap();
    fill(&store).await;
    let head = server::backup::backup(&store, &backup).await.unwrap();
    write(
        &store,
        9,
        Actor::Local,
        vec![Event::Commented { incident: IncidentNumber(1), text: "later".into() }],
    )
    .await
    .unwrap();
    let refused =
        server::backup::restore(&backup, &place.at, at(60)).await.unwrap_err().to_string();
    assert!(refused.starts_with("Another Calm Ops") && refused.contains("Stop it"), "{refused}");
    store.close().await;
    drop(store);
    let restored = server::backup::restore(&backup, &place.at, at(60)).await.unwrap();
    let kept = SqliteStore::open(&restored.kept.unwrap()).await.unwrap();
    assert_eq!(kept.head().await.unwrap().1.number, 9);
    let store = SqliteStore::open_alone(&place.path()).await.unwrap();
    assert_eq!(verify(&store, Some(head)).await.unwrap().head.number, 9);
    assert_eq!(store.entries(8, 1).await.unwrap()[0].event, Some(Event::Restored { number: 8 }));
}

#[tokio::test]
async fn a_file_that_another_program_locks_gives_a_sentence_and_then_works_again() {
    let place = Place::sqlite();
    let store = place.open().await;
    fill(&*store).await;
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", place.path().display())).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let began = Instant::now();
    let event = Event::Commented { incident: IncidentNumber(1), text: "x".into() };
    let error = write(&*store, 9, Actor::Local, vec![event.clone()]).await.unwrap_err();
    assert!(error.to_string().contains("locked by another program"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(store.entries(0, 99).await.unwrap().len(), 8, "readers go on");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    write(&*store, 9, Actor::Local, vec![event]).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_can_not_be_used_gives_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/calm-ops.db");
    let Err(error) = server::store::open_to_serve(&Where::Sqlite { path }).await else {
        panic!("it was opened")
    };
    assert!(
        error.to_string().contains("can't be used") && error.to_string().contains("--data-dir"),
        "{error}"
    );
    // /proc takes no files, whoever asks.
    for path in ["/proc/calm-ops.db", "/"] {
        let Err(error) = server::store::open(&Where::Sqlite { path: path.into() }).await else {
            panic!("it was opened")
        };
        assert!(error.to_string().contains("can't be opened"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_a_database_gives_a_sentence() {
    let place = Place::sqlite();
    std::fs::write(
        place.path(),
        "not a database at all, and long enough to have a header of one hundred bytes or more. "
            .repeat(9),
    )
    .unwrap();
    let Err(error) = server::store::open(&place.at).await else { panic!("it was opened") };
    assert!(error.to_string().contains("damaged or is not a database"), "{error}");
}

/// A small file system of its own, unmounted at the end.
struct Tmpfs<'a>(&'a Path);

impl<'a> Tmpfs<'a> {
    fn mount(at: &'a Path, options: &str) -> Option<Self> {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).status();
        done.is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_gives_a_sentence_loses_nothing_and_works_again() {
    let directory = tempfile::tempdir().unwrap();
    let Some(_mounted) = Tmpfs::mount(directory.path(), "size=2m") else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let ballast = directory.path().join("ballast");
    let store = SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap();
    fill(&store).await;
    std::fs::write(&ballast, vec![0; 300_000]).unwrap();
    let event = || Event::Commented { incident: IncidentNumber(1), text: "x".repeat(4_000) };
    let mut answered = 8;
    let error = loop {
        match write(&store, 9, Actor::Local, vec![event()]).await {
            Ok(entries) => answered = entries[0].number,
            Err(error) => break error,
        }
        assert!(answered < 1_000, "the disk never was full");
    };
    assert!(
        matches!(error, StoreError::Unavailable { .. }) && error.to_string().contains("is full"),
        "{error}"
    );
    assert_eq!(store.head().await.unwrap().1.number, answered);
    verify(&store, None).await.unwrap();
    std::fs::remove_file(&ballast).unwrap();
    write(&store, 9, Actor::Local, vec![event()]).await.unwrap();
    assert_eq!(verify(&store, None).await.unwrap().head.number, answered + 1);
}

#[tokio::test]
async fn a_write_that_waits_behind_another_one_is_told_that_the_file_is_locked() {
    let place = Place::sqlite();
    let store = SqliteStore::open(&place.path()).await.unwrap();
    fill(&store).await;
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", place.path().display())).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let event = Event::Commented { incident: IncidentNumber(1), text: "x".to_owned() };
    let began = Instant::now();
    let (pruned, written) = tokio::join!(
        async { (store.prune(at(0)).await.unwrap_err().to_string(), began.elapsed()) },
        async {
            (
                write(&store, 9, Actor::Local, vec![event]).await.unwrap_err().to_string(),
                began.elapsed(),
            )
        },
    );
    println!("pruned {pruned:?} written {written:?}");
    for (sentence, took) in [pruned, written] {
        assert!(sentence.contains("locked by another program"), "{sentence}");
        assert!(took < Duration::from_secs(6), "{took:?}");
    }
}

#[tokio::test]
async fn a_file_gets_smaller_when_its_history_is_packed() {
    let place = Place::sqlite();
    let size = || std::fs::metadata(place.path()).unwrap().len();
    SqliteStore::open(&place.path()).await.unwrap().close().await;
    let rows = "INSERT INTO series (id, subject, signal, unit)
            SELECT value, 'service:s' || value, 'queue.depth', 'jobs' FROM generate_series(1, 40);
        INSERT INTO rollup (series, step, start, min, max, mean, last, count)
            SELECT s.id, 1, m.value * 60000000, m.value % 7, m.value % 7, m.value % 7, m.value % 7, 1
            FROM series s, generate_series(28800000, 28802879) m";
    let numbers = |from: u32, to: u32| {
        format!(
            "(WITH RECURSIVE n (value) AS (SELECT {from} UNION ALL SELECT value + 1 FROM n WHERE value < {to}) SELECT value FROM n)"
        )
    };
    let rows = rows
        .replace("generate_series(1, 40)", &numbers(1, 40))
        .replace("generate_series(28800000, 28802879)", &numbers(28_800_000, 28_802_879));
    place.attack(&rows, "").await.unwrap();
    let before = size();
    let store = SqliteStore::open(&place.path()).await.unwrap();
    let now = domain::time::Timestamp::from_secs(28_810_000 * 60);
    while store.as_past().pack(now, 32).await.unwrap() > 0 {}
    store.close().await;
    // What stays free takes the next day's rows.
    assert!(size() < before * 2 / 3, "{} of {before} bytes", size());
}

#[tokio::test]
async fn a_full_disk_gets_the_reserve_back_and_the_journal_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let Some(_mounted) = Tmpfs::mount(directory.path(), "size=4m") else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let (ballast, reserve) =
        (directory.path().join("ballast"), Reserve::sized(directory.path(), 256 * 1024));
    let store = SqliteStore::open(&directory.path().join("calm-ops.db")).await.unwrap();
    fill(&store).await;
    assert_eq!((reserve.look().unwrap(), reserve.look().unwrap()), (Looked::Kept, Looked::Fine));
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4_096]).is_ok() {}
    let event = || Event::Commented { incident: IncidentNumber(1), text: "x".repeat(4_000) };
    let mut full = false;
    for _ in 0..1_000 {
        full = write(&store, 9, Actor::Local, vec![event()]).await.is_err();
        if full {
            break;
        }
    }
    assert!(full, "the disk never was full");
    assert_eq!(
        (reserve.look().unwrap(), reserve.look().unwrap()),
        (Looked::GivenBack, Looked::Fine)
    );
    write(&store, 9, Actor::Local, vec![event()]).await.unwrap();
    verify(&store, None).await.unwrap();
    std::fs::remove_file(&ballast).unwrap();
    drop(file);
    assert_eq!(reserve.look().unwrap(), Looked::Kept);
}

#[tokio::test]
async fn a_read_only_disk_gives_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let Some(_mounted) = Tmpfs::mount(directory.path(), "size=4m") else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let path = directory.path().join("calm-ops.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.close().await;
    assert!(
        Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(directory.path())
            .status()
            .unwrap()
            .success()
    );
    let Err(error) = server::store::open_to_serve(&Where::Sqlite { path }).await else {
        panic!("it was opened")
    };
    assert!(error.to_string().contains("can write to it"), "{error}");
}

/// `cargo nextest run --run-ignored only how_long --no-capture`
#[tokio::test]
#[ignore = "a measurement"]
async fn how_long_a_change_takes_in_sqlite() {
    crate::store::support::measure(&Place::sqlite()).await;
}

#[tokio::test]
async fn nothing_of_what_was_redacted_is_left_in_the_file() {
    let place = Place::sqlite();
    let store = SqliteStore::open(&place.path()).await.unwrap();
    fill(&store).await;
    // Longer than a page: it lies on pages of its own.
    let secret = "hunter2-Zq9-".repeat(1_000);
    let comment = Event::Commented { incident: IncidentNumber(1), text: secret };
    write(&store, 7, Actor::Local, vec![comment]).await.unwrap();
    write(
        &store,
        8,
        Actor::Local,
        vec![Event::Redacted {
            entry: 9,
            reason: "a password".into(),
            message: None,
            step: None,
            window: None,
        }],
    )
    .await
    .unwrap();
    // While it is open: the log beside the file is emptied too.
    let directory = place.directory.as_ref().unwrap().path();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found =
            bytes.windows(11).filter(|window| window.eq_ignore_ascii_case(b"hunter2-zq9")).count();
        assert_eq!(found, 0, "{}", path.display());
    }
}

#[tokio::test]
#[ignore = "a measurement"]
async fn how_long_a_look_through_the_journal_takes() {
    audit::measure(&Place::sqlite()).await;
}
