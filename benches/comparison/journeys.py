"""What actors do one after the other, as SQL: of the forms that were tried, the quickest. benches/suites/journeys says the same in kepi.

Tried on two million events, in seconds of the cores: sessions with a running number of each 1.9, with the times of its rows in one sort and those of
its ends in another 1.6, the same of whole numbers 1.3, of sorted lists 1.4; the funnel by ASOF joins 0.7, by windows 0.8; retention by a join with the
cohort 0.5, by distinct days 0.7, by lists of days 0.9; rolling actives by days as dates 0.8, as whole numbers 0.9.

A question gives the name of each of its KPIs, the start of the period, and the value. Periods of which not everything is known at the end
of the year are left out.
"""

from comparison import kpi

# By question, the KPIs that it answers.
QUESTIONS: dict[str, list[str]] = {
    "sessions": ["visits", "visit_length"],
    "funnel": ["shared", "shared_users", "played_users"],
    "retention": ["retention_d7"],
    "rolling": ["rolling_28"],
}

NAMES = [name for names in QUESTIONS.values() for name in names]

QUERIES: dict[str, str] = {
    # Rows are put in order once, and those that begin or end a session once more: fewer by far. No session of these data is a day long,
    # so that kepi's limit of a day changes nothing; the agreement says so.
    "sessions": """
        WITH marked AS (
            SELECT user_id, epoch_us(ts) AS t, lag(epoch_us(ts)) OVER w AS before, lead(epoch_us(ts)) OVER w AS following
            FROM app WINDOW w AS (PARTITION BY user_id ORDER BY ts)),
        ends AS (
            SELECT user_id, t, coalesce(t - before > 1800000000, true) AS opens,
                coalesce(following - t > 1800000000, true) AS closes
            FROM marked WHERE opens OR closes),
        spans AS (
            SELECT t, opens,
                CASE WHEN closes THEN t ELSE lead(t) OVER (PARTITION BY user_id ORDER BY t, closes) END AS until
            FROM ends),
        weeks AS (
            SELECT date_trunc('week', make_timestamp(t))::DATE AS week, count(*) AS visits, avg(until - t) / 1e6 AS length
            FROM spans WHERE opens GROUP BY 1)
        SELECT 'visits', week, visits::DOUBLE FROM weeks UNION ALL SELECT 'visit_length', week, length FROM weeks""",
    # Of each search the first play after it, and of that the first share; who gets furthest in a week counts once.
    "funnel": f"""
        WITH searches AS (SELECT user_id, ts FROM app WHERE event = 'search'),
        plays AS (SELECT user_id, ts FROM app WHERE event = 'play'),
        shares AS (SELECT user_id, ts FROM app WHERE event = 'share'),
        chains AS (
            SELECT s.user_id, s.ts, p.ts AS played, h.ts AS shared
            FROM searches s
            ASOF LEFT JOIN plays p ON p.user_id = s.user_id AND p.ts >= s.ts
            ASOF LEFT JOIN shares h ON h.user_id = s.user_id AND h.ts >= p.ts),
        users AS (
            SELECT {kpi.WEEK} AS week, user_id,
                bool_or(coalesce(played <= ts + INTERVAL 1 DAY, false)) AS played,
                bool_or(coalesce(shared <= ts + INTERVAL 1 DAY, false)) AS shared
            FROM chains GROUP BY 1, 2),
        weeks AS (
            SELECT week, count(*) AS entered, count(*) FILTER (WHERE played) AS played,
                count(*) FILTER (WHERE shared) AS shared
            FROM users WHERE week < DATE '2025-12-29' GROUP BY 1)
        SELECT 'shared', week, shared / entered FROM weeks
        UNION ALL SELECT 'shared_users', week, shared::DOUBLE FROM weeks
        UNION ALL SELECT 'played_users', week, played::DOUBLE FROM weeks""",
    # Only what lies on an actor's seventh day is made distinct.
    "retention": f"""
        WITH first AS (
            SELECT user_id, min(ts)::DATE AS day FROM app WHERE event = 'signup' GROUP BY 1
            HAVING day < DATE '2025-12-22'),
        back AS (
            SELECT DISTINCT user_id FROM app JOIN first USING (user_id)
            WHERE {kpi.ACTIVE} AND ts >= day + 7 AND ts < day + 8)
        SELECT 'retention_d7', date_trunc('week', day)::DATE, count(back.user_id) / count(*)
        FROM first LEFT JOIN back USING (user_id) GROUP BY 2""",
    "rolling": "SELECT 'rolling_28', * EXCLUDE (part) FROM ({rolling}) AS answer(day, part, users)",
}
