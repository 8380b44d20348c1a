//! `calm-ops run --dry-run` shows what is executed, tried on the real program beside a server that
//! runs; and it executes nothing.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::program::{
    self, Home,
    approved::{
        World, approved, at, calm_ops, catalogue, configuration, folder, give, home, labelled,
        offered, own_script, said, sha256, vectors, write_catalogue,
    },
};

/// A script that tells how it was called.
fn telling(folder: &tempfile::TempDir) -> String {
    format!(
        "#!/bin/sh\necho ran >> {}\necho \"called ${{0##*/}} $#\"\necho \"user $(id -un)\"\necho \"sha256 $(sha256sum < \"$0\")\"\n\
         echo \"found $(ls -A | wc -l)\"\nenv | sed 's/^/env /'\n",
        folder.path().join("ran").display()
    )
}

fn dry_run(home: &Home, id: &str) -> (i32, String, String) {
    said(at(calm_ops(), home, &["run", "--dry-run", id]))
}

#[test]
fn a_dry_run_beside_the_server_says_what_the_page_says_and_what_is_executed() {
    let folder = folder();
    let (script, section) = own_script(&folder, &telling(&folder));
    let home = home(&catalogue("script:own", "-", "Calm Ops"), &section);
    let program = home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    let page = offered(&program);
    let head =
        |program: &program::Running| program.get("/api/ops/journal?limit=1").json()["head"].clone();
    let before = head(&program);

    let (code, out, err) = dry_run(&home, "1-1");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let text = page["plan"]["text"].as_str().unwrap_or_else(|| panic!("{page}"));
    assert!(out.contains(&format!("\n{text}\n")), "the page says\n{text}\nand the dry run\n{out}");
    for part in [
        "once it is approved",
        "waiting for a decision until",
        "approvals    0 of 1",
        "exactly as",
        "/ops/approve/1-1",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert!(
        out.contains(page["binding"].as_str().unwrap())
            && out.contains("queue.depth of service:imports"),
        "{out}"
    );
    assert_eq!(vectors(&out), [vec![script.to_str().unwrap().to_owned()]]);
    assert!(!folder.path().join("ran").exists(), "a dry run runs nothing");
    assert_eq!(head(&program), before, "and writes nothing");

    let page = approved(&program);
    let told = page["output"]["text"].as_str().unwrap();
    let has = |line: &str| told.lines().any(|told| told == line);
    assert!(has("called own 0") && has("found 0"), "{told}");
    assert!(has(&format!("user {}", labelled(&out, "user")[0])), "{told}");
    let hash = labelled(&out, "only if")[0].strip_prefix("its SHA-256 is ").unwrap();
    assert!(has(&format!("sha256 {hash}  -")), "{told}");
    let mut shown: Vec<String> =
        labelled(&out, "environment").iter().map(|pair| format!("env {pair}")).collect();
    // What the shell of the script adds by itself.
    let own = |line: &str| {
        ["env PWD=", "env OLDPWD=", "env SHLVL=", "env _="]
            .iter()
            .any(|prefix| line.starts_with(prefix))
    };
    let mut seen: Vec<&str> =
        told.lines().filter(|line| line.starts_with("env ") && !own(line)).collect();
    shown.sort();
    seen.sort_unstable();
    assert_eq!(shown, seen);
    assert_eq!(fs::read_to_string(folder.path().join("ran")).unwrap(), "ran\n");

    let (code, out, err) = dry_run(&home, "1-1");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("stands       ran from ")
            && out.contains("it exited with code 0")
            && out.contains("no longer runs"),
        "{out}"
    );
    assert_eq!(fs::read_to_string(folder.path().join("ran")).unwrap(), "ran\n");
}

#[test]
fn the_vector_of_a_program_and_of_its_check_is_the_one_that_it_gets() {
    for user in ["root", "nobody"] {
        let home = home(&catalogue("nginx -s reload", "`nginx -t`", &format!("`{user}`")), "");
        let Some(world) = World::new(home.dir.path()) else { return };
        // Who becomes another user has to reach the program.
        fs::set_permissions(home.dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let program = home
            .start_from(
                world.command("root", "calm-ops"),
                &["--config", configuration(&home).to_str().unwrap()],
            )
            .unwrap();
        let page = offered(&program);
        let (code, out, err) =
            said(at(world.command("root", "calm-ops"), &home, &["run", "--dry-run", "1-1"]));
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.contains(page["plan"]["text"].as_str().unwrap()), "{out}");
        let shown = vectors(&out);
        assert_eq!(
            (shown.len(), &shown[1][1..]),
            (2, &["-s".to_owned(), "reload".to_owned()][..]),
            "{out}"
        );
        let mut wanted = String::new();
        for (vector, user) in shown.iter().zip(labelled(&out, "user")) {
            wanted += &format!("argv {}\nuser {user}\n", vector.join(" "));
        }
        assert_eq!(approved(&program)["output"]["text"], wanted);
    }
}

#[test]
fn what_is_not_what_was_offered_any_more_is_told_with_what_changed() {
    let folder = folder();
    let (script, section) = own_script(&folder, &telling(&folder));
    let good = catalogue("script:own", "-", "Calm Ops");
    let home = home(&good, &section);
    let mut program =
        home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    offered(&program);
    program.terminate();

    let refused = |parts: &[&str]| {
        let (code, out, err) = dry_run(&home, "1-1");
        assert_eq!(code, 1, "{out}{err}");
        assert!(!out.contains("  command "), "{out}");
        for part in parts {
            assert!(err.contains(part), "{part} is not in\n{err}");
        }
    };
    write_catalogue(
        &home,
        &good
            .replace("| time limit | 30 s |", "| time limit | 31 s |")
            .replace("| risk | low |", "| risk | medium |"),
    );
    refused(&["its time limit (31 s, it was 30 s); its risk (medium, it was low)"]);
    write_catalogue(&home, &good.replace("Nobody notices.", "Everyone notices."));
    refused(&["its blast radius (Everyone notices., it was Nobody notices.)"]);
    write_catalogue(&home, &good.replace("It is seen.", "It is seen well."));
    refused(&["have changed from version ", "This command is still the same."]);
    write_catalogue(&home, &good.replace("`tried`", "`other`"));
    refused(&["The approved command tried no longer exists."]);
    // A catalogue with a mistake: nothing runs, and the line is told.
    write_catalogue(&home, &good.replace("script:own", "rm -rf /"));
    refused(&["recovery.commands.md:7:", "No recovery command runs until"]);
    write_catalogue(&home, &good);
    fs::write(&script, "#!/bin/sh\necho another >> ran\n").unwrap();
    refused(&["its SHA-256 is different"]);
    // Another script that the configuration allows by now is another one than was offered.
    let hash = sha256(&script);
    let listed = fs::read_to_string(configuration(&home)).unwrap();
    let before = listed.rsplit('"').nth(1).unwrap().to_owned();
    fs::write(configuration(&home), listed.replace(&before, &hash)).unwrap();
    refused(&[&format!(
        "what is executed ({} (SHA-256 {hash}), it was {} (SHA-256 {before}))",
        script.display(),
        script.display()
    )]);
    fs::write(configuration(&home), listed).unwrap();
    fs::remove_file(&script).unwrap();
    refused(&["can't be read"]);
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn what_does_not_exist_or_is_no_name_is_told_and_nothing_is_made() {
    let (home, nowhere) =
        (home(&catalogue("nginx -s reload", "`nginx -t`", "`root`"), ""), folder());
    let (code, _, err) = dry_run(&home, "1-1");
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("there is no database at") && err.contains("--data-dir"), "{err}");
    assert!(!home.data().exists(), "a question makes no database");
    let mut program =
        home.start_with(&["--config", configuration(&home).to_str().unwrap()]).unwrap();
    let (code, _, err) = dry_run(&home, "1-1");
    assert!(code == 3 && err.contains("Incident 1 does not exist."), "{err}");
    program.push("service:imports", 9_000.0);
    program.incident_about("service:imports");
    let (code, _, err) = dry_run(&home, "1-77");
    assert!(code == 3 && err.contains("Recommendation 1-77 does not exist"), "{err}");
    for id in [
        "",
        "1",
        "1-",
        "0-1",
        "1-0",
        "01-1",
        "1-1-1",
        "1-99999999999",
        "-1-1",
        "../1-1",
        "1-1;id",
        "$(id)",
        "1-1\n",
        "\u{1b}[2J",
    ] {
        let (code, out, err) = dry_run(&home, id);
        assert!(
            code == 2 && out.is_empty() && (err.contains("42-1") || id.starts_with('-')),
            "{id:?}: {code} {err}"
        );
        assert!(!err.contains('\u{1b}'), "{id:?}");
    }
    // There is no other way to call it.
    let (code, _, err) = said(at(calm_ops(), &home, &["run", "1-1"]));
    assert!(code == 2 && err.contains("--dry-run"), "{err}");
    program.terminate();
    let not_ours = nowhere.path().join("calm-ops.db");
    fs::write(&not_ours, "").unwrap();
    let (code, _, err) = said({
        let mut command = calm_ops();
        command
            .args(["run", "--dry-run", "1-1", "--data-dir"])
            .arg(nowhere.path())
            .env_remove("DATABASE_URL");
        command
    });
    assert!(code == 3 && err.contains("no Calm Ops data in this database"), "{err}");
    assert_eq!(fs::metadata(&not_ours).unwrap().len(), 0, "what is only looked at is not changed");
}

#[test]
fn whoever_is_not_the_user_of_the_data_is_told_how_to_ask() {
    let home = home(&catalogue("nginx -s reload", "`nginx -t`", "`root`"), "");
    let Some(_world) = World::new(home.dir.path()) else { return };
    fs::create_dir(home.data()).unwrap();
    fs::write(home.data().join("calm-ops.db"), "").unwrap();
    give(&home.data(), 65_534);
    let (code, _, err) = dry_run(&home, "1-1");
    assert!(code == 3 && err.contains("sudo -u nobody calm-ops run --dry-run"), "{err}");
}
