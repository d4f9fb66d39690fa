//! Maps a result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    driftline::cli::run(std::env::args_os()).into()
}
