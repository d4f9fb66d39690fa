//! Writes the man pages and the shells' completions into a directory: `cargo run --example assets -- target/assets`.

use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let directory = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/assets".into()));
    let man = directory.join("man");
    fs::create_dir_all(&man)?;
    // Without `help`, whose pages would say nothing.
    let mut command = driftline::cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command.clone(), &man)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "driftline", Path::new(&directory))?;
    }
    Ok(())
}
