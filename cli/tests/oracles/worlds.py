"""What another engine finds in the data of the generated examples: DuckDB 2.0.1, run once, its numbers in worlds.json.

Run in the repository's root: python3 cli/tests/oracles/worlds.py > cli/tests/oracles/worlds.json
"""

import json

import duckdb

con = duckdb.connect()


def table(name, read, key, zone, time="at", where="true", then="1"):
    """A view without copies: of the rows with one key the first by time, then by value, stays. Its quarter is that of the project's zone."""
    # All columns are read: a row of which one cannot be is none.
    con.execute(f"create table raw_{name} as select * from {read}")
    con.execute(
        f"create view {name} as select *, strftime(timezone('{zone}', timezone('UTC', t)), '%Y') || '-Q' ||"
        f" quarter(timezone('{zone}', timezone('UTC', t))) as quarter from (select *, row_number() over"
        f" (partition by {key} order by t, {then}) as copy from (select *, \"{time}\"::timestamp as t from raw_{name}"
        f" where {where} and \"{time}\" is not null)) where copy = 1"
    )


def csv(path, columns):
    return f"read_csv('{path}', header=true, columns={columns}, ignore_errors=true)"


def lines(path):
    # A line that is cut off is no row.
    return f"read_json('{path}', format='newline_delimited', ignore_errors=true)"


berlin, lisbon, york = "Europe/Berlin", "Europe/Lisbon", "America/New_York"
con.execute("set TimeZone='UTC'")
table("video", "'examples/streaming/data/events.parquet'", "event_id", berlin, where="not is_test", then="watched_s")
table(
    "ratings",
    csv("examples/streaming/data/ratings.csv",
        "{'rating_id': 'bigint', 'at': 'timestamp', 'viewer_id': 'bigint', 'title_id': 'bigint', 'stars': 'bigint'}"),
    "rating_id", berlin, then="stars",
)
table("app", lines("examples/music/data/events.ndjson.gz"), "id", berlin, time="ts", then="song.ms")
table("payments", "'examples/music/data/payments.parquet'", "payment_id", berlin)
table("visits", "'examples/marketplace/data/visits.parquet'", "visit_id", lisbon, where="not bot")
table(
    "bookings",
    csv("examples/marketplace/data/bookings.csv",
        "{'booking_id': 'bigint', 'at': 'timestamp', 'event': 'varchar', 'guest_id': 'bigint', 'listing_id': 'bigint',"
        " 'nights': 'bigint', 'total': 'decimal(12, 2)'}"),
    "booking_id", lisbon,
)
table("messages", lines("examples/marketplace/data/messages.ndjson"), "id", lisbon, time="sent_at", then="thread.waited_s")
table("usage", "'examples/saas/data/usage.parquet'", "event_id", york)
table("tickets", lines("examples/saas/data/tickets.ndjson"), "id", york, time="created_at", then="satisfaction")
subscriptions = csv(
    "examples/saas/data/subscriptions.csv",
    "{'subscription_id': 'bigint', 'account_id': 'bigint', 'plan': 'varchar', 'mrr': 'decimal(12, 2)',"
    " 'started_at': 'timestamp', 'ended_at': 'timestamp', 'reason': 'varchar'}",
)
table("lost", subscriptions, "subscription_id", york, time="ended_at")

QUESTIONS = {
    "streaming": [
        ("watching_time", "video", "sum(watched_s) filter (where event = 'play') / 3600"),
        ("monthly_viewers", "video", "count(distinct viewer_id) filter (where event = 'play')"),
        ("stall_rate", "video", "count(*) filter (where event = 'stall') / count(*) filter (where event = 'play')"),
        ("rating_mean", "ratings", "avg(stars) filter (where stars between 1 and 5)"),
    ],
    "music": [
        ("listening_time", "app", "sum(song.ms) filter (where event = 'play') / 3600000"),
        ("skip_rate", "app", "count(*) filter (where event = 'skip') / count(*) filter (where event in ('skip', 'play'))"),
        ("revenue", "payments", "sum(amount) filter (where status = 'paid')"),
        ("buyers", "payments", "count(distinct user_id) filter (where status = 'paid')"),
    ],
    "marketplace": [
        ("nights", "bookings", "sum(nights) filter (where event = 'booked')"),
        ("booking_value", "bookings", "sum(total) filter (where event = 'booked')"),
        ("response_time", "messages", "median(thread.waited_s) filter (where kind = 'reply') / 3600"),
    ],
    "saas": [
        ("active_accounts", "usage", "count(distinct account_id) filter (where event = 'use')"),
        ("active_people", "usage", "count(distinct user_id) filter (where event = 'use')"),
        ("mrr_lost", "lost", "sum(mrr)"),
        ("first_reply_time", "tickets", "median(first_reply_minutes) / 60"),
    ],
}

answers = {}
for world, questions in QUESTIONS.items():
    for metric, view, sql in questions:
        rows = con.execute(
            f"select quarter, ({sql})::double from {view} where quarter between '2025-Q4' and '2026-Q3' group by 1 order by 1"
        ).fetchall()
        answers.setdefault(world, {})[metric] = dict(rows)
print(json.dumps(answers, indent=1))
