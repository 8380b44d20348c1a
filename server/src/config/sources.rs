//! The sources of the configuration.

use std::{io, path::Path};

/// The source of the configuration: the machine, or what a test says the machine would.
pub trait Sources {
    /// The environment's variables that concern Calm Ops: `CALM_OPS_*` and `DATABASE_URL`.
    fn environment(&self) -> Vec<(String, String)>;

    /// A file as text.
    fn read_file(&self, path: &Path) -> io::Result<String>;
}

/// The machine itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl Sources for Machine {
    fn environment(&self) -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("CALM_OPS_") || name == "DATABASE_URL")
            .collect()
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        // A configuration of more than a mebibyte is a mistake, such as a device or a log.
        let mut text = String::new();
        let read = io::Read::read_to_string(
            &mut io::Read::take(std::fs::File::open(path)?, 1_048_577),
            &mut text,
        )?;
        if read > 1_048_576 { Err(io::Error::other("larger than 1 MiB")) } else { Ok(text) }
    }
}
