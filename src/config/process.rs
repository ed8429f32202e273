//! Which process this is, so that another one can tell whether it still runs.

use std::fs;

/// A process, known beyond its own life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub id: u32,
    /// The machine since it was last started, and where process numbers mean the same; empty where the system does not
    /// tell.
    pub machine: String,
    /// When it began, as the system counts; so that a later process of the same number is not taken for it.
    pub started: String,
}

impl Process {
    /// This one.
    pub fn own() -> Self {
        let id = std::process::id();
        Self { id, machine: machine().unwrap_or_default(), started: started(id).unwrap_or_default() }
    }

    /// Whether it certainly runs no more; where nothing can be told, it is taken to run.
    pub fn is_gone(&self) -> bool {
        !self.machine.is_empty()
            && !self.started.is_empty()
            && machine().as_ref() == Some(&self.machine)
            && started(self.id).as_ref() != Some(&self.started)
    }
}

/// Linux tells a number of this boot, and the space in which process numbers count.
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

/// The 22nd field of its `stat`; the second is a name in brackets that may hold anything.
fn started(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A process that has ended and was not waited for runs no more.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_another_beginning_does_not() {
        let own = Process::own();
        assert!(!own.is_gone());
        if !own.machine.is_empty() {
            assert!(Process { started: "1".to_string(), ..own.clone() }.is_gone());
            assert!(!Process { machine: "another".to_string(), started: "1".to_string(), ..own }.is_gone());
        }
    }
}
