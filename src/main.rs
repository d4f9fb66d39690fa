//! Maps a result to an exit code.

fn main() {}
