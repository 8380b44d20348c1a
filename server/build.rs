//! What the program carries inside lies outside this crate: Cargo has to be told, and the folder has to exist even before the
//! browser's part was built (checks and tests do without it).

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    let site = root.join("target/site");
    fs::create_dir_all(&site)?;
    println!("cargo::rerun-if-changed={}", site.display());
    // A path that does not exist would build the program anew each time.
    for folder in ["ops", "migrations"].map(|folder| root.join(folder)).iter().filter(|folder| folder.exists()) {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    Ok(())
}
