"""Cohorts, stickiness and returns of two real data sets, as DuckDB works them out.

    python3 cli/tests/oracles/journeys.py > cli/tests/oracles/journeys.json
"""

import json
import pathlib

import duckdb

here = pathlib.Path(__file__).parent
retail = here.parent.parent.parent / "examples/retail/data/online_retail.parquet"
db = duckdb.connect()
db.execute(f"""
    create view buys as select distinct customer_id as actor, date_trunc('month', invoice_ts)::date as bucket
    from '{retail}' where customer_id is not null and invoice_no not like 'C%'
""")
db.execute(f"""
    create view visits as select distinct user_pseudo_id as actor, ts::date as day, date_trunc('week', ts)::date as bucket
    from '{here / "ga4_events_flat.parquet"}'
""")


def cohorts(view: str, step: str, offsets: list[int], last: str) -> dict:
    """By the first bucket of an actor: how many, and how many of them were there so many buckets later. No number where
    the bucket was not over by `last`."""
    rows = db.execute(f"""
        with first as (select actor, min(bucket) as cohort from {view} group by 1),
        size as (select cohort, count(*) as n from first group by 1),
        offsets as (select unnest({offsets}) as k),
        back as (
            select cohort, datediff('{step}', cohort, bucket) as k, count(distinct actor) as back
            from (select distinct actor, bucket from {view}) join first using (actor) group by 1, 2)
        select size.cohort, offsets.k, n,
            case when size.cohort + (offsets.k + 1) * interval 1 {step} <= date '{last}' then coalesce(back, 0) end
        from size cross join offsets left join back on back.cohort = size.cohort and back.k = offsets.k
        order by 1, 2
    """).fetchall()
    found: dict = {}
    for cohort, k, n, back in rows:
        found.setdefault(str(cohort), {"members": n, "back": {}})["back"][str(k)] = back
    return found


stickiness = db.execute("""
    with daily as (select date_trunc('month', day)::date as month, day, count(distinct actor) as n from visits group by all),
    monthly as (select date_trunc('month', day)::date as month, count(distinct actor) as n from visits group by all),
    often as (
        select month, count(*) filter (days >= 2) as twice from (
            select date_trunc('month', day)::date as month, actor, count(distinct day) as days from visits group by all)
        group by all)
    select month, avg(daily.n) / any_value(monthly.n), any_value(twice) / any_value(monthly.n)
    from daily join monthly using (month) join often using (month) group by 1 order by 1
""").fetchall()

answers = {
    "retail: customers that buy again, by month of the first purchase": cohorts("buys", "month", list(range(13)), "2011-12-09"),
    "ga4: users that come again, by week of the first visit": cohorts("visits", "week", [0, 1, 2, 4], "2021-01-31"),
    "ga4: mean daily users / monthly users, and users of two days": {str(m)[:7]: [s, t] for m, s, t in stickiness},
}
print(json.dumps(answers, indent=1))
