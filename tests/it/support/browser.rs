//! Chromium without a window: how a page looks, measured in it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::python::tell_skipped;

/// What Chromium is called.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Without a display, a network, or anything that it does for its maker.
const FLAGS: &[&str] = &[
    "--headless",
    "--hide-scrollbars",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=5000",
    "--window-size=1400,1000",
];

/// A browser that is installed.
pub struct Browser(PathBuf);

impl Browser {
    /// The first on `PATH`; `None` where there is none, which is told.
    ///
    /// # Panics
    ///
    /// Where there is none and `CP_REQUIRE_SERVERS` is set.
    pub fn found() -> Option<Self> {
        let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
        let mut candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        if let Some(program) = candidates.find(|program| program.is_file()) {
            return Some(Self(program));
        }
        let reason = "there is no Chromium; install chromium";
        assert!(env::var_os("CP_REQUIRE_SERVERS").is_none(), "`CP_REQUIRE_SERVERS` is set, and {reason}");
        tell_skipped(reason);
        None
    }

    /// What a script says of a page that is this wide (in pixels), in light or dark: the value of an expression.
    pub fn measure(&self, page: &Path, width: u32, is_dark: bool, script: &str) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(page).unwrap();
        let script = format!(
            "<script>addEventListener('load', () => parent.postMessage(JSON.stringify({script}), '*'))</script></body>"
        );
        fs::write(folder.path().join("inner.html"), text.replace("</body>", &script)).unwrap();
        // A window has a least width, and a frame has none.
        let outer = format!(
            "<!doctype html><body><iframe src=\"inner.html\" style=\"width: {width}px; height: 900px; border: 0\"></iframe>\
             <pre></pre><script>addEventListener('message', it => document.querySelector('pre').textContent = it.data)\
             </script></body>"
        );
        fs::write(folder.path().join("outer.html"), outer).unwrap();
        let dom = self.dom(&format!("file://{}", folder.path().join("outer.html").display()), is_dark);
        let told = dom.split_once("<pre>").and_then(|(_, rest)| rest.split_once("</pre>")).map(|(told, _)| told);
        let told = told.filter(|told| !told.is_empty()).unwrap_or_else(|| panic!("the page said nothing:\n{dom}"));
        let told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&");
        serde_json::from_str(&told).unwrap()
    }

    /// A page as it is when its scripts have run, in light or dark.
    pub fn dom(&self, address: &str, is_dark: bool) -> String {
        let profile = tempfile::tempdir().unwrap();
        let scheme = u8::from(!is_dark);
        let output = Command::new(&self.0)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .args(["--dump-dom", address])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
