"""What a KPI's answer is, and when two of them agree.

An answer maps (start of the period as an ISO date, part) to a number; the part is "" where nothing is broken down. A period
without rows may be missing or have the value 0 or null: engines differ in that, and it is no difference in the numbers.
"""

import json
from collections.abc import Iterable
from pathlib import Path

Key = tuple[str, str]
Answer = dict[Key, float | int | None]
Answers = dict[str, Answer]

TOLERANCE = 1e-9


def answer_of(rows: Iterable[tuple[object, object, object]]) -> Answer:
    """Rows of (date or time, part or None, number) of any engine."""
    out: Answer = {}
    for start, part, value in rows:
        key = (str(start)[:10], "" if part is None else str(part))
        if key in out:
            raise ValueError(f"two values of {key}")
        out[key] = None if value is None else value if isinstance(value, int) else float(value)
    return out


def write(path: Path, answers: Answers) -> None:
    lines = {name: [[*key, value] for key, value in sorted(answer.items())] for name, answer in answers.items()}
    path.write_text(json.dumps(lines))


def read(path: Path) -> Answers:
    return {name: answer_of(map(tuple, rows)) for name, rows in json.loads(path.read_text()).items()}


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """What differs, a line each: counts by one, other numbers by more than 1e-9 of their size."""
    out = []
    for key in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(key), theirs.get(key)
        if (a or 0) == 0 and (b or 0) == 0:
            continue
        if a is None or b is None or not near(a, b):
            out.append(f"{' '.join(key).strip()}: {a} and {b}")
    return out


def near(a: float | int, b: float | int) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
