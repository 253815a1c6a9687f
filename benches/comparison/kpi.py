"""The suite of KPIs as SQL: what a careful analyst would write for each of them. benches/suites/kpi says the same in kepi.

`{p95}`, `{days_left}` and the like stand for what DuckDB and DataFusion spell differently.
"""

ACTIVE = "event IN ('login', 'play', 'search')"
WEEK, MONTH, DAY = ("CAST(date_trunc('%s', ts) AS DATE)" % grain for grain in ("week", "month", "day"))

# Each selects the period, the part (null where there is none) and the value.
QUERIES: dict[str, str] = {
    "dau": f"SELECT {DAY}, NULL, count(DISTINCT user_id) FROM app WHERE {ACTIVE} GROUP BY 1",
    "wau": f"SELECT {WEEK}, NULL, count(DISTINCT user_id) FROM app WHERE {ACTIVE} GROUP BY 1",
    "mau": f"SELECT {MONTH}, NULL, count(DISTINCT user_id) FROM app WHERE {ACTIVE} GROUP BY 1",
    # Each active day of an actor covers 28 days, less what the next one covers; the rest is a running sum.
    "rolling_28": f"""
        WITH days AS (SELECT DISTINCT user_id, {{day_number}} AS day FROM app WHERE {ACTIVE}),
        spans AS (SELECT day, lead(day) OVER (PARTITION BY user_id ORDER BY day) AS following FROM days),
        steps AS (
            SELECT day, count(*) AS step FROM spans GROUP BY 1
            UNION ALL
            SELECT least(day + 28, coalesce(following, day + 28)), -count(*) FROM spans GROUP BY 1),
        sums AS (SELECT day, CAST(sum(sum(step)) OVER (ORDER BY day) AS BIGINT) AS users FROM steps GROUP BY day)
        SELECT {{date_of_day}}, NULL, users FROM sums WHERE day < {{end_day}}""",
    # Days without rows count as zeros, days to come do not count.
    "stickiness": f"""
        WITH days AS (SELECT {DAY} AS day, count(DISTINCT user_id) AS users FROM app WHERE {ACTIVE} GROUP BY 1),
        weeks AS (SELECT {WEEK} AS week, count(DISTINCT user_id) AS users FROM app WHERE {ACTIVE} GROUP BY 1)
        SELECT week, NULL, CAST(sum(days.users) AS DOUBLE) / max(least(7, {{days_left}})) / max(weeks.users)
        FROM weeks JOIN days ON CAST(date_trunc('week', day) AS DATE) = week GROUP BY 1""",
    "signups": f"SELECT {WEEK}, NULL, count(*) FROM app WHERE event = 'signup' GROUP BY 1",
    "signups_by_country": f"SELECT {WEEK}, country, count(*) FROM app WHERE event = 'signup' GROUP BY 1, 2",
    "plays": f"SELECT {WEEK}, NULL, count(*) FROM app WHERE event = 'play' GROUP BY 1",
    "plays_by_platform": f"SELECT {WEEK}, platform, count(*) FROM app WHERE event = 'play' GROUP BY 1, 2",
    "mean_duration": f"SELECT {WEEK}, NULL, avg(duration_s) FROM app WHERE event = 'play' GROUP BY 1",
    "p95_duration": f"SELECT {WEEK}, NULL, {{p95}} FROM app WHERE event = 'play' GROUP BY 1",
    "median_by_plan": f"SELECT {WEEK}, plan, {{median}} FROM app WHERE event = 'play' GROUP BY 1, 2",
    "revenue": f"SELECT {WEEK}, NULL, sum(amount) FROM app WHERE event = 'payment' GROUP BY 1",
    "revenue_by_country": f"SELECT {MONTH}, country, sum(amount) FROM app WHERE event = 'payment' GROUP BY 1, 2",
    "arpu": f"""
        SELECT {MONTH}, NULL, CAST(coalesce(sum(amount) FILTER (WHERE event = 'payment'), 0) AS DOUBLE)
            / count(DISTINCT user_id) FILTER (WHERE {ACTIVE})
        FROM app WHERE {ACTIVE} OR event = 'payment' GROUP BY 1""",
    "arppu": f"""
        SELECT {MONTH}, NULL, CAST(sum(amount) AS DOUBLE) / count(DISTINCT user_id)
        FROM app WHERE event = 'payment' GROUP BY 1""",
    "paying_users": f"SELECT {WEEK}, NULL, count(DISTINCT user_id) FROM app WHERE event = 'payment' GROUP BY 1",
    "sharing_actives": f"""
        WITH users AS (
            SELECT {WEEK} AS week, user_id, bool_or({ACTIVE}) AS active, bool_or(event = 'share') AS shared
            FROM app WHERE {ACTIVE} OR event = 'share' GROUP BY 1, 2)
        SELECT week, NULL, avg(CASE WHEN shared THEN 1.0 ELSE 0.0 END) FROM users WHERE active GROUP BY 1""",
    "plays_per_user": f"""
        SELECT {WEEK}, NULL, CAST(count(*) AS DOUBLE) / count(DISTINCT user_id)
        FROM app WHERE event = 'play' GROUP BY 1""",
    "heavy_listeners": f"""
        WITH users AS (SELECT {WEEK} AS week, user_id, count(*) AS plays FROM app WHERE event = 'play' GROUP BY 1, 2)
        SELECT week, NULL, CAST(count(*) FILTER (WHERE plays >= 5) AS DOUBLE) / count(*) FROM users GROUP BY 1""",
    "error_rate": f"""
        SELECT {DAY}, NULL, CAST(count(*) FILTER (WHERE event = 'error') AS DOUBLE) / count(*) FROM app GROUP BY 1""",
}

NAMES = list(QUERIES)

# The suite again for one platform each: what forty KPIs cost against twenty. Measured, not compared.
MORE = [f"{name}_ios" for name in NAMES if name not in ("error_rate", "plays_by_platform")]
