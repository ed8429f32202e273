//! Finds DuckDB's prebuilt library, checks it, and puts it where every binary of this crate finds it, so that nothing
//! has to be installed.
//!
//! It comes from the folder `DUCKDB_LIB_DIR` names, else from the user's cache, else from the network: DuckDB's own
//! release page, or the npm package of its Node bindings, which holds the same library. What is cached or fetched is
//! checked against the sums below; what `DUCKDB_LIB_DIR` holds is its owner's choice. With `--features bundled`
//! DuckDB is compiled in, and nothing here happens.
//!
//! The copy lies in `target/<profile>/duckdb-<sum>/`: a folder named after what it holds can never hold the wrong
//! library, whatever other checkouts build in the same target folder.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, exit},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The DuckDB that the pinned crate `duckdb` was made for.
const DUCKDB_VERSION: &str = "1.5.6";

/// The time that every copy bears.
const YEAR_2000: Duration = Duration::from_secs(946_684_800);

/// One platform's library.
struct Library {
    target: &'static str,
    version: &'static str,
    /// Archive of DuckDB's release page, without `.zip`.
    archive: &'static str,
    npm_package: &'static str,
    /// SHA-256 of the library itself.
    sum: &'static str,
}

/// 1.5.5 where the sum of 1.5.6 was not yet known: the two have the same interface and the same file format.
const LIBRARIES: &[Library] = &[
    Library {
        target: "x86_64-unknown-linux-gnu",
        version: DUCKDB_VERSION,
        archive: "libduckdb-linux-amd64",
        npm_package: "@duckdb/node-bindings-linux-x64@1.5.6-r.1",
        sum: "3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633",
    },
    Library {
        target: "aarch64-unknown-linux-gnu",
        version: "1.5.5",
        archive: "libduckdb-linux-arm64",
        npm_package: "@duckdb/node-bindings-linux-arm64@1.5.5-r.5",
        sum: "d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e",
    },
    Library {
        target: "x86_64-apple-darwin",
        version: "1.5.5",
        archive: "libduckdb-osx-universal",
        npm_package: "@duckdb/node-bindings-darwin-x64@1.5.5-r.5",
        sum: "b9027d18ef3e8d960568f77e946a83ca68009cb22d71cf7f94de842afdd094d8",
    },
    Library {
        target: "aarch64-apple-darwin",
        version: "1.5.5",
        archive: "libduckdb-osx-universal",
        npm_package: "@duckdb/node-bindings-darwin-arm64@1.5.5-r.5",
        sum: "b9027d18ef3e8d960568f77e946a83ca68009cb22d71cf7f94de842afdd094d8",
    },
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo:rustc-env=CARGO_PKG_VERSION_DUCKDB={DUCKDB_VERSION}");
    if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    if let Err(reason) = provide() {
        eprintln!("error: DuckDB's library is missing: {reason}");
        eprintln!("help: put the library of DuckDB {DUCKDB_VERSION} into a folder and name the folder with");
        eprintln!("      DUCKDB_LIB_DIR, or compile DuckDB with `--features bundled` (half an hour and more)");
        exit(1);
    }
}

fn provide() -> Result<()> {
    let target = env::var("TARGET")?;
    let is_apple = target.contains("apple");
    let file = if is_apple { "libduckdb.dylib" } else { "libduckdb.so" };
    let library = match env::var_os("DUCKDB_LIB_DIR") {
        Some(folder) => {
            let path = PathBuf::from(folder).join(file);
            println!("cargo:rerun-if-changed={}", path.display());
            fs::read(&path).map_err(|error| format!("DUCKDB_LIB_DIR names no `{}`: {error}", path.display()))?
        }
        None => cached_or_fetched(&target, file)?,
    };
    let folder = format!("duckdb-{}", &sum_of(&library)[..12]);
    let beside = profile_folder()?.join(&folder);
    place(&library, &beside.join(file))?;
    println!("cargo:rerun-if-changed={}", beside.join(file).display());
    // Cargo puts this folder on the library path of what it runs itself: doc tests have no other way to find it.
    println!("cargo:rustc-link-search=native={}", beside.display());
    // Binaries lie beside the folder, tests one level below.
    let origin = if is_apple { "@loader_path" } else { "$ORIGIN" };
    for place in [format!("{origin}/{folder}"), format!("{origin}/../{folder}")] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{place}");
    }
    if !is_apple {
        // The older tag comes before LD_LIBRARY_PATH, where another DuckDB may lie.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
    }
    Ok(())
}

/// `target/<profile>`: what holds the folder `build` in which cargo put this script's own folder.
fn profile_folder() -> Result<PathBuf> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let build = out.ancestors().find(|folder| folder.ends_with("build"));
    Ok(build.and_then(Path::parent).ok_or_else(|| format!("`{}` is no folder of cargo's", out.display()))?.into())
}

fn cached_or_fetched(target: &str, file: &str) -> Result<Vec<u8>> {
    let library = LIBRARIES.iter().find(|library| library.target == target);
    let library = library.ok_or_else(|| format!("no prebuilt library is known for `{target}`"))?;
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let cache = cache.ok_or("neither HOME nor XDG_CACHE_HOME is set, so there is no cache")?.join("commercepulse");
    let cached = cache.join(format!("duckdb-{}", library.version)).join(file);
    if let Some(bytes) = fs::read(&cached).ok().filter(|bytes| sum_of(bytes) == library.sum) {
        return Ok(bytes);
    }
    let aside = cache.join(format!("fetch-{}", std::process::id()));
    fs::create_dir_all(&aside).map_err(|error| format!("cannot make `{}`: {error}", aside.display()))?;
    let fetched = fetch(library, file, &aside);
    let _ = fs::remove_dir_all(&aside);
    let bytes = fetched?;
    place(&bytes, &cached)?;
    Ok(bytes)
}

/// The library from the first source that yields it with the sum it must have.
fn fetch(library: &Library, file: &str, folder: &Path) -> Result<Vec<u8>> {
    let Library { version, archive, npm_package, sum, .. } = library;
    let release = format!("https://github.com/duckdb/duckdb/releases/download/v{version}/{archive}.zip");
    let sources = [
        format!(
            "curl -fsSL --connect-timeout 15 --max-time 900 --retry 2 -o library.zip '{release}' && \
             {{ unzip -oq library.zip || python3 -m zipfile -e library.zip .; }}"
        ),
        format!(
            "npm pack --loglevel error --ignore-scripts '{npm_package}' && tar -xzf *.tgz && mv package/{file} {file}"
        ),
    ];
    let mut reasons = String::new();
    for source in sources {
        let output = Command::new("sh").args(["-c", &source]).current_dir(folder).output()?;
        let reason = if output.status.success() {
            let bytes = fs::read(folder.join(file))?;
            if sum_of(&bytes) == *sum {
                return Ok(bytes);
            }
            format!("its SHA-256 is {}, not {sum}", sum_of(&bytes))
        } else {
            String::from_utf8_lossy(&output.stderr).lines().take(4).collect::<Vec<_>>().join("\n    ")
        };
        reasons.push_str(&format!("\n  {source}\n    {reason}"));
    }
    Err(format!("it could not be fetched{reasons}").into())
}

fn sum_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts `bytes` at `to` unless they are there; by rename, so that neither a running program nor another build ever
/// sees half of them.
fn place(bytes: &[u8], to: &Path) -> Result<()> {
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let aside = to.with_extension(format!("{}.part", std::process::id()));
    let written = fs::create_dir_all(to.with_file_name(""))
        .and_then(|()| fs::write(&aside, bytes))
        // Cargo would take a file newer than this run for a change, and build everything again the next time.
        .and_then(|()| fs::File::options().write(true).open(&aside)?.set_modified(SystemTime::UNIX_EPOCH + YEAR_2000))
        .and_then(|()| fs::rename(&aside, to));
    written.map_err(|error| format!("cannot write `{}`: {error}", to.display()).into())
}
