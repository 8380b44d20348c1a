use std::time::{Duration, Instant};

use domain::time::Span;
use server::exec::{Outcome, Piece, Plan, Stream};

use crate::run::{Bench, lines, until};

#[tokio::test]
async fn both_streams_come_in_order_of_arrival() {
    let bench = Bench::set_up();
    let report = bench
        .runner
        .start(bench.plan("echo one; sleep 0.1; echo two >&2; sleep 0.1; printf 'three'"))
        .wait()
        .await;
    let lines: Vec<_> = report
        .output
        .pieces()
        .into_iter()
        .map(|piece| match piece {
            Piece::Line(line) => (line.number, line.stream, line.text.to_string()),
            Piece::LeftOut(_) => panic!("nothing was left out"),
        })
        .collect();
    assert_eq!(
        lines,
        [
            (0, Stream::Out, "one".to_owned()),
            (1, Stream::Err, "two".to_owned()),
            (2, Stream::Out, "three".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_reader_sees_lines_while_it_runs_and_a_late_one_sees_all() {
    let bench = Bench::set_up();
    let go = bench.path("go");
    let run = bench.runner.start(bench.plan(&format!(
        "echo first\nwhile [ ! -e {} ]; do sleep 0.05; done\necho second",
        go.display()
    )));
    let mut reader = run.output().reader();
    let Some(Piece::Line(line)) = reader.next().await else { panic!("no line") };
    assert_eq!(&*line.text, "first");
    std::fs::write(&go, "").unwrap();
    let Some(Piece::Line(line)) = reader.next().await else { panic!("no line") };
    assert_eq!(&*line.text, "second");
    assert_eq!(reader.next().await, None);
    let report = run.wait().await;
    let mut late = report.output.reader();
    assert!(matches!(late.next().await, Some(Piece::Line(line)) if &*line.text == "first"));
    assert!(
        matches!(report.output.reader_after(1).next().await, Some(Piece::Line(line)) if &*line.text == "second")
    );
}

#[tokio::test]
async fn secrets_escapes_and_broken_text_never_leave() {
    let bench = Bench::set_up();
    let body = "printf 'PASSWORD=hunter2\\n\\033[31mred\\033[0m \\377\\n'\nprintf 'pass' ; sleep 0.2; printf 'word=hunter3\\n'\n\
                echo '-----BEGIN PRIVATE KEY-----'; echo MIIEhunter4; echo '-----END PRIVATE KEY-----'; echo end";
    let run = bench.runner.start(bench.plan(body));
    let mut reader = run.output().reader();
    let mut live = Vec::new();
    while let Some(Piece::Line(line)) = reader.next().await {
        live.push(line.text.to_string());
    }
    let shown = [
        "PASSWORD=[secret]",
        "red \u{fffd}",
        "password=[secret]",
        "[secret]",
        "[secret]",
        "[secret]",
        "end",
    ];
    assert_eq!(live, shown);
    assert_eq!(lines(&run.wait().await.output), shown);
}

#[tokio::test]
async fn a_flood_is_cut_and_neither_held_up_nor_killed() {
    let bench = Bench::set_up();
    let body = "echo first\nyes 'a line of the flood' | head -c 50000000\necho last\nexit 5";
    let plan = Plan::of(bench.script("program", body)).output_limit(16 * 1024).finish().unwrap();
    let run = bench.runner.start(plan);
    // A reader that never reads costs nothing.
    let _idle = run.output().reader();
    let report = run.wait().await;
    assert_eq!(report.command.outcome, Outcome::Exited { code: 5 });
    assert_eq!(report.output.bytes(), 50_000_011);
    let kept = lines(&report.output);
    assert_eq!(kept.first().unwrap(), "first");
    assert!(kept.last().unwrap().ends_with("last"), "{:?}", kept.last());
    assert!(kept.iter().map(String::len).sum::<usize>() < 16 * 1024);
    let (all, left_out) = report.output.lines();
    assert_eq!(all - left_out, kept.len() as u64);
    assert!(all > 2_000_000, "{all}");
    println!("50 MB of flood in {}", report.command.duration);
}

#[tokio::test]
async fn an_endless_flood_ends_at_the_time_limit() {
    let bench = Bench::set_up();
    let plan = Plan::of("/usr/bin/yes").time_limit(Span::from_millis(700)).finish().unwrap();
    let since = Instant::now();
    let report = bench.runner.start(plan).wait().await;
    assert_eq!(report.command.outcome, Outcome::TimedOut);
    assert!(since.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_line_without_an_end_is_bounded() {
    let bench = Bench::set_up();
    let report = bench
        .runner
        .start(bench.plan("head -c 3000000 /dev/zero | tr '\\000' x; echo; echo after"))
        .wait()
        .await;
    let kept = lines(&report.output);
    assert_eq!(kept.len(), 2);
    assert!(
        kept[0].len() < 5_000 && kept[0].ends_with("more bytes in this line]"),
        "{}",
        kept[0].len()
    );
    assert_eq!(kept[1], "after");
}

#[tokio::test]
async fn a_progress_line_is_several_lines() {
    let bench = Bench::set_up();
    let report = bench.runner.start(bench.plan("printf '10%%\\r20%%\\r\\nend\\r\\n'")).wait().await;
    assert_eq!(lines(&report.output), ["10%", "20%", "end"]);
}

#[tokio::test]
async fn an_unfinished_line_is_shown_at_the_end() {
    let bench = Bench::set_up();
    let run = bench.runner.start(bench.plan("printf 'Proceed? '\nsleep 60"));
    let output = run.output().clone();
    until("its bytes", || output.bytes() == 9).await;
    assert_eq!(lines(&output), [""; 0]);
    run.cancel();
    assert_eq!(lines(&run.wait().await.output), ["Proceed? "]);
}
