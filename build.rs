//! Finds DuckDB's prebuilt library, checks it, and puts it beside the binaries, so that nothing has to be installed.
//!
//! Where it comes from, in this order: the folder `DUCKDB_LIB_DIR`; the user's cache; the network (the npm package
//! of DuckDB's own Node bindings, which holds the official library). What is fetched is checked against the sums below.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

/// The DuckDB that the pinned `duckdb` crate speaks to.
const DUCKDB_VERSION: &str = "1.5.6";

/// The npm package's release of that version.
const NPM_RELEASE: &str = "1.5.6-r.1";

/// Target, npm package, the library's file name, its SHA-256.
const LIBRARIES: &[(&str, &str, &str, &str)] = &[(
    "x86_64-unknown-linux-gnu",
    "@duckdb/node-bindings-linux-x64",
    "libduckdb.so",
    "3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633",
)];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo:rustc-env=CARGO_PKG_VERSION_DUCKDB={DUCKDB_VERSION}");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    if let Err(reason) = provide() {
        eprintln!("error: {reason}");
        eprintln!(
            "help: put DuckDB {DUCKDB_VERSION}'s library into a folder and name it with DUCKDB_LIB_DIR, or build with `--features bundled`"
        );
        std::process::exit(1);
    }
}

fn provide() -> Result<(), String> {
    let target = env::var("TARGET").map_err(|error| error.to_string())?;
    let (_, package, file, sum) = LIBRARIES
        .iter()
        .find(|(name, ..)| *name == target)
        .ok_or_else(|| format!("no prebuilt DuckDB library is known for `{target}`"))?;
    let found = match env::var_os("DUCKDB_LIB_DIR") {
        Some(folder) => Path::new(&folder).join(file),
        None => {
            let cached = cache_folder()?.join(file);
            if !is_sound(&cached, sum) {
                fetch(package, file, sum, &cached)?;
            }
            cached
        }
    };
    let profile = profile_folder()?;
    for folder in [profile.clone(), profile.join("deps")] {
        place(&found, &folder.join(file))?;
    }
    println!("cargo:rerun-if-changed={}", profile.join(file).display());
    println!("cargo:rerun-if-changed={}", profile.join("deps").join(file).display());
    println!("cargo:rustc-link-search=native={}", profile.display());
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN:$ORIGIN/..");
    Ok(())
}

/// `target/<profile>`, where cargo puts the binaries: three folders above this script's own.
fn profile_folder() -> Result<PathBuf, String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gave no OUT_DIR")?);
    out.ancestors()
        .nth(3)
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("`{}` is not inside a target folder", out.display()))
}

fn cache_folder() -> Result<PathBuf, String> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .ok_or("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("commercepulse").join(format!("duckdb-{DUCKDB_VERSION}")))
}

fn is_sound(path: &Path, sum: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| hex(&Sha256::digest(bytes)) == sum)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies the library unless an equal one is there; by rename, so that a running program never sees half of it.
fn place(from: &Path, to: &Path) -> Result<(), String> {
    let size = |path: &Path| fs::metadata(path).map(|data| data.len()).ok();
    if size(from).is_some() && size(from) == size(to) {
        return Ok(());
    }
    let failed = |error| format!("cannot copy `{}` to `{}`: {error}", from.display(), to.display());
    let aside = to.with_extension(format!("{}.part", std::process::id()));
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::copy(from, &aside).map_err(failed)?;
    fs::rename(&aside, to).map_err(failed)
}

fn fetch(package: &str, file: &str, sum: &str, to: &Path) -> Result<(), String> {
    let folder = to.parent().ok_or("the cache has no folder")?.join(format!("fetch-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    let fetched = run(Command::new("npm")
        .args(["pack", "--silent", &format!("{package}@{NPM_RELEASE}")])
        .current_dir(&folder))
    .and_then(|archive| run(Command::new("tar").args(["-xzf", archive.trim()]).current_dir(&folder)))
    .and_then(|_| {
        let library = folder.join("package").join(file);
        if !is_sound(&library, sum) {
            return Err(format!("what `{package}` holds is not the library this build expects (SHA-256 differs)"));
        }
        place(&library, to)
    });
    let _ = fs::remove_dir_all(&folder);
    fetched.map_err(|reason| format!("cannot fetch DuckDB {DUCKDB_VERSION}: {reason}"))
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
