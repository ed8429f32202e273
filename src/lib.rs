//! The map of the house. (Written in full as the rooms are finished.)

pub mod check;
pub mod artifact;
pub mod cli;
pub mod config;
pub mod engine;
pub mod error;
pub mod event;
pub mod extract;
pub mod flow;
pub mod graph;
pub mod ingest;
pub mod name;
pub mod plan;
pub mod progress;
pub mod project;
pub mod publish;
pub mod render;
pub mod report;
pub mod run;
pub mod sample;
pub mod store;
pub mod ui;
