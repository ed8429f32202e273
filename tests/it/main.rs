//! Every integration test, in one binary: one link, and one place to look.

mod bigquery;
mod bigquery_server;
mod dialect;
mod drift;
mod errors;
mod golden;
mod install;
mod library;
mod main_job;
mod mongo;
mod name;
mod pack;
mod raw_store;
mod readme;
mod support;
mod tidy;
