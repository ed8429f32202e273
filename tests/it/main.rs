//! Every integration test, in one binary: one link, and one place to look.

mod bigquery;
mod bigquery_server;
mod dialect;
mod diff;
mod docs;
mod drift;
mod errors;
mod explain;
mod golden;
mod install;
mod library;
mod lost;
mod main_job;
mod mongo;
mod name;
mod pack;
mod quality;
mod raw_store;
mod readme;
mod replay;
mod report;
mod state;
mod support;
mod tidy;
mod unit;
