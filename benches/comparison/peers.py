"""One peer's run as a whole process: `python -m comparison.peers NAME FOLDER OUT [KPI…]` (of journeys: questions).

Reads the event files of FOLDER with all cores, answers the KPIs, writes the answers and the seconds that each took to OUT.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from comparison import journeys, kpi
from comparison.answers import Answer, Answers, answer_of, write

# The day after the last of the generated year, in days since 1970.
END_DAY = 20454
Seconds = dict[str, float]


def files(folder: Path) -> tuple[str, bool]:
    """A pattern of the files, and whether they are Parquet."""
    parquet = any(folder.glob("*.parquet"))
    return (str(folder / ("*.parquet" if parquet else "*.csv*")), parquet)


# ------------------------------------------------------------------------------------------ DuckDB


def duckdb_session(folder: Path):
    import duckdb

    pattern, parquet = files(folder)
    session = duckdb.connect()
    session.execute(f"SET threads = {os.cpu_count()}")
    session.execute("SET TimeZone = 'UTC'")
    source = f"read_parquet('{pattern}')" if parquet else f"read_csv('{pattern}')"
    columns = "* REPLACE (CAST(ts AT TIME ZONE 'UTC' AS TIMESTAMP) AS ts, CAST(amount AS DECIMAL(9, 2)) AS amount)"
    session.execute(f"CREATE VIEW app AS SELECT {columns} FROM {source}")
    return session


def duckdb_sql(name: str) -> str:
    return kpi.QUERIES[name].format(
        day_number="date_diff('day', DATE '1970-01-01', CAST(ts AS DATE))",
        date_of_day="DATE '1970-01-01' + CAST(day AS INTEGER)",
        end_day=END_DAY,
        p95="quantile_cont(duration_s, 0.95)",
        median="median(duration_s)",
        days_left="date_diff('day', week, DATE '2026-01-01')",
    ) if "{" in kpi.QUERIES[name] else kpi.QUERIES[name]


def duckdb_one_by_one(folder: Path, names: list[str]) -> tuple[Answers, Seconds]:
    session = duckdb_session(folder)
    return timed(names, lambda name: answer_of(session.execute(duckdb_sql(name)).fetchall()))


# The whole suite by hand in one statement: rows are read once and folded to actor and day, from which all counts and sets
# follow; lengths of plays are read once more, for they need every value.
FUSED = f"""
WITH folded AS MATERIALIZED (
    SELECT CAST(ts AS DATE) AS day, user_id, country, platform,
        count(*) AS events,
        count(*) FILTER (WHERE {kpi.ACTIVE}) AS actives,
        count(*) FILTER (WHERE event = 'signup') AS signups,
        count(*) FILTER (WHERE event = 'play') AS plays,
        count(*) FILTER (WHERE event = 'share') AS shares,
        count(*) FILTER (WHERE event = 'error') AS errors,
        count(*) FILTER (WHERE event = 'payment') AS payments,
        sum(amount) FILTER (WHERE event = 'payment') AS amount,
        sum(duration_s) FILTER (WHERE event = 'play') AS duration
    FROM app GROUP BY ALL),
lengths AS (
    SELECT date_trunc('week', ts)::DATE AS week, plan, grouping(plan) AS whole,
        quantile_cont(duration_s, 0.95) AS p95, median(duration_s) AS median
    FROM app WHERE event = 'play' GROUP BY GROUPING SETS ((week), (week, plan))),
actor_days AS MATERIALIZED (
    SELECT day, date_trunc('week', day)::DATE AS week, date_trunc('month', day)::DATE AS month, user_id,
        sum(actives) > 0 AS active, sum(plays) AS plays, sum(shares) AS shares,
        sum(payments) AS payments, sum(amount) AS amount, sum(signups) AS signups, sum(errors) AS errors,
        sum(events) AS events, sum(duration) AS duration
    FROM folded GROUP BY day, user_id),
actor_weeks AS MATERIALIZED (
    SELECT week, user_id, bool_or(active) AS active, count(*) FILTER (WHERE active) AS active_days,
        sum(plays) AS plays, sum(shares) AS shares, sum(payments) AS payments, sum(amount) AS amount,
        sum(signups) AS signups, sum(duration) AS duration
    FROM actor_days GROUP BY ALL),
days AS (SELECT day, count(*) FILTER (WHERE active) AS users, sum(errors) AS errors, sum(events) AS events
    FROM actor_days GROUP BY day),
weeks AS (SELECT week, count(*) FILTER (WHERE active) AS users, sum(active_days) AS user_days,
        sum(signups) AS signups, sum(plays) AS plays, sum(duration) AS duration, sum(amount) AS amount,
        count(*) FILTER (WHERE payments > 0) AS paying, count(*) FILTER (WHERE plays > 0) AS listeners,
        count(*) FILTER (WHERE plays >= 5) AS heavy, count(*) FILTER (WHERE active AND shares > 0) AS sharing
    FROM actor_weeks GROUP BY week),
actor_months AS (SELECT month, user_id, bool_or(active) AS active, sum(payments) AS payments, sum(amount) AS amount
    FROM actor_days GROUP BY ALL),
months AS (SELECT month, count(*) FILTER (WHERE active) AS users, count(*) FILTER (WHERE payments > 0) AS paying,
        sum(amount) AS amount
    FROM actor_months GROUP BY month),
numbered AS (SELECT user_id, date_diff('day', DATE '1970-01-01', day) AS day FROM actor_days WHERE active),
spans AS (SELECT day, lead(day) OVER (PARTITION BY user_id ORDER BY day) AS following FROM numbered),
steps AS (SELECT day, count(*) AS step FROM spans GROUP BY 1
    UNION ALL SELECT least(day + 28, coalesce(following, day + 28)), -count(*) FROM spans GROUP BY 1),
rolling AS (SELECT day, sum(sum(step)) OVER (ORDER BY day) AS users FROM steps GROUP BY day)
SELECT 'dau', day, NULL, users::DOUBLE FROM days
UNION ALL SELECT 'error_rate', day, NULL, errors / events FROM days
UNION ALL SELECT 'rolling_28', DATE '1970-01-01' + day::INTEGER, NULL, users FROM rolling WHERE day < {END_DAY}
UNION ALL SELECT 'wau', week, NULL, users FROM weeks
UNION ALL SELECT 'stickiness', week, NULL,
    user_days / least(7, date_diff('day', week, DATE '2026-01-01')) / users FROM weeks
UNION ALL SELECT 'signups', week, NULL, signups FROM weeks
UNION ALL SELECT 'plays', week, NULL, plays FROM weeks
UNION ALL SELECT 'mean_duration', week, NULL, duration / plays FROM weeks
UNION ALL SELECT 'revenue', week, NULL, amount FROM weeks
UNION ALL SELECT 'paying_users', week, NULL, paying FROM weeks
UNION ALL SELECT 'sharing_actives', week, NULL, sharing / users FROM weeks
UNION ALL SELECT 'plays_per_user', week, NULL, plays / listeners FROM weeks
UNION ALL SELECT 'heavy_listeners', week, NULL, heavy / listeners FROM weeks
UNION ALL SELECT 'mau', month, NULL, users FROM months
UNION ALL SELECT 'arpu', month, NULL, coalesce(amount, 0)::DOUBLE / users FROM months
UNION ALL SELECT 'arppu', month, NULL, amount::DOUBLE / paying FROM months
UNION ALL SELECT 'signups_by_country', date_trunc('week', day)::DATE, country, sum(signups) FROM folded GROUP BY ALL
UNION ALL SELECT 'plays_by_platform', date_trunc('week', day)::DATE, platform, sum(plays) FROM folded GROUP BY ALL
UNION ALL SELECT 'revenue_by_country', date_trunc('month', day)::DATE, country, sum(amount) FROM folded GROUP BY ALL
UNION ALL SELECT 'p95_duration', week, NULL, p95 FROM lengths WHERE whole = 1
UNION ALL SELECT 'median_by_plan', week, plan, median FROM lengths WHERE whole = 0
"""


def duckdb_fused(folder: Path, _: list[str]) -> tuple[Answers, Seconds]:
    rows = duckdb_session(folder).execute(FUSED).fetchall()
    out: dict[str, list[tuple]] = {}
    for name, *row in rows:
        out.setdefault(name, []).append(tuple(row))
    return {name: answer_of(rows) for name, rows in out.items()}, {}


def duckdb_journeys(folder: Path, questions: list[str]) -> tuple[Answers, Seconds]:
    session = duckdb_session(folder)
    answers: Answers = {}

    def one(question: str) -> Answer:
        sql = journeys.QUERIES[question].replace("{rolling}", duckdb_sql("rolling_28"))
        rows: dict[str, list[tuple]] = {}
        for name, start, value in session.execute(sql).fetchall():
            rows.setdefault(name, []).append((start, None, value))
        answers.update({name: answer_of(of) for name, of in rows.items()})
        return {}

    _, seconds = timed(questions, one)
    return answers, seconds


# ------------------------------------------------------------------------------------------ DataFusion


def datafusion_session(folder: Path):
    import datafusion

    pattern, parquet = files(folder)
    config = datafusion.SessionConfig().with_target_partitions(os.cpu_count() or 1)
    session = datafusion.SessionContext(config)
    if parquet:
        session.register_parquet("app", str(folder))
    else:
        gzip = pattern.endswith("*") and any(folder.glob("*.gz"))
        session.register_csv("app", str(folder), file_extension=".gz" if gzip else ".csv",
                             file_compression_type="gzip" if gzip else None)
    return session


# DataFusion's `percentile_cont` weighs the two nearest values by millionths, which is off in the eighth digit.
EXACT_P95 = f"""
    WITH ranked AS (
        SELECT {kpi.WEEK} AS week, duration_s,
            row_number() OVER (PARTITION BY {kpi.WEEK} ORDER BY duration_s) - 1 AS rank,
            0.95 * (count(*) OVER (PARTITION BY {kpi.WEEK}) - 1) AS wanted
        FROM app WHERE event = 'play')
    SELECT week, NULL, sum(duration_s * (1 - abs(rank - wanted))) FROM ranked WHERE abs(rank - wanted) < 1 GROUP BY 1"""


def datafusion_one_by_one(folder: Path, names: list[str]) -> tuple[Answers, Seconds]:
    session = datafusion_session(folder)

    def one(name: str) -> Answer:
        sql = EXACT_P95 if name == "p95_duration" else kpi.QUERIES[name]
        if "{" in sql:
            sql = sql.format(
                day_number="CAST(CAST(CAST(ts AS DATE) AS INT) AS BIGINT)",
                date_of_day="CAST(CAST(day AS INT) AS DATE)",
                end_day=END_DAY,
                days_left=f"{END_DAY} - CAST(CAST(week AS INT) AS BIGINT)",
                median="median(CAST(duration_s AS DOUBLE))",
            )
        rows = []
        for batch in session.sql(sql).collect():
            rows.extend(zip(*(column.to_pylist() for column in batch.columns)))
        return answer_of(rows)

    return timed(names, one)


def bare_scan(folder: Path, _: list[str]) -> tuple[Answers, Seconds]:
    """Every column that the suite touches, read and thrown away."""
    rows = 0
    sql = "SELECT ts, user_id, event, country, plan, platform, duration_s, amount FROM app"
    for stream in datafusion_session(folder).sql(sql).execute_stream_partitioned():
        for batch in stream:
            rows += batch.to_pyarrow().num_rows
    return {"rows": {("", ""): rows}}, {}


# ------------------------------------------------------------------------------------------ Polars


def polars_lazy(folder: Path, names: list[str]) -> tuple[Answers, Seconds]:
    """All frames collected together, so that Polars shares what they have in common."""
    import polars as pl

    pattern, parquet = files(folder)
    app = pl.scan_parquet(pattern) if parquet else pl.scan_csv(pattern, try_parse_dates=True)
    day, week = pl.col("ts").dt.date(), pl.col("ts").dt.truncate("1w").dt.date()
    month = pl.col("ts").dt.truncate("1mo").dt.date()
    event = pl.col("event")
    active, play, pay = event.is_in(["login", "play", "search"]), event == "play", event == "payment"
    users, seconds = pl.col("user_id").n_unique(), pl.col("duration_s")
    amount = pl.col("amount").cast(pl.Decimal(38, 2)).sum()
    whole = pl.lit(None, dtype=pl.String).alias("part")

    def by(period, rows, value, part=None):
        keys = [period.alias("start")] + ([pl.col(part).alias("part")] if part else [])
        frame = app.filter(rows).group_by(keys).agg(value.alias("value"))
        return frame if part else frame.select("start", whole, "value")

    daily, weekly = by(day, active, users), by(week, active, users)
    days = app.filter(active).select("user_id", day.alias("day")).unique()
    following = pl.col("day").sort().shift(-1)
    spans = days.group_by("user_id").agg(pl.col("day").sort(), following.alias("following")).explode("day", "following")
    until = pl.min_horizontal(pl.col("day") + pl.duration(days=28), pl.col("following").fill_null(pl.date(9999, 1, 1)))
    steps = pl.concat([
        spans.select(pl.col("day"), pl.lit(1).alias("step")),
        spans.select(until.alias("day"), pl.lit(-1).alias("step")),
    ]).group_by("day").agg(pl.col("step").sum()).sort("day")
    rolling = steps.select(pl.col("day").alias("start"), whole, pl.col("step").cum_sum().alias("value"))
    per_week = app.filter(active | (event == "share")).group_by(week.alias("start"), "user_id").agg(
        active.any().alias("active"), (event == "share").any().alias("shared"))
    plays = app.filter(play).group_by(week.alias("start"), "user_id").agg(pl.len().alias("plays"))
    here = pl.min_horizontal(7, (pl.date(2026, 1, 1) - pl.col("start")).dt.total_days())
    stick = daily.group_by(pl.col("start").dt.truncate("1w")).agg(pl.col("value").sum().alias("sum")).join(
        weekly, on="start").select("start", whole, pl.col("sum") / here / pl.col("value"))
    paid = pl.col("amount").filter(pay).cast(pl.Decimal(38, 2)).sum().cast(pl.Float64)
    frames = {
        "dau": daily, "wau": weekly, "mau": by(month, active, users),
        "rolling_28": rolling.filter(pl.col("start") < pl.date(2026, 1, 1)),
        "stickiness": stick,
        "signups": by(week, event == "signup", pl.len()),
        "signups_by_country": by(week, event == "signup", pl.len(), "country"),
        "plays": by(week, play, pl.len()), "plays_by_platform": by(week, play, pl.len(), "platform"),
        "mean_duration": by(week, play, seconds.mean()),
        "p95_duration": by(week, play, seconds.quantile(0.95, "linear")),
        "median_by_plan": by(week, play, seconds.median(), "plan"),
        "revenue": by(week, pay, amount), "revenue_by_country": by(month, pay, amount, "country"),
        "arpu": by(month, active | pay, paid / pl.col("user_id").filter(active).n_unique()),
        "arppu": by(month, pay, paid / users), "paying_users": by(week, pay, users),
        "sharing_actives": per_week.filter("active").group_by("start").agg(pl.col("shared").mean().alias("value"))
            .select("start", whole, "value"),
        "plays_per_user": by(week, play, pl.len() / users),
        "heavy_listeners": plays.group_by("start").agg((pl.col("plays") >= 5).mean().alias("value"))
            .select("start", whole, "value"),
        "error_rate": by(day, pl.lit(True), (event == "error").mean()),
    }
    wanted = [frames[name] for name in names]
    return {name: answer_of(frame.rows()) for name, frame in zip(names, pl.collect_all(wanted))}, {}


# ------------------------------------------------------------------------------------------ one process


def timed(names: list[str], one: Callable[[str], Answer]) -> tuple[Answers, Seconds]:
    answers, seconds = {}, {}
    for name in names:
        begun = time.perf_counter()
        answers[name] = one(name)
        seconds[name] = time.perf_counter() - begun
    return answers, seconds


PEERS = {
    "duckdb": duckdb_one_by_one, "duckdb_fused": duckdb_fused, "datafusion": datafusion_one_by_one,
    "polars": polars_lazy, "bare_scan": bare_scan, "duckdb_journeys": duckdb_journeys,
}


def main() -> None:
    peer, folder, out, *names = sys.argv[1:]
    every = list(journeys.QUESTIONS) if peer == "duckdb_journeys" else kpi.NAMES
    answers, seconds = PEERS[peer](Path(folder), names or every)
    write(Path(out), answers)
    Path(out + ".seconds").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
