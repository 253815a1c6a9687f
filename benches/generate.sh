#!/usr/bin/env bash
# A project of many metrics: generate.sh DIR METRICS OBJECTIVES FILES. The same arguments give the same files.
set -euo pipefail
dir=$1 metrics=$2 objectives=$3 files=$4
mkdir -p "$dir/metrics" "$dir/data"
cat > "$dir/kepi.yaml" <<'Y'
kepi: 1
name: many
time_zone: Europe/Berlin
currency: EUR
Y
cat > "$dir/metrics/base.yaml" <<'Y'
sources:
  app:
    files: events.parquet
    time: ts
    actor: user_id
    columns:
      ts: instant
      user_id: integer
      event: text
      country: text
      plan: text
      watched: {from: duration_ms, type: integer, unit: ms}
      amount: {type: decimal, unit: EUR}
events:
  signup: app where event = "signup"
  play: app where event = "play" and watched >= 30s
  search: app where event = "search"
  payment: app where event = "payment"
  active: signup or play or search
goals:
  growth: {title: The service grows}
Y
awk -v dir="$dir" -v metrics="$metrics" -v objectives="$objectives" -v files="$files" 'BEGIN {
  forms[0] = "count(play where country = \"C%d\")"
  forms[1] = "unique(active where plan = \"P%d\") over 28 days"
  forms[2] = "sum(payment.amount where country in (\"A%d\", \"DE\")) / unique(payment)"
  forms[3] = "share(count(play) per actor >= %d)"
  forms[4] = "mean(unique(active where country = \"C%d\") per day) / (unique(active) over 28 days)"
  forms[5] = "percentile(sum(play.watched) per actor, 90) where country = \"C%d\""
  forms[6] = "m_%d / m_%d"
  forms[7] = "count(search where plan != \"P%d\") - ago(count(search), 1 week)"
  for (f = 0; f < files; f++) {
    out = sprintf("%s/metrics/f%03d.yaml", dir, f)
    print "metrics:" > out
    for (m = f; m < metrics; m += files) {
      k = m % 8
      if (k == 6) expr = sprintf(forms[6], m - 6, m - 4); else expr = sprintf(forms[k], m + 1)
      printf "  m_%d:\n    title: Metric %d\n    expr: %s\n    better: higher\n    stage: engagement\n    grain: week\n    owner: team%d\n    description: Generated.\n", m, m, expr, m % 9 > out
    }
    if (f < objectives || objectives > files) {
      print "objectives:" > out
      for (o = f; o < objectives; o += files)
        printf "  o_%d:\n    title: Objective %d\n    metric: m_%d\n    target: increase by 10%% from 2026-Q1\n    due: 2026-Q3\n    owner: team%d\n    supports: growth\n    because: Generated.\n    check_in: every 2 weeks\n", o, o, o * 8, o % 9 > out
    }
    close(out)
  }
}'
