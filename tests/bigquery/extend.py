"""Installs the extensions of DuckDB that came as packages where DuckDB looks for them: below HOME."""

import glob
import sysconfig

import duckdb

if __name__ == "__main__":
    files = glob.glob(sysconfig.get_path("purelib") + "/duckdb_extension_*/extensions/*/*.duckdb_extension")
    assert len(files) == 3, files
    for file in files:
        duckdb.connect().execute(f"INSTALL '{file}'")
