"""MetricFlow on dbt-duckdb: the eight KPIs that it can say, each a call of `mf query`, as its users make it."""

import csv
import os
from pathlib import Path

from comparison.answers import Answer, Answers, answer_of
from comparison.measure import Run, run

# KPI: the metric, its grain, and the dimension it is broken down by.
EIGHT: dict[str, tuple[str, str, str | None]] = {
    "dau": ("actives", "day", None),
    "wau": ("actives", "week", None),
    "mau": ("actives", "month", None),
    "signups_by_country": ("signups", "week", "country"),
    "plays_by_platform": ("plays", "week", "platform"),
    "mean_duration": ("mean_duration", "week", None),
    "revenue": ("revenue", "week", None),
    "plays_per_user": ("plays_per_user", "week", None),
}

ACTIVE = "event in ('login', 'play', 'search')"

FILES = {
    "dbt_project.yml": """
name: kpi
version: "1.0"
profile: kpi
model-paths: [models]
models: {+materialized: view}
""",
    "profiles.yml": """
kpi:
  target: dev
  outputs: {dev: {type: duckdb, path: FOLDER/kpi.duckdb, threads: CORES, settings: {TimeZone: UTC, threads: CORES}}}
""",
    "models/app.sql": """
select * replace (cast(ts at time zone 'UTC' as timestamp) as ts) from read_parquet('DATA/*.parquet')
""",
    "models/days.sql": """
{{ config(materialized='table') }}
select cast(day as date) as day from generate_series(date '2024-12-01', date '2026-02-01', interval 1 day) as t(day)
""",
    "models/days.yml": """
models:
  - name: days
    time_spine: {standard_granularity_column: day}
    columns: [{name: day, granularity: day}]
""",
    "models/semantic.yml": f"""
semantic_models:
  - name: app
    model: ref('app')
    defaults: {{agg_time_dimension: ts}}
    entities: [{{name: event_row, type: primary, expr: "user_id || ts"}}]
    dimensions:
      - {{name: ts, type: time, type_params: {{time_granularity: day}}}}
      - {{name: country, type: categorical}}
      - {{name: platform, type: categorical}}
    measures:
      - {{name: actives, agg: count_distinct, expr: "case when {ACTIVE} then user_id end"}}
      - {{name: listeners, agg: count_distinct, expr: "case when event = 'play' then user_id end"}}
      - {{name: signups, agg: sum, expr: "case when event = 'signup' then 1 else 0 end"}}
      - {{name: plays, agg: sum, expr: "case when event = 'play' then 1 else 0 end"}}
      - {{name: mean_duration, agg: average, expr: "case when event = 'play' then duration_s end"}}
      - {{name: revenue, agg: sum, expr: "case when event = 'payment' then amount end"}}
metrics:
""" + "".join(
        f"  - {{name: {name}, label: {name}, type: simple, type_params: {{measure: {name}}}}}\n"
        for name in ("actives", "listeners", "signups", "plays", "mean_duration", "revenue")
    ) + """
  - {name: plays_per_user, label: plays_per_user, type: ratio, type_params: {numerator: plays, denominator: listeners}}
""",
}


class MetricFlow:
    def __init__(self, programs: Path, work: Path, folder: Path) -> None:
        """A dbt project over the event files of `folder`, its models built."""
        self.programs, self.project = programs, work / "metricflow"
        self.environment = {"DBT_PROFILES_DIR": str(self.project), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                            "DBT_PROJECT_DIR": str(self.project)}
        for name, text in FILES.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            for word, value in (("FOLDER", self.project), ("DATA", folder / "data"), ("CORES", os.cpu_count())):
                text = text.replace(word, str(value))
            path.write_text(text.lstrip())
        self.call("dbt", "run", "--project-dir", str(self.project))

    def call(self, program: str, *arguments: str) -> Run:
        command = [str(self.programs / program), *arguments]
        return run(command, self.project / f"{program}.out", self.environment, self.project)

    def all(self) -> tuple[Run, Answers]:
        """The eight, one process after the other: their time together, the most memory of one."""
        answers: Answers = {}
        seconds, cpu, megabytes = 0.0, 0.0, 0.0
        for name, (metric, grain, part) in EIGHT.items():
            keys = f"metric_time__{grain}" + (f",event_row__{part}" if part else "")
            out = self.project / "answer.csv"
            one = self.call("mf", "query", "--metrics", metric, "--group-by", keys, "--csv", str(out))
            seconds, cpu, megabytes = seconds + one.seconds, cpu + one.cpu, max(megabytes, one.megabytes)
            answers[name] = read(out, metric, f"metric_time__{grain}", f"event_row__{part}" if part else None)
        return Run(seconds, cpu, megabytes, b""), answers


def read(path: Path, metric: str, time: str, part: str | None) -> Answer:
    with path.open() as rows:
        return answer_of((row[time], row[part] if part else None, float(row[metric])) for row in csv.DictReader(rows)
                         if row[metric])
