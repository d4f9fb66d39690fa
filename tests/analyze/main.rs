//! Logs in, a report out: what it says of whole incidents, what decides nothing, and what is made of cases.

#[path = "../common/mod.rs"]
mod common;

mod catalogue_facts;
mod catalogue_recordings;
mod check;
mod check_bless;
mod check_minimise;
mod configured;
mod correlate;
mod coverage;
mod derived;
mod house;
mod large;
mod laws;
mod redact;
mod report_documents;
mod report_output;
mod report_seed;
mod script_lines;
mod seed;
