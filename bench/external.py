"""Real text that nobody here wrote, scored by a dossier's monitors and by the readers beside them: one table a dossier.

    auscult certify evaluate DOSSIER --trust KEY --data FOLDER --json > bench/results/external_NAME.json
    python bench/external.py bench/results/external_NAME.json > bench/results/external_NAME.md

Of each file and claim: how many positives were found and how many harmless rows raised an alarm at the certified threshold,
with Clopper and Pearson's 95 % interval (1934) over rows as if they were independent; of files with both classes the area
under the ROC curve, with the interval that `evaluate` draws by resampling whole groups. Rows outside every tested cell
(another language, or longer) are not certified and not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from certify.bounds import clopper_pearson_lower, clopper_pearson_upper

_LEVEL = 0.025
"""On each side."""
_NAMES = {"text": "words", "embedding": "sentence embedding", "random_weights": "random weights", "form": "form"}


def rate(counted: dict[str, int]) -> str:
    """Return counts with their rate and interval, or a dash where there was nothing to count."""
    hits, of = counted["successes"], counted["trials"]
    if not of:
        return "-"
    low, high = clopper_pearson_lower(hits, of, _LEVEL), clopper_pearson_upper(hits, of, _LEVEL)
    return f"{hits} of {of}: {100 * hits / of:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def area(reading: dict[str, Any]) -> str:
    """Return the area under the ROC curve with its interval, or a dash where one class is missing."""
    if not isinstance(reading.get("auroc"), float):
        return "-"
    interval = reading["interval"]
    return f"{reading['auroc']:.2f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")


def rows(where: str, result: dict[str, Any]) -> list[str]:
    """Return one line a reader; a reader that was not run says why."""
    lines = []
    for name, reading in [("**monitor**", result["monitor"])] + [
        (_NAMES.get(other["reader"], other["reader"]), other["reading"]) for other in result["others"]
    ]:
        found = (
            (rate(reading["hits"]), rate(reading["false_alarms"]), area(reading)) if "hits" in reading else ("not run", "", "")
        )
        lines.append(f"| {where} | {name} | " + " | ".join(found) + " |")
        where = ""
    return lines


def main() -> None:
    """Read the JSON and print the table."""
    section = json.loads(Path(sys.argv[1]).read_text())
    print("| file, claim | reader | found | false alarms | AUROC |\n|---|---|---|---|---|")
    named = [(file["name"], result) for file in section["files"] for result in file["results"]]
    for name, result in named + [("all files together", result) for result in section["pooled"]]:
        counted = result["positives"] + result["negatives"] - result["uncertified"]
        if counted:
            print("\n".join(rows(f"{name}, `{result['claim']}`", result)))


if __name__ == "__main__":
    main()
