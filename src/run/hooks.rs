//! `on-run-start` and `on-run-end`: what the project has run before and after everything else.

use crate::engine::Session;
use crate::error::Error;
use crate::error::Result;
use crate::progress::Observe;
use crate::render::Renderer;
use crate::render::Scanned;
use crate::run::Database;
use crate::run::Failure;

/// What a hook needs.
pub struct Hooks<'a> {
    pub renderer: &'a Renderer,
    pub scanned: &'a Scanned,
    pub session: &'a Session,
    pub observe: &'a dyn Observe,
}

impl Hooks<'_> {
    /// Runs the hooks of this name, one after the other.
    ///
    /// # Errors
    /// Names the first that fails; those before it stand.
    pub fn run(&self, name: &str, hooks: &[String]) -> Result<()> {
        let database = Database { session: self.session, observe: self.observe };
        for hook in hooks {
            let sql = self.renderer.compile_text(self.scanned, "dbt_project.yml", hook, &database, None)?;
            if !sql.trim().is_empty() {
                self.session.run(&sql).map_err(|error| {
                    let kind = Failure::Sql(error.clone()).kind();
                    Error::data(format!("`{name}` of `dbt_project.yml` failed at `{}`", sql.trim()))
                        .because(error)
                        .of(kind)
                })?;
            }
        }
        Ok(())
    }
}
