//! The name `cp`: whose a command line is, ours or coreutils', and how coreutils' is handed on.
//!
//! Installing this program first on PATH must break no script, so whatever coreutils could carry out is coreutils':
//! a line whose first word is no verb of ours, and a verb followed by an operand where a file of the verb's name
//! exists. Called by any other name than `cp`, nothing is ever handed on.

use std::{
    ffi::{OsStr, OsString},
    io::{IsTerminal, Write},
    iter::Peekable,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process,
};

use clap::{Arg, Command};

use crate::config::Invocation;
use crate::error::{Error, Result};

/// Coreutils' short options; `S` and `t` take a value.
const SHORT_OPTIONS: &str = "abdfHilLnPprRsSTtuvxZ";

/// Coreutils' long options. As with any GNU program, a prefix will do.
const LONG_OPTIONS: &[&str] = &[
    "archive",
    "attributes-only",
    "backup",
    "copy-contents",
    "context",
    "debug",
    "dereference",
    "force",
    "interactive",
    "keep-directory-symlink",
    "link",
    "no-clobber",
    "no-dereference",
    "no-preserve",
    "no-target-directory",
    "one-file-system",
    "parents",
    "preserve",
    "recursive",
    "reflink",
    "remove-destination",
    "sparse",
    "strip-trailing-slashes",
    "suffix",
    "symbolic-link",
    "target-directory",
    "update",
    "verbose",
];

/// Whose a command line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Coreutils,
}

/// Comes back where the call is ours to answer; where it is coreutils', this process becomes coreutils' `cp`.
///
/// `command` is our whole command line: its verbs and their flags decide.
///
/// # Errors
/// When there is no other `cp`, when the call came back to us, and when a verb is followed by an operand.
pub fn delegate(invocation: &Invocation, command: &mut Command) -> Result<()> {
    command.build();
    let is_there = |name: &OsStr| Path::new(name).symlink_metadata().is_ok();
    if invocation.name == "cp" && owner(&invocation.arguments, command, is_there) == Owner::Coreutils {
        if invocation.arguments.is_empty() && std::io::stderr().is_terminal() {
            // Talk that may be lost: coreutils' own message follows.
            let _ = writeln!(std::io::stderr(), "`cp build`, `cp run`, `cp test` are CommercePulse's: see `cp help`");
        }
        return Err(hand_over(invocation, &next_cp(invocation)?));
    }
    refuse_operands(&invocation.name, &invocation.arguments, command)
}

/// Whose `arguments` are. `is_there` tells whether the working directory holds a file or folder of a name.
fn owner(arguments: &[OsString], command: &Command, is_there: impl Fn(&OsStr) -> bool) -> Owner {
    let Some((first, rest)) = arguments.split_first() else { return Owner::Coreutils };
    let Some(verb) = command.find_subcommand(first) else { return Owner::Coreutils };
    match Line::read(rest, verb) {
        line if line.may_be_coreutils() && is_there(first) => Owner::Coreutils,
        _ => Owner::Ours,
    }
}

/// Tells how to write what was meant, where a verb of ours is followed by an operand.
fn refuse_operands(name: &OsStr, arguments: &[OsString], command: &Command) -> Result<()> {
    let Some((first, rest)) = arguments.split_first() else { return Ok(()) };
    let Some(verb) = command.find_subcommand(first) else { return Ok(()) };
    let line = Line::read(rest, verb);
    // `cp help run` names a verb. A flag that we do not know is told first, by clap, with the name that it resembles.
    let takes_words = verb.has_subcommands() || verb.get_positionals().next().is_some();
    if line.operands.is_empty() || line.has_unknown || line.asks_help || takes_words {
        return Ok(());
    }
    let call = format!("{} {}", name.to_string_lossy(), verb.get_name());
    let words: Vec<_> = line.operands.iter().map(|operand| operand.to_string_lossy()).collect();
    let written = words.join(" ");
    let has = |flag: &str| verb.get_arguments().any(|argument| argument.get_long() == Some(flag));
    let is_sql = words.len() == 1 && written.contains(' ');
    let help = if has("model") && has("key") {
        let (model, key) = (&words[0], words[1..].join(","));
        let key = match key.as_str() {
            "" => "KEY".to_string(),
            key if key.contains(' ') => format!("\"{key}\""),
            key => key.to_string(),
        };
        format!("write `{call} --model {model} --key {key}`")
    } else if is_sql && has("inline") {
        format!("write `{call} --inline \"{written}\"`")
    } else if has("select") {
        format!("write `{call} --select {written}`")
    } else if has("data") {
        format!("write `{call} --data {written}`")
    } else {
        format!("see `{call} --help`")
    };
    Err(Error::call(format!("`{call}` takes no operand, and `{written}` is one")).help(help))
}

/// What follows a verb, read both as ours and as coreutils'.
#[derive(Debug, Default)]
struct Line {
    /// Words that are neither an option nor the value of a flag of ours.
    operands: Vec<OsString>,
    /// A short option of ours has values, which coreutils would take for operands.
    has_values: bool,
    /// An option names the folder to copy to, so that no operand has to.
    names_target: bool,
    /// There is an option that coreutils would refuse.
    has_ours: bool,
    /// There is an option that we would refuse.
    has_unknown: bool,
    asks_help: bool,
}

impl Line {
    fn read(words: &[OsString], verb: &Command) -> Self {
        let mut line = Self::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if text == "--" {
                line.operands.extend(words.by_ref().cloned());
            } else if let Some(option) = text.strip_prefix("--") {
                let (option, value) =
                    option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
                line.long(option);
                match verb.get_arguments().find(|argument| is_long(argument, option)) {
                    Some(flag) if value.is_none() => drop(take_values(flag, &mut words)),
                    Some(_) => {}
                    None => line.has_unknown = true,
                }
            } else if text.len() > 1 && text.starts_with('-') {
                line.short(&text[1..], verb);
                if let Some(flag) = verb.get_arguments().find(|argument| is_short(argument, &text[1..])) {
                    line.has_values |= take_values(flag, &mut words) > 0;
                }
            } else {
                line.operands.push(word.clone());
            }
        }
        line
    }

    fn long(&mut self, option: &str) {
        self.asks_help |= option == "help";
        self.has_ours |= !LONG_OPTIONS.iter().any(|name| name.starts_with(option));
        // Shorter prefixes are our `--target` too, whose value is no folder.
        self.names_target |= option.len() > "target".len() && "target-directory".starts_with(option);
    }

    fn short(&mut self, cluster: &str, verb: &Command) {
        self.asks_help |= cluster == "h";
        let options = cluster.find(['t', 'S']).map_or(cluster, |value| &cluster[..=value]);
        self.names_target |= options.ends_with('t') && options.len() < cluster.len();
        self.has_ours |= !options.chars().all(|option| SHORT_OPTIONS.contains(option));
        let is_ours = |option: &str| verb.get_arguments().any(|argument| is_short(argument, option));
        self.has_unknown |= !cluster.split("").filter(|option| !option.is_empty()).all(is_ours);
    }

    /// Whether coreutils could do what is asked, if the verb were a file.
    fn may_be_coreutils(&self) -> bool {
        !self.asks_help && !self.has_ours && (self.names_target || self.has_values || !self.operands.is_empty())
    }
}

fn is_long(argument: &Arg, option: &str) -> bool {
    argument.get_long() == Some(option)
        || argument.get_all_aliases().is_some_and(|aliases| aliases.into_iter().any(|alias| alias == option))
}

/// Whether `option` is one letter, and that of the flag.
fn is_short(argument: &Arg, option: &str) -> bool {
    let mut letters = argument.get_short_and_visible_aliases().unwrap_or_default();
    letters.extend(argument.get_all_short_aliases().unwrap_or_default());
    letters.into_iter().any(|letter| option.strip_prefix(letter) == Some(""))
}

/// Takes the words that are a flag's values, and says how many they are.
fn take_values<'w>(flag: &Arg, words: &mut Peekable<impl Iterator<Item = &'w OsString>>) -> usize {
    let mut taken = 0;
    while taken < most_values(flag) && words.next_if(|word| !word.to_string_lossy().starts_with('-')).is_some() {
        taken += 1;
    }
    taken
}

/// How many of the words that follow a flag are its values, at most.
fn most_values(flag: &Arg) -> usize {
    match flag.get_num_args() {
        Some(range) if flag.get_action().takes_values() => range.max_values(),
        _ => 0,
    }
}

/// The `cp` that a shell would find if ours were not there.
fn next_cp(invocation: &Invocation) -> Result<PathBuf> {
    let is = |file: &Path, other: &Path| file == other || same_file::is_same_file(file, other).unwrap_or(false);
    let own = invocation.executable.as_deref();
    if own.is_some_and(|own| invocation.passed.iter().any(|passed| is(passed, own))) {
        return Err(Error::call("this call was handed to the next `cp` on PATH, and came back")
            .help("take the link or script named `cp` that calls CommercePulse again from PATH"));
    }
    let files: Vec<PathBuf> = invocation.search_path.iter().map(|folder| folder.join("cp")).collect();
    let own_place = files.iter().position(|file| own.is_some_and(|own| is(file, own)));
    let (before, after) = files.split_at(own_place.unwrap_or(0));
    let is_other = |file: &&PathBuf| {
        is_executable(file) && !invocation.passed.iter().map(PathBuf::as_path).chain(own).any(|ours| is(file, ours))
    };
    after.iter().chain(before).find(is_other).cloned().ok_or_else(|| {
        Error::call("this call is for coreutils' `cp`, and there is no other `cp` on PATH")
            .help("see `cp help` for the verbs of CommercePulse")
    })
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Becomes `program`; comes back only with the reason why that failed.
fn hand_over(invocation: &Invocation, program: &Path) -> Error {
    let mut command = process::Command::new(program);
    command.arg0(&invocation.name).args(&invocation.arguments);
    if let Some(own) = &invocation.executable {
        let (name, value) = invocation.mark(own);
        command.env(name, value);
    }
    Error::call(format!("cannot start `{}`", program.display())).because(command.exec())
}

#[cfg(test)]
mod tests {
    use clap::ArgAction;

    use super::*;

    fn command() -> Command {
        let flag = |name: &'static str| Arg::new(name).long(name).num_args(1);
        let global = |name: &'static str| flag(name).global(true);
        let mut command = Command::new("cp")
            .args([global("target"), global("threads")])
            .arg(Arg::new("verbose").long("verbose").global(true).action(ArgAction::SetTrue))
            .subcommand(Command::new("run").arg(flag("select").short('s').short_alias('m').num_args(1..)))
            .subcommand(Command::new("ingest").arg(flag("data")))
            .subcommand(Command::new("show").args([flag("select"), flag("inline")]))
            .subcommand(Command::new("explain").args([flag("model"), flag("key"), flag("data")]))
            .subcommand(Command::new("clean"));
        command.build();
        command
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_coreutils_can_do_is_coreutils() {
        for line in [
            "",
            "a b",
            "-r x y",
            "-t d a",
            "--help",
            "--version",
            "runs x",
            "run dest",
            "run a dest",
            "run -r dest",
            "run -- dest",
            "run --verbose dest",
            "run -tdest",
            "run -s dest",
            "run -rt dest",
            "run --target-directory=dest",
            "run --target-dir=dest",
            "run --no-clobber dest",
            "help dest",
        ] {
            assert_eq!(owner(&words(line), &command(), |_| true), Owner::Coreutils, "cp {line}");
        }
    }

    #[test]
    fn what_only_we_can_do_is_ours() {
        for line in [
            "run",
            "help",
            "run --help",
            "run -h",
            "run x --help",
            "run --select a",
            "run --select a b",
            "run --select=a b",
            "run --sellect a",
            "run --target prod",
            "run --threads 2 x",
            "run --verbose",
            "run -r",
            "run -q x",
            "run -m a b",
        ] {
            assert_eq!(owner(&words(line), &command(), |_| true), Owner::Ours, "cp {line}");
        }
    }

    #[test]
    fn a_verb_is_ours_where_no_file_has_its_name() {
        assert_eq!(owner(&words("run dest"), &command(), |_| false), Owner::Ours);
        assert_eq!(owner(&words("run -s a b"), &command(), |_| false), Owner::Ours);
        assert_eq!(owner(&words("a b"), &command(), |_| false), Owner::Coreutils);
    }

    #[test]
    fn an_operand_is_answered_with_what_to_write() {
        let answer = |line: &[&str]| {
            let line: Vec<OsString> = line.iter().map(OsString::from).collect();
            refuse_operands(OsStr::new("cp"), &line, &command())
                .err()
                .map(|error| error.help_text().unwrap_or_default().to_string())
        };
        assert_eq!(answer(&["run", "fact_orders"]).as_deref(), Some("write `cp run --select fact_orders`"));
        assert_eq!(answer(&["run", "--verbose", "a", "b"]).as_deref(), Some("write `cp run --select a b`"));
        assert_eq!(answer(&["ingest", "events"]).as_deref(), Some("write `cp ingest --data events`"));
        assert_eq!(answer(&["show", "select 1"]).as_deref(), Some("write `cp show --inline \"select 1\"`"));
        assert_eq!(answer(&["clean", "all"]).as_deref(), Some("see `cp clean --help`"));
        assert_eq!(answer(&["explain", "f", "K 1"]).as_deref(), Some("write `cp explain --model f --key \"K 1\"`"));
        assert_eq!(answer(&["explain", "f"]).as_deref(), Some("write `cp explain --model f --key KEY`"));
        assert_eq!(answer(&["run", "-s", "a", "b"]), None);
        assert_eq!(answer(&["run", "--select", "a", "b"]), None);
        assert_eq!(answer(&["run", "--sellect", "a"]), None);
        assert_eq!(answer(&["help", "run"]), None);
    }

    #[test]
    fn other_names_never_hand_over() {
        let called =
            |line| Invocation { name: "commercepulse".into(), arguments: words(line), ..Invocation::default() };
        for line in ["", "a b", "--version", "run --select a"] {
            assert!(delegate(&called(line), &mut command()).is_ok(), "commercepulse {line}");
        }
    }

    #[test]
    fn the_next_program_is_another_file_after_our_own() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let bin = folder.path().join(name);
            std::fs::create_dir(&bin).unwrap();
            std::fs::write(bin.join("cp"), name).unwrap();
            std::fs::set_permissions(bin.join("cp"), std::fs::Permissions::from_mode(0o755)).unwrap();
            bin
        };
        let (before, own, after) = (place("before"), place("own"), place("after"));
        let link = folder.path().join("link");
        std::fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink(own.join("cp"), link.join("cp")).unwrap();
        let mut called = Invocation {
            executable: Some(own.join("cp")),
            search_path: vec![before.clone(), own.clone(), link.clone(), after.clone()],
            ..Invocation::default()
        };
        assert_eq!(next_cp(&called).unwrap(), after.join("cp"));
        called.search_path = vec![before.clone(), link];
        assert_eq!(next_cp(&called).unwrap(), before.join("cp"), "found where only what comes before us is left");
        called.passed = vec![before.join("cp")];
        assert!(next_cp(&called).is_err(), "what handed the call on already is not asked again");
        called.passed = vec![own.join("cp")];
        assert!(next_cp(&called).unwrap_err().message().contains("came back"));
    }
}
