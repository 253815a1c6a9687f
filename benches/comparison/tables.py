"""What was measured, for people: Markdown."""

import statistics

from comparison import kpi
from comparison.measure import Times

# What the project wants of each figure: at least, or at most.
WANTED = {
    "duckdb_one_by_one_over_kepi": (12, None), "duckdb_fused_over_kepi": (3, None), "kepi_over_bare_scan": (None, 3),
    "cached_over_full": (None, 0.2), "uuid_duckdb_over_kepi": (6, None), "forty_over_twenty": (None, 1.5),
    "one_count_kepi_over_duckdb": (None, 1.5), "start_ms": (None, 100),
}

WANTED_OF_JOURNEYS = {
    "sessions_duckdb_over_kepi": (3, None), "funnel_duckdb_over_kepi": (1.2, None), "retention_duckdb_over_kepi": (1.5, None),
    "rolling_duckdb_over_kepi": (4, None), "journeys_duckdb_over_kepi": (5, None),
}


def medians(spent: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in spent) for name in spent[0]}


def suite(times: dict[str, Times]) -> str:
    rows = [f"| {name} | {t.median:.2f} | {min(t.seconds):.2f} – {max(t.seconds):.2f} | {statistics.median(t.cpu):.2f} | "
            f"{t.megabytes:.0f} |" for name, t in times.items()]
    head = ["| whole process | median s | range s | cores' s | peak MB |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(["", *head, *rows])


def each_kpi(each: dict[str, dict[str, float]]) -> str:
    """Seconds a KPI: of kepi a whole process each, of the peers a query within one process."""
    peers = [peer for peer in ("kepi", "duckdb", "datafusion") if each.get(peer)]
    rows = ["| " + " | ".join([name, *(f"{each[peer][name]:.2f}" for peer in peers)]) + " |" for name in kpi.NAMES]
    return "\n".join(["", "| KPI alone, s | " + " | ".join(peers) + " |", "| --- |" + " --- |" * len(peers), *rows])


def targets(result: dict[str, float | None], wanted_of: dict[str, tuple] = WANTED) -> str:
    rows = []
    for name, (least, most) in wanted_of.items():
        value, wanted = result[name], f"≥ {least}" if least is not None else f"≤ {most}"
        met = value is not None and (value >= least if least is not None else value <= most)
        said = "not measured" if value is None else "met" if met else "missed"
        rows.append(f"| {name} | {wanted} | {'–' if value is None else value} | {said} |")
    return "\n".join(["", "| figure | wanted | measured | |", "| --- | --- | --- | --- |", *rows])
