"""What another engine sees in files that `kepi profile` looks at: DuckDB 2.0.1, run once, its numbers in profile.json.

Run in the repository's root: python3 cli/tests/oracles/profile.py > cli/tests/oracles/profile.json
"""

import json

import duckdb

con = duckdb.connect()
con.execute("set TimeZone='UTC'")
csv = "read_csv('{}', header=true, all_varchar=true)"
con.execute("create view retail as select * from 'examples/retail/data/online_retail.parquet'")
con.execute(
    "create view december as select * replace (Quantity::bigint as Quantity, UnitPrice::decimal(18, 3) as UnitPrice,"
    " CustomerID::decimal(18, 1) as CustomerID, InvoiceDate::timestamp as InvoiceDate)"
    f" from {csv.format('cli/tests/data/profile/december/*.csv')}"
)
con.execute(
    "create view telco as select * replace (SeniorCitizen::bigint as SeniorCitizen, tenure::bigint as tenure,"
    " MonthlyCharges::decimal(18, 4) as MonthlyCharges,"
    " nullif(trim(TotalCharges), '')::decimal(18, 4) as TotalCharges)"
    f" from {csv.format('cli/tests/data/profile/telco.csv')}"
)


def column(view, name, kind):
    quoted = '"' + name.replace('"', '""') + '"'
    one = lambda what: con.execute(f"select {what} from {view}").fetchone()
    nulls, distinct = one(f"count(*) - count({quoted}), count(distinct {quoted})")
    found = {"nulls": nulls, "distinct": distinct}
    if kind.split("(")[0] in ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL"):
        quantiles = [f"quantile_cont({quoted}::double, {p} / 100)" for p in (1, 5, 25, 50, 75, 95, 99)]
        low, high, mean, negative, zero, *rest = one(
            f"min({quoted})::double, max({quoted})::double, avg({quoted}::double), count(*) filter ({quoted} < 0),"
            f" count(*) filter ({quoted} = 0), {', '.join(quantiles)}"
        )
        found |= {"min": low, "max": high, "mean": mean, "negative": negative, "zero": zero, "quantiles": rest}
    elif kind == "VARCHAR":
        low, high, *lengths = one(f"min({quoted}), max({quoted}), min(length({quoted})), max(length({quoted}))")
        found |= {"min": low, "max": high, "lengths": lengths}
    elif kind.startswith("TIMESTAMP"):
        first, last, days, span = one(
            f"min({quoted})::varchar, max({quoted})::varchar, count(distinct {quoted}::date),"
            f" date_diff('day', min({quoted})::date, max({quoted})::date) + 1"
        )
        found |= {"first": first, "last": last, "days": days, "span_days": span}
    top = con.execute(f"select count(*) from {view} where {quoted} is not null group by {quoted} order by 1 desc limit 5")
    found["top"] = [row[0] for row in top.fetchall()]
    return found


def table(view):
    columns = con.execute(f"describe {view}").fetchall()
    rows = con.execute(f"select count(*) from {view}").fetchone()[0]
    different = con.execute(f"select count(*) from (select distinct * from {view})").fetchone()[0]
    return {"rows": rows, "copies": rows - different, "columns": {c[0]: column(view, c[0], c[1]) for c in columns}}


print(json.dumps({view: table(view) for view in ("retail", "december", "telco")}, indent=1))
