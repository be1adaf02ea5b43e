"""Score `notifier facts` against rows labelled by hand: `python -m tests.facts_score GOLD.jsonl [OUTPUT.jsonl]`.

GOLD has rows with a `gold` object (the rules stand in the data's GOLD_DEV_README); OUTPUT is what the command
printed for them, and is made here when it is not given. Prints what is wrong, then the share of right rows.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifier.cli.facts import facts_of

Row = Mapping[str, Any]


@dataclass
class Score:
    """How many rows are right, by field; skills also as found, invented and missed."""

    right: dict[str, int] = field(default_factory=dict)
    judged: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    found: int = 0
    invented: int = 0
    missed: int = 0

    def share(self, name: str) -> float:
        """Return the share of judged rows that are right in a field; 1 when none is judged."""
        return self.right.get(name, 0) / self.judged[name] if self.judged.get(name) else 1.0

    @property
    def skills_f1(self) -> float:
        """Return the F1 of skills over all rows; 1 when none is labelled or found."""
        wrong = self.invented + self.missed
        return 2 * self.found / (2 * self.found + wrong) if self.found + wrong else 1.0


def score(pairs: Iterable[tuple[Row, Row]]) -> Score:
    """Return the score of (labelled row, its facts) pairs."""
    total = Score()
    for row, facts in pairs:
        gold = row["gold"]
        for name, is_right in _judge(gold, facts):
            total.judged[name] = total.judged.get(name, 0) + 1
            total.right[name] = total.right.get(name, 0) + is_right
            if not is_right:
                got = facts["remote_scope" if name == "scope" else name]
                total.wrong.append(f"{row['id']} {name}: {got}; {row['title']} | {row['location']}")
        if "skills" in gold:
            given, wanted = facts["skills"], gold["skills"]
            total.found += sum(any(skill in given for skill in spellings) for spellings in wanted)
            total.missed += sum(not any(skill in given for skill in spellings) for spellings in wanted)
            okay = {skill for spellings in wanted for skill in spellings} | set(gold.get("skills_ok", ()))
            total.invented += sum(skill not in okay for skill in given)
    return total


def _judge(gold: Row, facts: Row) -> Iterable[tuple[str, bool]]:
    for name in ("countries", "macros"):
        if name in gold:
            yield name, _same(facts[name], [[code] for code in gold[name]], gold.get(f"{name}_ok", ()))
    for name in ("regions", "cities", "skills"):
        if gold.get(name) is not None:
            yield name, _same(facts[name], gold[name], gold.get(f"{name}_ok", ()))
    for name in ("remote", "seniority", "role"):
        if name in gold:
            yield name, facts[name] in gold[name]
    if gold.get("remote_scope") is not None:
        yield "scope", any(set(scope) == set(facts["remote_scope"]) for scope in gold["remote_scope"])
    if "salary" in gold:
        yield "salary", facts["salary"] == gold["salary"]


def _same(given: Sequence[str], wanted: Sequence[Sequence[str]], okay: Sequence[str]) -> bool:
    """Return whether each wanted value is given in one of its spellings, and nothing else but `okay`."""
    complete = all(any(value in given for value in spellings) for spellings in wanted)
    return complete and all(
        value in okay or any(value in spellings for spellings in wanted) for value in given
    )


def rows_of(file: Path) -> list[Row]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def main() -> None:
    """Print the score of the files named."""
    gold = rows_of(Path(sys.argv[1]))
    facts = rows_of(Path(sys.argv[2])) if len(sys.argv) > 2 else [facts_of(row) for row in gold]
    total = score(zip(gold, facts, strict=True))
    print(*total.wrong, sep="\n")
    for name, judged in total.judged.items():
        print(f"{name:<10} {total.right[name]}/{judged} {total.share(name):.3f}")
    print(f"skills F1  {total.skills_f1:.3f}")


if __name__ == "__main__":
    main()
