#!/usr/bin/env bash
# Whole processes, medians of N runs, side by side in one run: benches/run.sh [N]. Prints a table; docs/benchmarks.md says how it was read.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-11}
cargo build --release --locked --quiet
kepi="${CARGO_TARGET_DIR:-target}/release/kepi"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
benches/generate.sh "$work/k1" 1000 50 100
benches/generate.sh "$work/k10" 10000 50 100
mkdir -p "$work/tiny/metrics" "$work/tiny/data"
printf 'kepi: 1\nname: tiny\n' > "$work/tiny/kepi.yaml"
printf 'sources:\n  app: {files: e.csv, time: ts, actor: user}\nmetrics:\n  rows: count(app)\n' > "$work/tiny/metrics/a.yaml"
printf 'ts,user\n2026-01-01T10:00:00Z,1\n2026-01-02T10:00:00Z,2\n' > "$work/tiny/data/e.csv"

median() { # label, limit in ms, command…
  local label=$1 limit=$2; shift 2
  local times=()
  "$@" > /dev/null 2> "$work/err" || { cat "$work/err"; echo "failed: $*"; exit 1; }
  for _ in $(seq "$runs"); do
    local from to
    from=$(date +%s%N); "$@" > /dev/null 2>&1; to=$(date +%s%N)
    times+=($(((to - from) / 10000)))
  done
  local sorted
  sorted=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p")
  printf '%-52s %8.2f ms   (at most %s ms)\n' "$label" "$(echo "$sorted" | awk '{print $1 / 100}')" "$limit"
}

median "check --no-data, 1,000 metrics in 100 files" 50 "$kepi" check --no-data --project "$work/k1"
median "check --no-data, 10,000 metrics in 100 files" 500 "$kepi" check --no-data --project "$work/k10"
median "report, examples/retail (541,909 rows)" 1500 "$kepi" report --project examples/retail --out "$work/out"
median "query of one metric, two rows of CSV" 150 "$kepi" query rows --project "$work/tiny"
