//! Every integration test, in one binary: one link, and one place to look.

mod install;
mod library;
mod name;
mod support;
mod tidy;
