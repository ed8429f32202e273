//! The map of the house. (Written in full as the rooms are finished.)

pub mod error;
pub mod name;
pub mod event;
pub mod progress;
pub mod config;
pub mod engine;
pub mod store;
pub mod sample;
pub mod ingest;
pub mod extract;
pub mod project;
pub mod render;
pub mod graph;
pub mod plan;
pub mod run;
pub mod check;
pub mod publish;
pub mod report;
pub mod flow;
pub mod ui;
pub mod cli;
