"""What another engine finds through lookups: DuckDB 2.0.1, run once, its numbers with the SQL that made them in lookups.json.

Run in the repository's root: python3 cli/tests/oracles/lookups.py > cli/tests/oracles/lookups.json
With --data the tables are made again as well (the same numbers, the same bytes).
"""

import csv
import datetime as dt
import json
import random
import sys

import duckdb

DATA = "cli/tests/data/lookups/data"
UTC = dt.timezone.utc


def write(name, header, rows):
    with open(f"{DATA}/{name}", "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


def make():
    r = random.Random(7)
    start = dt.datetime(2026, 1, 1, tzinfo=UTC)
    stamp = lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")
    tenants, users = ["north", "south", "east"], 25
    events = []
    for n in range(4000):
        at = start + dt.timedelta(seconds=r.randrange(180 * 86400))
        # Now and then to the second where a plan changes, midnight in Berlin.
        if r.random() < 0.1:
            at = at.replace(hour=22 if at.month > 3 else 23, minute=0, second=0)
        tenant = r.choice(tenants) if r.random() > 0.03 else ""
        user = r.randint(1, users) if r.random() > 0.03 else ""
        listing = f"l{r.randint(1, 60)}" if r.random() > 0.05 else ""
        events.append([n, stamp(at), tenant, user, listing, r.randint(1, 9)])
    write("events.csv", ["id", "at", "tenant", "user_id", "listing", "nights"], events)
    # Up to five plans one after the other, with gaps; days are those of Berlin.
    plans = []
    for tenant in tenants:
        for user in range(1, users + 1):
            if r.random() < 0.1:
                continue
            days = sorted({dt.date(2026, 1, 1) + dt.timedelta(days=r.randrange(200)) for _ in range(r.randint(0, 4))})
            bounds = ["", *days, ""]
            for a, b in zip(bounds, bounds[1:]):
                if r.random() < 0.85:
                    plans.append([tenant, user, r.choice(["free", "pro", "team", ""]), a, b])
    r.shuffle(plans)
    write("plans.csv", ["tenant", "user_id", "plan", "from_day", "to_day"], plans)
    listings = [[f"l{n}", f"h{r.randint(1, 20)}" if r.random() > 0.1 else "", r.choice(["flat", "hut", "barn"])]
                for n in range(1, 55)]
    write("listings.csv", ["id", "host", "kind"], listings)
    # A host's town by the time, to the second.
    hosts = []
    for n in range(1, 18):
        times = sorted(start + dt.timedelta(seconds=r.randrange(180 * 86400)) for _ in range(r.randint(0, 3)))
        bounds = ["", *map(stamp, times), ""]
        for a, b in zip(bounds, bounds[1:]):
            if r.random() < 0.9:
                hosts.append([f"h{n}", f"t{r.randint(1, 7)}", a, b])
    write("hosts.csv", ["name", "town", "since", "till"], hosts)
    write("towns.csv", ["town", "country", "size"], [[f"t{n}", r.choice(["DE", "IT", ""]), n * 10] for n in range(1, 7)])
    changes = []
    for n in range(400):
        at = start + dt.timedelta(hours=r.randrange(180 * 24 // 12) * 12)
        changes.append([f"l{r.randint(1, 50)}" if r.random() > 0.04 else "", stamp(at) if r.random() > 0.05 else "",
                        r.choice(["free", "taken", "gone", ""]), r.randint(1, 4), r.choice(["true", "false", "false", ""])])
    write("changes.csv", ["listing", "ts", "state", "beds", "test"], changes)


if "--data" in sys.argv:
    make()

con = duckdb.connect()
con.execute("set TimeZone='UTC'")
COLUMNS = {
    "events": "{'id': 'bigint', 'at': 'timestamptz', 'tenant': 'varchar', 'user_id': 'bigint', 'listing': 'varchar', 'nights': 'bigint'}",
    "plans": "{'tenant': 'varchar', 'user_id': 'bigint', 'plan': 'varchar', 'from_day': 'date', 'to_day': 'date'}",
    "listings": "{'id': 'varchar', 'host': 'varchar', 'kind': 'varchar'}",
    "hosts": "{'name': 'varchar', 'town': 'varchar', 'since': 'timestamptz', 'till': 'timestamptz'}",
    "towns": "{'town': 'varchar', 'country': 'varchar', 'size': 'bigint'}",
    "changes": "{'listing': 'varchar', 'ts': 'timestamptz', 'state': 'varchar', 'beds': 'bigint', 'test': 'boolean'}",
}
for name, columns in COLUMNS.items():
    con.execute(f"create table {name} as select * from read_csv('{DATA}/{name}.csv', header=true, nullstr='', columns={columns})")

MONTH = "strftime(timezone('Europe/Berlin', e.at), '%Y-%m')"
START = "timezone('Europe/Berlin', {}::timestamp)"
PLAN = (
    "left join plans p on p.tenant = e.tenant and p.user_id = e.user_id"
    f" and (p.from_day is null or e.at >= {START.format('p.from_day')})"
    f" and (p.to_day is null or e.at < {START.format('p.to_day')})"
)
CHAIN = (
    "left join listings l on l.id = e.listing"
    " left join hosts h on h.name = l.host and (h.since is null or e.at >= h.since) and (h.till is null or e.at < h.till)"
    " left join towns t on t.town = h.town"
)


def newest(where):
    order = "order by ts desc, beds desc nulls last, listing desc nulls last, state desc nulls last, test desc nulls last"
    return (
        f"left join (select * from changes where ts is not null and {where}"
        f" qualify row_number() over (partition by listing {order}) = 1) s on s.listing = e.listing"
    )


# Metric, arguments, what rows are grouped by, and the joins.
QUESTIONS = [
    ("rows", ["plan.plan"], "count(*)", PLAN),
    ("nights", ["plan.plan"], "sum(e.nights)", PLAN),
    ("people", ["plan.plan"], "count(distinct case when e.tenant is not null and e.user_id is not null then (e.tenant, e.user_id) end)", PLAN),
    ("pro_nights", [], "sum(e.nights) filter (where p.plan = 'pro')", PLAN),
    ("rows", ["listing.host.town.country"], "count(*)", CHAIN),
    ("nights", ["listing.kind", "listing.host.town.country"], "sum(e.nights)", CHAIN),
    ("big", [], "count(*) filter (where t.size > 30)", CHAIN),
    ("rows", ["state.state"], "count(*)", newest("test = false")),
    ("nights", ["any_state.state", "any_state.beds"], "sum(e.nights)", newest("true")),
    ("rows", ["state.beds", "plan.plan"], "count(*)", newest("test = false") + " " + PLAN),
]
COLUMN = {
    "plan.plan": "p.plan", "listing.host.town.country": "t.country", "listing.kind": "l.kind",
    "state.state": "s.state", "state.beds": "s.beds", "any_state.state": "s.state", "any_state.beds": "s.beds",
}
answers = []
for metric, by, value, joins in QUESTIONS:
    columns = [MONTH, *(COLUMN[b] for b in by)]
    sql = f"select {', '.join(columns)}, {value} from events e {joins} group by all order by all"
    rows = [[str(v) if isinstance(v, bool) else v for v in row] for row in con.execute(sql).fetchall()]
    answers.append({"metric": metric, "by": by, "sql": sql, "rows": [[int(v) if i == len(row) - 1 and v is not None else v for i, v in enumerate(row)] for row in rows]})
print("[\n" + ",\n".join(json.dumps(a, ensure_ascii=False) for a in answers) + "\n]")
