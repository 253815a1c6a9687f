"""kepi as a peer: its project beside the data, its answers from `kepi query`."""

import json
import shutil
from pathlib import Path

from comparison.answers import Answer, Answers

# The instant after the generated year.
AS_OF = "2026-01-01"


def project(definitions: Path, folder: Path) -> Path:
    """The suite's definitions in a folder whose `data/` holds the event files."""
    shutil.copy(definitions / "kepi.yaml", folder / "kepi.yaml")
    shutil.copytree(definitions / "metrics", folder / "metrics", dirs_exist_ok=True)
    return folder


def query(kepi: Path, folder: Path, metrics: list[str], *options: str) -> list[str]:
    return [str(kepi), "query", *metrics, "--project", str(folder), "--as-of", AS_OF, "--own-by", "--format", "json",
            "--quiet", *options]


def answers(printed: bytes) -> Answers:
    return {metric["name"]: answer(metric["rows"]) for metric in json.loads(printed)["metrics"]}


def answer(rows: list[dict]) -> Answer:
    out: Answer = {}
    for row in rows:
        part = ", ".join(str(value) for value in row["by"].values())
        value = row["value"]
        # Exact decimals are printed as text.
        out[row["start"][:10], part] = float(value) if isinstance(value, str) else value
    return out
