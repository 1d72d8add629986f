"""Write the tables and the figures of the pages from the results kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks import field_page, figure
from benchmarks.field_page import results
from benchmarks.ledgers import LEDGERS, ROOT
from benchmarks.words import Record, count, one, seconds, table

_DOCS = ROOT / "docs" / "explanation"
PAGES = (_DOCS / "performance.md", _DOCS / "field.md", Path(__file__).parent / "README.md")
FIGURE = _DOCS / "_performance.html"
QUIET = 0.5  # load average above which figures are not to be trusted
_BUSY = """:::{warning}
Something else ran on the machine while this was measured (load average above 0.5), so that times
are longer than they need be, by up to several times. Memory is not affected.
:::"""
_PART = re.compile(r"(<!-- table: (?P<name>\w+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def write() -> None:
    """Put the results into the page and the figure."""
    for path, text in _made().items():
        path.write_text(text, "utf-8")


def stale() -> list[Path]:
    """Return the files that do not say what the results say."""
    return [p for p, text in _made().items() if not p.exists() or p.read_text("utf-8") != text]


def _made() -> dict[Path, str]:
    def filled(part: re.Match[str]) -> str:
        return f"{part[1]}\n{TABLES[part['name']]()}\n\n{part[4]}"

    texts = {page: _PART.sub(filled, page.read_text("utf-8")) for page in PAGES}
    drawn = {LEDGERS[n].title: stage_seconds(records(n)) for n in ("tide", "synthetic")}
    return texts | {FIGURE: figure.bars(drawn), field_page.FIGURE: field_page.drawn()}


def records(name: str) -> list[Record]:
    """Return the records of one results file."""
    return results(name)["records"]


# -- tables ----------------------------------------------------------------------------------------


def the_machine() -> str:
    """Return where the figures were taken, and how busy it was."""
    files = [*LEDGERS, "compiling", "growth"]
    facts = [results(name)["machine"] for name in files]
    alike = {json.dumps({k: v for k, v in f.items() if k != "load_before"}) for f in facts}
    if len(alike) > 1:
        raise ValueError(f"results of {len(alike)} machines or versions: run make bench whole")
    m = facts[0]
    packages = ", ".join(f"{k} {v}" for k, v in m["packages"].items())
    load = [f"{n} {f['load_before']}" for n, f in zip(files, facts, strict=True)]
    searched = [f"{n} {sum(len(g) > 1 for _, g in _grouped(records(n)))}" for n in LEDGERS]
    rows = [
        ["Processor", f"{m['cpu']}, {m['cores']} cores"],
        ["Memory", f"{m['memory_gb']} GB"],
        ["System", f"{m['system']}, Python {m['python']}"],
        ["Packages", packages],
        ["Load average before", ", ".join(load)],
        ["Detectors measured", ", ".join(searched)],
    ]
    made = table(["", "Measured on"], rows, "ll")
    busy = max(f["load_before"] for f in facts) > QUIET
    return f"{made}\n\n{_BUSY}" if busy else made


def ledgers() -> str:
    """Return what was measured."""
    rows = []
    for name in LEDGERS:
        graph = one(records(name), stage="graph")
        cells = [graph[k] for k in ("n_transactions", "n_accounts", "n_cross_border")]
        rows.append([LEDGERS[name].title, *map(count, cells)])
    return table(["Ledger", "Transactions", "Accounts", "Cross a border"], rows, "lrrr")


def stages_of(name: str) -> str:
    """Return one row a stage: time on all threads and on one, memory before and at its highest."""
    rows = []
    for stage, group in _grouped(records(name)):
        first, last = group[0], group[-1]
        by_thread = len(group) > 1
        rows.append(
            [
                f"`{stage}`" if by_thread else _stage_words(first),
                seconds(last),
                seconds(first) if by_thread else "",
                count(first["held_mb"]),
                count(max(r["peak_mb"] for r in group)),
                _notes(first),
            ]
        )
    head = ["Stage", "Seconds", "On one thread", "Inputs, MB", "Peak, MB", ""]
    return table(head, rows, "lrrrrl")


def compile_times() -> str:
    """Return one row for what is compiled: compiled, loaded, and run."""
    found = records("compiling")
    rows = []
    for stage in dict.fromkeys(r["stage"] for r in found):
        cold = one(found, cache="empty", stage=stage, call="first")
        kept = one(found, cache="kept", stage=stage, call="first")
        warm = [r for r in found if r["cache"] == "kept" and r["stage"] == stage][1:]
        cells = [seconds(cold), seconds(kept), seconds(warm[0]) if warm else ""]
        rows.append([f"`{stage}`" if warm else stage, *cells])
    first = [r for r in found if r["call"] == "first"]
    firsts = [[r for r in first if r["cache"] == state] for state in ("empty", "kept")]
    total = [f"**{sum(median(r['seconds']) for r in part):.1f}**" for part in firsts]
    peak = [f"{max(r['peak_mb'] for r in part):,}" for part in firsts]
    rows += [["**All**", *total, ""], ["Peak memory, MB", *peak, ""]]
    return table(["", "Compiled, s", "Loaded, s", "Run again, s"], rows, "lrrr")


def growth_of(*shapes: str) -> str:
    """Return one row for each random ledger and detector."""
    found = [r for r in records("growth") if r["shape"] in shapes]
    rows = [
        [
            f"{r['shape']}, {count(r['n'])}",
            f"`{r['stage']}`",
            seconds(r),
            f"{median(r['seconds']) / r['n'] * 1e6:,.1f}",
            *(count(r[k]) for k in ("peak_mb", "n_findings", "anchors_cut", "work_left")),
        ]
        for r in sorted(found, key=lambda r: (r["shape"], r["stage"], r["n"]))
    ]
    head = "Ledger, Detector, s, µs a row, Peak MB, Findings, Anchors cut, Work left".split(", ")
    return table(head, rows, "llrrrrrr")


TABLES = {
    "machine": the_machine,
    "ledgers": ledgers,
    **{name: lambda name=name: stages_of(name) for name in LEDGERS},
    "compiling": compile_times,
    "uniform": lambda: growth_of("uniform"),
    "busy": lambda: growth_of("hub", "zipf"),
    **field_page.TABLES,
}
"""By the name between the page's markers."""


# -- parts of them ---------------------------------------------------------------------------------


def stage_seconds(found: Iterable[Record]) -> dict[str, float]:
    """Return the seconds of each stage as a user meets it: with all threads that were tried."""
    return {
        _stage_words(group[-1]): median(group[-1]["seconds"])
        for stage, group in _grouped(found)
        if stage != "permute once"
    }


def _grouped(found: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    groups: dict[str, list[Record]] = {}
    for record in found:
        groups.setdefault(record["stage"], []).append(record)
    return list(groups.items())


def _stage_words(record: Record) -> str:
    n = record.get("n_permutations")
    return f"{record['stage']}, {n} permutations" if n else record["stage"]


def _notes(record: Record) -> str:
    words = []
    for key, single, many in (
        ("n_findings", "finding", "findings"),
        ("anchors_cut", "anchor cut", "anchors cut"),
        ("n_rejects", "reject", "rejects"),
        ("n_referrals", "proposal", "proposals"),
    ):
        if key in record and (record[key] or key != "anchors_cut"):
            words.append(f"{count(record[key])} {single if record[key] == 1 else many}")
    if "file_mb" in record:
        words.append(f"{record['file_mb']} MB on disk")
    return ", ".join(words)
