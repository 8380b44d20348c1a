//! Writes the JavaScript that loads the browser's Wasm: `bindings WASM FOLDER [--names]`.
//!
//! It is wasm-bindgen's own library, in the version of Cargo.lock, so that generated code and crate
//! always fit together and no tool has to be installed. `--names` keeps the names of functions, for
//! readable panics.

use std::{env, path::PathBuf, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (wasm, folder, names) = match &arguments[..] {
        [wasm, folder] => (wasm, folder, false),
        [wasm, folder, flag] if flag == "--names" => (wasm, folder, true),
        _ => {
            eprintln!("usage: bindings WASM FOLDER [--names]");
            return ExitCode::from(2);
        }
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("calm-ops").typescript(false).debug(names).keep_debug(names);
    bindgen.remove_name_section(!names).remove_producers_section(!names);
    let written = bindgen.web(true).and_then(|bindgen| bindgen.generate(PathBuf::from(folder)));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The bindings of {wasm} could not be written: {error:#}");
            ExitCode::FAILURE
        }
    }
}
