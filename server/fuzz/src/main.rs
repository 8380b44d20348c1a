//! One parser under libFuzzer: that which `FUZZ_TARGET` names. Without it the names are printed.
//! Seeds go to the folder `FUZZ_SEEDS`, the parser's words to the file `FUZZ_WORDS`.
#![no_main]

use std::{env, fs, path::PathBuf, process::exit, sync::OnceLock};

use fixtures::fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(init: prepare(), |bytes: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.check)(bytes);
    }
});

fn prepare() {
    let all: Vec<Target> =
        app::fuzz::TARGETS.iter().copied().chain(server::fuzz::targets()).collect();
    let Ok(wanted) = env::var("FUZZ_TARGET") else {
        for target in all {
            println!("{}", target.name);
        }
        exit(0)
    };
    let Some(target) = all.into_iter().find(|target| target.name == wanted) else {
        eprintln!("error: no parser is called '{wanted}'");
        exit(2)
    };
    if let Err(error) = write(&target) {
        eprintln!("error: seeds or words can't be written: {error}");
        exit(2)
    }
    TARGET.get_or_init(|| target);
}

fn write(target: &Target) -> std::io::Result<()> {
    if let Some(folder) = env::var_os("FUZZ_SEEDS").map(PathBuf::from) {
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    if let Some(file) = env::var_os("FUZZ_WORDS") {
        let word = |word: &&str| {
            let bytes = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
            format!("\"{bytes}\"\n")
        };
        fs::write(file, target.words.iter().map(word).collect::<String>())?;
    }
    Ok(())
}
