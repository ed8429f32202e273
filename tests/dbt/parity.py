"""Builds the project with `cp` and with dbt-core on the same landed events, and compares every table row for row.

First on the committed sample, then, incrementally, after one more live day. Columns whose names begin with `_` are
the pipeline's own (positions, times of loading) and are not compared; nor are a project's checks.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]

# What makes a project; all else in the folder is the tool's source, or written by a run.
PARTS = ["dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "snapshots", "tests/sql", "data"]
WRITTEN = shutil.ignore_patterns("*.duckdb", "*.duckdb.wal", "published", ".published*")

# A day after every day of the sample.
SECOND_DAY = "2031-06-01"


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        ours, theirs = Path(folder) / "cp", Path(folder) / "dbt"
        for project in (ours, theirs):
            copy_project(project)
        faults = 0
        for round_name, events in (("the sample", None), ("one more live day", SECOND_DAY)):
            print(f"\n{round_name}")
            if events:
                call([arguments.cp, "generate", "--events", "2000", "--date", events, "--seed", "7",
                      "--out", "data/live_events"], ours)
            call([arguments.cp, "ingest"], ours)
            copy_landed(ours, theirs)
            call([arguments.cp, "run"], ours)
            call(dbt("build"), theirs)
            faults += compare(ours, theirs)
    print(f"\n{'every table is equal' if not faults else f'{faults} tables differ'}")
    return 1 if faults else 0


def parse_arguments():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cp", default=target / "debug" / "cp", type=Path, help="the program to compare")
    arguments = parser.parse_args()
    arguments.cp = arguments.cp.resolve()
    if not arguments.cp.is_file():
        parser.error(f"there is no {arguments.cp}: run `cargo build`")
    return arguments


def copy_project(to):
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=WRITTEN)
        elif source.is_file():
            (to / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / part)


def copy_landed(ours, theirs):
    """Gives dbt the same landed events, with the same sequence numbers, and leaves its own tables alone."""
    source, target = warehouse(ours), warehouse(theirs)
    if not target.exists():
        shutil.copy2(source, target)
        return
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{source}' as landed (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'landed' and schema_name = 'raw'"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f'create or replace table "{schema}"."{table}" as from landed."{schema}"."{table}"')


def warehouse(project):
    return project / "data" / "warehouse.duckdb"


def dbt(verb):
    # A deprecation of today is an error of dbt-core's next release.
    strict = json.dumps({"error": ["Deprecations"]})
    return [Path(sys.executable).parent / "dbt", "--warn-error-options", strict, "--no-use-colors", verb,
            "--profiles-dir", ".", "--target-path", "target-dbt"]


def call(command, project):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "CP_"))}
    environment |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "NO_COLOR": "1"}
    done = subprocess.run([str(word) for word in command], cwd=project, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        shown = " ".join(str(word) for word in command[:2])
        sys.exit(f"{done.stdout}\n`{shown} ...` failed with exit code {done.returncode}")


def compare(ours, theirs):
    """Compares every table of the project; returns how many differ."""
    nodes = json.loads((theirs / "target-dbt" / "manifest.json").read_text())["nodes"].values()
    kept = [node for node in nodes if node["resource_type"] in ("model", "seed", "snapshot")
            and node["config"]["materialized"] != "ephemeral"]
    if not kept:
        sys.exit("the project has no models, so nothing was compared")
    faults = 0
    for node in sorted(kept, key=lambda node: node["name"]):
        relation = f'"{node["schema"]}"."{node["alias"]}"'
        rows, fault = differences(export(ours, relation), export(theirs, relation))
        faults += bool(fault)
        print(f"  {node['name']:<32} {rows:>8} rows  {'equal' if not fault else 'DIFFERENT'}")
        if fault:
            print("    " + fault.replace("\n", "\n    "))
    return faults


def export(project, relation):
    """A relation's comparable columns with their types, and a Parquet file of its rows."""
    file = project / "compared.parquet"
    with duckdb.connect(str(warehouse(project)), read_only=True) as connection:
        try:
            described = connection.execute(f"describe select * from {relation}").fetchall()
        except duckdb.Error as error:
            return {"missing": str(error).splitlines()[0]}, None
        columns = {name: kind for name, kind, *_ in described if not name.startswith("_")}
        listed = ", ".join(f'"{name}"' for name in columns)
        connection.execute(f"copy (select {listed} from {relation}) to '{file}' (format parquet)")
    return columns, file


def differences(ours, theirs):
    """How many rows dbt's table has, and what differs, if anything does."""
    (our_columns, our_file), (their_columns, their_file) = ours, theirs
    with duckdb.connect() as connection:
        count = connection.execute(f"select count(*) from '{their_file}'").fetchone()[0] if their_file else 0
        if list(our_columns.items()) != list(their_columns.items()):
            odd = [f"{name}: cp {our_columns.get(name)}, dbt {their_columns.get(name)}"
                   for name in {**our_columns, **their_columns} if our_columns.get(name) != their_columns.get(name)]
            return count, "\n".join(odd or ["the columns are in another order"])
        faults = []
        for only, first, second in (("cp", our_file, their_file), ("dbt", their_file, our_file)):
            rows = f"from '{first}' except all from '{second}'"
            number = connection.execute(f"select count(*) from ({rows})").fetchone()[0]
            if number:
                examples = connection.execute(f"{rows} limit 3").fetchall()
                faults.append(f"{number} rows only from {only}, as in")
                faults.extend(f"  {example}" for example in examples)
        return count, "\n".join(faults)


if __name__ == "__main__":
    sys.exit(main())
