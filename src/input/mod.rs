//! Bytes → [`Record`](crate::record::Record): formats and files, no daemon.
