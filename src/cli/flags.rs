//! What the command line said, as plain data.

use crate::cli::arguments::BuildFlags;
use crate::cli::arguments::Common;
use crate::cli::arguments::Deferral;
use crate::cli::arguments::Output;
use crate::cli::arguments::Project;
use crate::cli::arguments::Selection;
use crate::cli::arguments::TestFlags;
use crate::config::Flags;
use crate::config::OutputFormat;
use crate::config::Secret;

impl Project {
    /// As plain data.
    pub fn flags(self) -> Flags {
        let output = match self.output {
            Output::Text => OutputFormat::Text,
            Output::Json => OutputFormat::Json,
        };
        Flags { output, ..self.common.flags() }
    }
}

impl Common {
    /// As plain data.
    pub fn flags(self) -> Flags {
        Flags {
            project_dir: self.project_dir,
            profiles_dir: self.profiles_dir,
            target: self.target,
            vars: self.vars,
            threads: self.threads,
            mongo_uri: self.mongo_uri.map(Secret::new),
            mongo_db: self.mongo_db,
            quiet: self.quiet,
            verbose: self.verbose,
            ..Flags::default()
        }
    }
}

impl Selection {
    /// These flags, with the selection.
    pub fn over(self, flags: Flags) -> Flags {
        Flags { select: self.select, exclude: self.exclude, state: self.state, ..flags }
    }
}

impl Deferral {
    /// These flags, with the deferral.
    pub fn over(&self, flags: Flags) -> Flags {
        Flags { defer: self.defer, favor_state: self.favor_state, ..flags }
    }
}

impl BuildFlags {
    /// As plain data.
    pub fn flags(self) -> Flags {
        Flags {
            date: self.events.date,
            data: self.events.data,
            full_refresh: self.full_refresh,
            fail_fast: self.fail_fast,
            dry_run: self.dry_run,
            ..self.deferral.over(self.selection.over(self.project.flags()))
        }
    }
}

impl TestFlags {
    /// As plain data.
    pub fn flags(self) -> Flags {
        Flags {
            unreferenced: self.unreferenced,
            replays: self.replays,
            seed: self.seed,
            scaffold: self.scaffold,
            ..self.build.flags()
        }
    }
}
