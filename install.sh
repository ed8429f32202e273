#!/bin/sh
# Installs CommercePulse for daily use: the program and DuckDB's library together in PREFIX/lib/commercepulse, and
# a link in PREFIX/bin. Installing again replaces the old program; a running one goes on undisturbed.
set -eu

usage() {
    cat <<EOF
Usage: ./install.sh [--prefix DIR] [--as-cp] [--release] [--program FILE]

  --prefix DIR    where to install; DIR/bin should be on PATH [default: ~/.local]
  --as-cp         also link DIR/bin/cp, so that \`cp run\` is ours; what only coreutils' \`cp\` can do still goes there
  --release       compile with full optimization first; takes as long as the first build did, or longer
  --program FILE  install this compiled program and compile nothing

Without --as-cp the program is called \`commercepulse\`. To uninstall: remove DIR/lib/commercepulse and the links.
EOF
}

fail() {
    echo "error: $1" >&2
    exit 2
}

prefix=${HOME:-}/.local as_cp= profile=dev program=
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) [ $# -gt 1 ] || fail "\`--prefix\` needs a folder"; prefix=$2; shift ;;
    --program) [ $# -gt 1 ] || fail "\`--program\` needs a file"; program=$2; shift ;;
    --as-cp) as_cp=yes ;;
    --release) profile=release ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown argument \`$1\`" ;;
    esac
    shift
done

if [ -z "$program" ]; then
    manifest=$(dirname "$0")/Cargo.toml
    # Cargo itself says where the program lies, wherever its target folder is.
    built=$(cargo build --manifest-path "$manifest" --profile "$profile" --bin cp --message-format json-render-diagnostics)
    program=$(printf '%s\n' "$built" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
fi
[ -f "$program" ] || fail "there is no program \`$program\`"

# The run path in the program names the folder of its library; a program with DuckDB compiled in names none.
folder=$(LC_ALL=C grep -aoE '(ORIGIN|loader_path)/duckdb-[0-9a-f]{12}' "$program" | head -n 1 | sed 's,.*/,,') || true
lib=$prefix/lib/commercepulse
mkdir -p "$lib" "$prefix/bin"

# `install` and `mv`, not `cp`: under that name this script might call what it is about to replace.
put() {
    install -m 755 "$1" "$2.new"
    mv -f "$2.new" "$2"
}
if [ -n "$folder" ]; then
    source=
    for above in "$(dirname "$program")" "$(dirname "$program")/.."; do
        [ -n "$source" ] || ! [ -d "$above/$folder" ] || source=$above/$folder
    done
    [ -n "$source" ] || fail "the program's library is not beside it: no folder \`$folder\`; run \`cargo build\`"
    mkdir -p "$lib/$folder"
    for file in "$source"/libduckdb.*; do
        case $file in *.part) continue ;; esac
        put "$file" "$lib/$folder/$(basename "$file")"
    done
fi
put "$program" "$lib/cp"
for old in "$lib"/duckdb-*; do
    [ "$old" = "$lib/$folder" ] || rm -rf "$old"
done

link() {
    [ ! -d "$2" ] || fail "\`$2\` is a folder"
    rm -f "$2"
    ln -s "$1" "$2"
    echo "installed $2"
}
link ../lib/commercepulse/cp "$prefix/bin/commercepulse"
if [ -n "$as_cp" ]; then
    link ../lib/commercepulse/cp "$prefix/bin/cp"
fi
case :$PATH: in
*:"$prefix/bin":*) ;;
*) echo "put \`$prefix/bin\` on PATH to call it by name" ;;
esac
