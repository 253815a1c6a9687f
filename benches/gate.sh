#!/usr/bin/env bash
# What a pull request costs: benches/gate.sh [EVENTS] [N]. A thousand tests; a comparison after a change of one line and after none that
# means anything, of a thousand metrics on so many events, beside two queries of what is affected. Medians of N runs in turn.
# KEPI_BENCH_DATA: a folder of events that `kepi generate` wrote; KEPI_BINARY: the binary, else a release build.
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:-20000000} runs=${2:-5}
if test -z "${KEPI_BINARY:-}"; then
  cargo build --release --locked --quiet
  KEPI_BINARY="$PWD/${CARGO_TARGET_DIR:-target}/release/kepi"
  case ${CARGO_TARGET_DIR:-} in /*) KEPI_BINARY="$CARGO_TARGET_DIR/release/kepi" ;; esac
fi
kepi=$KEPI_BINARY
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A thousand tests of as many metrics, each with rows of its own.
mkdir -p "$work/tests/metrics"
printf 'kepi: 1\nname: tests\n' > "$work/tests/kepi.yaml"
{
  printf 'sources:\n  app: {files: app.csv, time: ts, actor: user_id, columns: {event: text, country: text}}\nmetrics:\n'
  for n in $(seq 1000); do printf '  m_%d: count(app where event = "e%d")\n' "$n" "$n"; done
} > "$work/tests/metrics/all.yaml"
for part in 0 1 2 3 4; do
  for n in $(seq $((part * 200 + 1)) $((part * 200 + 200))); do
    test $((n % 200)) != 1 || printf 'tests:\n'
    printf '  t_%d:\n    given:\n      app:\n' "$n"
    printf '        - {ts: 2026-01-0%d, user_id: %d, event: e%d, country: DE}\n' 1 1 "$n" 1 2 "$n" 2 1 "$n" 2 3 0
    printf '    expect:\n      m_%d by day: {2026-01-01: 2, 2026-01-02: 1}\n' "$n"
  done > "$work/tests/metrics/$part.test.yaml"
done

# A thousand metrics on generated events, under version control.
project=$work/project
benches/generate.sh "$project" 1000 50 100
if test -n "${KEPI_BENCH_DATA:-}"; then
  for file in "$KEPI_BENCH_DATA"/*.parquet; do ln "$file" "$project/data/" 2> /dev/null || cp "$file" "$project/data/"; done
else
  "$kepi" generate "$project/data" --events "$events" --actors $((events / 100 + 1)) --days 365 --files 4 --force --quiet
fi
sed -i -e 's/events.parquet/"*.parquet"/' -e 's/{from: duration_ms, type: integer, unit: ms}/{from: duration_s, unit: s}/' \
  -e 's/{type: decimal, unit: EUR}/{unit: EUR}/' "$project/metrics/base.yaml"
git="git -C $project -c user.name=bench -c user.email=bench@example.com -c commit.gpgsign=false"
$git init --quiet --initial-branch main
printf 'data/\n' > "$project/.gitignore"
$git add --all && $git commit --quiet --message base
cp -r "$project/metrics" "$work/base-metrics"

took() { # command…: milliseconds
  local from to
  from=$(date +%s%N); "$@" > /dev/null 2> "$work/err" || { cat "$work/err" >&2; echo "failed: $*" >&2; exit 1; }; to=$(date +%s%N)
  echo $(((to - from) / 1000000))
}
median() { sort -n | sed -n "$(((runs + 1) / 2))p"; }

for _ in $(seq "$runs"); do took "$kepi" test --no-data --quiet --project "$work/tests"; done | median > "$work/tests.ms"
printf '# A word.\n' >> "$project/metrics/f000.yaml"
for _ in $(seq "$runs"); do took "$kepi" diff main --project "$project"; done | median > "$work/nothing.ms"
# m_0 is changed; m_6 is made of it.
sed -i 's/count(play where country = "C1")/count(play where country = "DE")/' "$project/metrics/f000.yaml"
mkdir -p "$work/base/data" && cp -r "$work/base-metrics" "$work/base/metrics" && cp "$project/kepi.yaml" "$work/base/" && ln "$project"/data/*.parquet "$work/base/data/"
: > "$work/diff" && : > "$work/twice"
for _ in $(seq "$runs"); do
  took "$kepi" diff main --project "$project" >> "$work/diff"
  head=$(took "$kepi" query m_0 m_6 --no-cache --project "$project" --format csv)
  base=$(took "$kepi" query m_0 m_6 --no-cache --project "$work/base" --format csv)
  echo $((head + base)) >> "$work/twice"
done
diff=$(median < "$work/diff") twice=$(median < "$work/twice")
printf '%-66s %8s ms   (at most 10000 ms)\n' "test, 1,000 tests" "$(cat "$work/tests.ms")"
printf '%-66s %8s ms   (at most 200 ms)\n' "diff, 1,000 metrics, nothing affected" "$(cat "$work/nothing.ms")"
printf '%-66s %8s ms   (at most %s ms, 1.2 x %s)\n' "diff, one line, two of 1,000 metrics affected" "$diff" "$((twice * 12 / 10))" "$twice"
