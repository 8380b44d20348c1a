//! Tells Cargo about the files outside of this crate that are a part of the program, and makes the
//! folders of the browser's assets, which have to exist even before these were built (checks and
//! tests do without them).

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let site = root.join("target/site");
    for mode in ["dist", "light"] {
        fs::create_dir_all(site.join(mode))?;
    }
    // Only an optimized build embeds the assets; any other reads them from disk.
    let mut embedded = vec![root.join("migrations")];
    if env::var("PROFILE")? == "release" {
        embedded.push(site.join("dist"));
    }
    // The documents lie beside crates.
    for folder in fs::read_dir(root.join("ops"))? {
        let folder = folder?.path();
        if folder.is_dir() && !folder.join("Cargo.toml").exists() {
            embedded.push(folder);
        }
    }
    for folder in embedded {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    Ok(())
}
