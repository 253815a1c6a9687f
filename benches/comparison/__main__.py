"""benches/compare: kepi and its peers on one suite of KPIs. All answers must agree before anything is timed."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from comparison import flow, journeys, kpi, ours, tables
from comparison.answers import Answers, differences, read
from comparison.measure import Run, Times, run

HERE = Path(__file__).resolve().parent.parent
# The JSON line has these keys always; what was not measured is null.
KEYS = [
    "duckdb_one_by_one_over_kepi", "duckdb_fused_over_kepi", "kepi_over_bare_scan", "polars_over_kepi", "cached_over_full",
    "uuid_duckdb_over_kepi", "forty_over_twenty", "one_count_kepi_over_duckdb", "start_ms", "peak_mb",
]
JOURNEY_KEYS = {question: f"{question}_duckdb_over_kepi" for question in [*journeys.QUESTIONS, "journeys"]}
# What `kepi generate` is told for each variant, beside the numbers of events and actors.
VARIANTS = {
    "base": ["--files", "12"],
    "uuid": ["--files", "12", "--ids", "uuid"],
    "shuffled": ["--files", "12", "--shuffled"],
    "csv": ["--files", "12", "--format", "csv.gz"],
    "daily": ["--daily"],
}


@dataclass
class Bench:
    kepi: Path
    work: Path
    events: int
    actors: int
    rounds: int
    # Where MetricFlow's programs are, if it takes part.
    metricflow: Path | None

    def data(self, variant: str, events: int | None = None) -> Path:
        """The folder of a variant, made if it is not there: a project with its files in `data/`."""
        events = events or self.events
        folder = self.work / f"{variant}-{events}"
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"generating {variant}, {events:,} events", flush=True)
            actors = max(1, events * self.actors // self.events)
            subprocess.run([self.kepi, "generate", folder / "data", "--events", str(events), "--actors", str(actors),
                            "--days", "365", "--start", "2025-01-01", "--quiet", *VARIANTS.get(variant, [])], check=True)
            (folder / "made").touch()
        return ours.project(HERE / "suites" / "kpi", folder)

    def journeys(self, variant: str) -> Path:
        """The project of journeys over the files of a variant."""
        whole = self.data(variant)
        folder = self.work / f"journeys-{whole.name}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        for file in (whole / "data").iterdir():
            os.link(file, folder / "data" / file.name)
        return ours.project(HERE / "suites" / "journeys", folder)

    def ask(self, folder: Path, names: list[str], *options: str) -> Run:
        return run(ours.query(self.kepi, folder, names, *options), self.work / "kepi.out")

    def peer(self, name: str, folder: Path, *names: str) -> Run:
        command = [sys.executable, "-m", "comparison.peers", name, str(folder / "data"), str(self.work / name), *names]
        return run(command, self.work / f"{name}.out", {"PYTHONPATH": str(HERE)})

    def answers(self, name: str) -> Answers:
        return read(self.work / name)


def agree(bench: Bench, variants: list[str]) -> None:
    """Ends the program where any answer differs from kepi's."""
    wrong = 0

    def compare(who: str, theirs: Answers, mine: Answers) -> None:
        nonlocal wrong
        values = 0
        for name, answer in mine.items():
            values += len(answer)
            found = differences(answer, theirs.get(name, {}))
            wrong += len(found)
            for line in found[:5]:
                print(f"  {who} differs in {name}, {line}")
        print(f"agreement: {who}, {len(mine)} KPIs, {values} values", flush=True)

    base = ours.answers(bench.ask(bench.data("base"), kpi.NAMES).printed)
    if missing := [name for name in kpi.NAMES if not base.get(name)]:
        raise SystemExit(f"kepi gave nothing for {', '.join(missing)}")
    for peer in ("duckdb", "duckdb_fused", "datafusion", "polars"):
        bench.peer(peer, bench.data("base"))
        compare(peer, bench.answers(peer), base)
    if bench.metricflow:
        _, theirs = flow.MetricFlow(bench.metricflow, bench.work, bench.data("base")).all()
        compare("metricflow", theirs, {name: base[name] for name in flow.EIGHT})
    else:
        print("agreement: metricflow takes no part")
    for variant in variants:
        theirs = ours.answers(bench.ask(bench.data(variant), kpi.NAMES).printed)
        compare(f"kepi on {variant}", theirs, base)
    if wrong:
        raise SystemExit(f"{wrong} values differ: nothing is timed")


def agree_on_journeys(bench: Bench) -> None:
    """Ends the program where an answer differs from kepi's; rows in another order must change none."""
    wrong = 0
    base = bench.journeys("base")
    mine = ours.answers(bench.ask(base, journeys.NAMES).printed)
    bench.peer("duckdb_journeys", base)
    others = {"duckdb": bench.answers("duckdb_journeys")}
    others["kepi on shuffled"] = ours.answers(bench.ask(bench.journeys("shuffled"), journeys.NAMES).printed)
    for who, theirs in others.items():
        for name, answer in mine.items():
            if not any(answer.values()):
                raise SystemExit(f"kepi gave nothing for {name}")
            found = differences(answer, theirs.get(name, {}))
            wrong += len(found)
            for line in found[:5]:
                print(f"  {who} differs in {name}, {line}")
        print(f"agreement: {who}, {len(mine)} KPIs, {sum(map(len, mine.values()))} values", flush=True)
    if wrong:
        raise SystemExit(f"{wrong} values differ: nothing is timed")


def journey_rounds(bench: Bench) -> dict[str, Times]:
    """Each question by kepi and by DuckDB, then all of them, round by round: A B A B."""
    times: dict[str, Times] = {}
    base = bench.journeys("base")
    alone = ["--no-cache"] if has_cache(bench) else []
    for number in range(bench.rounds):
        print(f"round {number + 1} of {bench.rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
        for question in JOURNEY_KEYS:
            whole = question == "journeys"
            names = journeys.NAMES if whole else journeys.QUESTIONS[question]
            asked = [] if whole else [question]
            for who, one in (("kepi", bench.ask(base, names, *alone)), ("duckdb", bench.peer("duckdb_journeys", base, *asked))):
                times.setdefault(f"{who}, {question}", Times()).add(one)
                print(f"  {who}, {question}: {one.seconds:.2f} s, of the cores {one.cpu:.2f} s, {one.megabytes:.0f} MB", flush=True)
    return times


def compare_journeys(bench: Bench, agree_only: bool, as_json: bool) -> None:
    agree_on_journeys(bench)
    if agree_only:
        return
    times = journey_rounds(bench)
    result = {key: round(times[f"duckdb, {question}"].median / times[f"kepi, {question}"].median, 3)
              for question, key in JOURNEY_KEYS.items()}
    print(tables.suite(times))
    print(tables.targets(result, tables.WANTED_OF_JOURNEYS))
    if as_json:
        print(json.dumps(result))


def has_cache(bench: Bench) -> bool:
    told = subprocess.run([bench.kepi, "query", "--help"], capture_output=True, text=True, check=True).stdout
    return "--cache-dir" in told


def rounds(bench: Bench) -> tuple[dict[str, Times], dict[str, dict[str, float]]]:
    """Every contender once a round, in the same order: A B A B."""
    times: dict[str, Times] = {}
    seconds: dict[str, list[dict[str, float]]] = {}
    base, uuid, tiny = bench.data("base"), bench.data("uuid"), tiny_project(bench)
    caching = Caching(bench) if has_cache(bench) else None
    if not caching:
        print("kepi keeps no partials yet: a run with one new file is not measured")
    metricflow = flow.MetricFlow(bench.metricflow, bench.work, base) if bench.metricflow else None
    alone = ["--no-cache"] if caching else []

    def add(name: str, one: Run) -> None:
        times.setdefault(name, Times()).add(one)
        print(f"  {name}: {one.seconds:.2f} s, of the cores {one.cpu:.2f} s, {one.megabytes:.0f} MB", flush=True)

    for number in range(bench.rounds):
        print(f"round {number + 1} of {bench.rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
        add("kepi", bench.ask(base, kpi.NAMES, *alone))
        for peer in ("duckdb", "duckdb_fused", "bare_scan", "polars", "datafusion"):
            add(peer, bench.peer(peer, base))
            spent = json.loads((bench.work / f"{peer}.seconds").read_text())
            seconds.setdefault(peer, []).append(spent)
        if metricflow:
            add("metricflow, eight", metricflow.all()[0])
            add("kepi, the same eight", bench.ask(base, list(flow.EIGHT), *alone))
        add("kepi, forty", bench.ask(base, kpi.NAMES + kpi.MORE, *alone))
        for name in ("plays", "revenue"):
            add(f"kepi, {name}", bench.ask(base, [name], *alone))
            add(f"duckdb, {name}", bench.peer("duckdb", base, name))
        add("kepi, uuid", bench.ask(uuid, kpi.NAMES, *alone))
        add("duckdb, uuid", bench.peer("duckdb", uuid))
        add("kepi, tiny", bench.ask(tiny, ["plays"]))
        if caching:
            add("kepi, daily", bench.ask(caching.whole, kpi.NAMES, "--no-cache"))
            add("kepi, one new day", caching.one_new_day())
    each = {peer: tables.medians(spent) for peer, spent in seconds.items()}
    each["kepi"] = {}
    if bench.rounds > 1:
        for name in kpi.NAMES:
            each["kepi"][name] = min(bench.ask(base, [name], *alone).seconds for _ in range(2))
    return times, each


def tiny_project(bench: Bench) -> Path:
    """Two rows, one file."""
    folder = bench.work / "tiny"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "events.csv").write_text(
        "ts,user_id,event,country,plan,platform,duration_s,amount\n"
        "2025-01-01T10:00:00Z,1,play,DE,free,web,30,\n2025-01-02T10:00:00Z,2,payment,FR,pro,ios,,9.99\n")
    return ours.project(HERE / "suites" / "kpi", folder)


class Caching:
    """A year of a file a day, seen but for its last day."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.whole = bench, bench.data("daily")
        self.folder, self.cache, self.filled = (bench.work / name for name in ("seen", "cache", "cache-filled"))
        for folder in (self.folder, self.filled):
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / "data").mkdir(parents=True)
        ours.project(HERE / "suites" / "kpi", self.folder)
        *self.old, self.new = sorted((self.whole / "data").iterdir())
        for file in self.old:
            os.link(file, self.folder / "data" / file.name)
        bench.ask(self.folder, kpi.NAMES, "--cache-dir", str(self.filled))

    def one_new_day(self) -> Run:
        shutil.rmtree(self.cache, ignore_errors=True)
        shutil.copytree(self.filled, self.cache)
        added = self.folder / "data" / self.new.name
        added.unlink(missing_ok=True)
        os.link(self.new, added)
        try:
            return self.bench.ask(self.folder, kpi.NAMES, "--cache-dir", str(self.cache))
        finally:
            added.unlink()


def figures(times: dict[str, Times]) -> dict[str, float | None]:
    def ratio(above: str, below: str) -> float | None:
        both = above in times and below in times
        return round(times[above].median / times[below].median, 3) if both else None

    single = [ratio(f"kepi, {name}", f"duckdb, {name}") for name in ("plays", "revenue")]
    return dict(zip(KEYS, [
        ratio("duckdb", "kepi"), ratio("duckdb_fused", "kepi"), ratio("kepi", "bare_scan"), ratio("polars", "kepi"),
        ratio("kepi, one new day", "kepi, daily"), ratio("duckdb, uuid", "kepi, uuid"), ratio("kepi, forty", "kepi"),
        max(r for r in single if r is not None), round(times["kepi, tiny"].median * 1000, 1),
        round(times["kepi"].megabytes, 1),
    ]))


def large(bench: Bench) -> None:
    """A hundred million events in a gibibyte."""
    folder = bench.data("large", 100_000_000)
    mine = bench.ask(folder, kpi.NAMES, "--memory-limit", "1GiB")
    bench.peer("duckdb", folder)
    theirs = bench.answers("duckdb")
    wrong = sum(len(differences(answer, theirs.get(name, {}))) for name, answer in ours.answers(mine.printed).items())
    print(f"100 M events under 1 GiB: {mine.seconds:.1f} s, peak {mine.megabytes:.0f} MB, {wrong} values differ")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benches/compare", description=__doc__)
    parser.add_argument("--suite", choices=["kpi", "journeys"], default="kpi")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object on the last line")
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--actors", type=int, help="[default: one for fifty events]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agree", action="store_true", help="compare the answers, also of all variants, and time nothing")
    parser.add_argument("--large", action="store_true", help="100 M events under a memory limit, too")
    parser.add_argument("--metricflow", type=Path, help="the folder of MetricFlow's programs")
    parser.add_argument("--kepi", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--work", type=Path, required=True, help="where data and answers are kept")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.kepi, args.work, args.events, args.actors or max(1, args.events // 50), args.rounds,
                  args.metricflow)
    if args.suite == "journeys":
        compare_journeys(bench, args.agree, args.json)
        return
    agree(bench, [name for name in VARIANTS if name != "base"] if args.agree else ["uuid"])
    if args.agree:
        return
    times, each = rounds(bench)
    print(tables.suite(times), tables.each_kpi(each), sep="\n")
    result = figures(times)
    print(tables.targets(result))
    if args.large:
        large(bench)
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
