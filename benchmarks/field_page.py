"""Tables and curves of docs/explanation/field.md and of README.md: the library and its peers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import curves
from benchmarks.family import WHOLE
from benchmarks.ledgers import ROOT
from benchmarks.words import Record, count, one, seconds, slope, table
from benchmarks.works import KINDS, WORKS, Work

RESULTS = Path(__file__).parent / "results"
FIGURE = ROOT / "docs" / "explanation" / "_field.html"
_BYTES_AN_EDGE = 16  # time, originator, beneficiary: what any count must read once
SUM = "sum of the steps"
_NAMES = {"ours": "xborder_aml", "snapml": "snapml", "duckdb": "DuckDB"}


def results(name: str) -> dict[str, Any]:
    """Return one results file: the machine, and the records."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def _part(part: str) -> list[Record]:
    return [r for r in results("field")["records"] if r["part"] == part]


def _work(record: Record) -> Work:
    return Work(**record["work"])


def _name(peer: str) -> str:
    return _NAMES.get(peer, peer)


def _peers(found: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(r["peer"] for r in found))


def _best(found: Iterable[Record]) -> Record | None:
    """Return the record of the shortest time; one that was stopped only when all were."""
    ended = [r for r in found if "stopped" not in r]
    if ended:
        return min(ended, key=lambda r: median(r["seconds"]))
    return next(iter(found), None)


def _cell(record: Record | None) -> str:
    if record is None:
        return "cannot"
    if "stopped" in record:
        limit = record.get("limit", 0)
        words = {"time": f"> {limit} s", "memory": f"> {limit / 1e3:.0f} GB"}
        return words.get(record["stopped"], "failed")
    return seconds(record)


# -- tables ----------------------------------------------------------------------------------------


def the_field() -> str:
    """Return the machine, the releases of the peers, and what was asked of them."""
    facts = results("field")["machine"]
    releases = {k: v for k, v in _part("versions")[0].items() if k != "part"}
    copy, gather = (one(_part("memory"), stage=s) for s in ("copy", "gather"))
    rows = [
        ["Processor", f"{facts['cpu']}, {facts['cores']} cores"],
        ["System", f"{facts['system']}, Python {facts['python']}"],
        ["Releases", ", ".join(f"{k} {v}" for k, v in releases.items())],
        [
            "Memory, one thread",
            f"copies {copy['bytes'] / median(copy['seconds']) / 1e9:.1f} GB/s, gathers from 32 MiB "
            f"in {median(gather['seconds']) / gather['gathers'] * 1e9:.1f} ns",
        ],
        ["Load average before", str(facts["load_before"])],
    ]
    return table(["", "Measured on"], rows, "ll")


def definitions() -> str:
    """Return the works and their words."""
    return table(["Work", ""], [[k.title, k.words] for k in KINDS.values()], "ll")


def everyone(threads: int) -> str:
    """Return one row a work, one column a peer: seconds."""
    peers, rows = [], []
    for work, best, done in _by_work(threads):
        peers = list(best)
        rows.append([work.title, *map(_cell, best.values()), _agreement(done)])
    return table([_of_all(), *map(_name, peers), "Answers"], rows, "l" + "r" * len(peers) + "l")


def everyone_memory() -> str:
    """Return one row a work, one column a peer: highest resident memory, inputs included."""
    peers, rows = [], []
    for work, best, _ in _by_work(1):
        peers = list(best)
        rows.append([work.title, *(count(r["peak_mb"]) if r else "" for r in best.values())])
    return table([f"{_of_all()}, MB", *map(_name, peers)], rows, "l" + "r" * len(peers))


def _by_work(threads: int) -> Iterator[tuple[Work, dict[str, Record | None], list[Record]]]:
    """Give each work, the shortest record of each peer, and all records."""
    found = [r for r in _part("all") if r["threads"] == threads]
    for work in WORKS:
        done = [r for r in found if _work(r) == work]
        if done:
            yield work, {p: _best([r for r in done if r["peer"] == p]) for p in _peers(found)}, done


def _of_all() -> str:
    return f"{count(_part('all')[0]['n'])} transactions"


def _agreement(done: Iterable[Record]) -> str:
    """Return how many peers gave numbers, and whether they are the same."""
    checks = {r["peer"]: (r["check"], r["total"]) for r in done if "check" in r}
    if not checks:
        return ""
    if len(set(checks.values())) == 1:
        ((_, total),) = set(checks.values())
        words = f"all {len(checks)} the same" if len(checks) > 1 else f"of {_name(*checks)} only"
        return f"{count(total)}, {words}"
    return "; ".join(f"{_name(p)} {count(total)}" for p, (_, total) in checks.items())


def fastest(part: str = "fast") -> str:
    """Return the library beside the fastest peer: factors on one thread, gain of a second."""
    found = _part(part)
    rows = []
    for work in WORKS:
        done = [r for r in found if _work(r) == work]
        ours = [r for r in done if r["peer"] == "ours"]
        if not ours:
            continue
        mine = _best([r for r in ours if r["threads"] == 1])
        best = _best([r for r in done if r["peer"] == "snapml"])
        rows.append(
            [
                work.title,
                _cell(mine),
                _speed(mine),
                _cell(best),
                _factor(mine, best),
                _gain(ours),
                _cut(mine),
            ]
        )
    n = f"{count(found[0]['n'])} transactions" if found else ""
    head = f"{n}|xborder_aml, s|thousand/s|snapml at its fastest, s|times|second thread|"
    return table(head.split("|"), rows, "lrrrrrl")


def skewed() -> str:
    """Return the same on skewed accounts, where searches are cut or do not end."""
    found = _part("skewed")
    rows = []
    for work in WORKS:
        done = {r["peer"]: r for r in found if _work(r) == work}
        if "ours" not in done:
            continue
        mine, theirs = done["ours"], done.get("snapml")
        cut = count(mine["cut"]) if "cut" in mine else ""
        rows.append([work.title, _cell(mine), cut, _cell(theirs), _factor(mine, theirs)])
    n = f"{count(found[0]['n'])} transactions" if found else ""
    head = f"{n}|xborder_aml, s|transactions cut|snapml, s|times"
    return table(head.split("|"), rows, "lrrrr")


def _cut(record: Record | None) -> str:
    """Return how many transactions a default cap has ended, where it has."""
    n = record.get("cut", 0) if record else 0
    return f"{count(n)} transactions cut" if n else ""


def _speed(record: Record | None) -> str:
    if record is None or "stopped" in record:
        return ""
    return count(round(record["n"] / median(record["seconds"]) / 1e3))


def _factor(mine: Record | None, theirs: Record | None) -> str:
    if mine is None or theirs is None or "stopped" in mine:
        return ""
    if theirs.get("stopped", "time") != "time":
        return ""
    other = theirs["limit"] if "stopped" in theirs else median(theirs["seconds"])
    times = other / median(mine["seconds"])
    return ("> " if "stopped" in theirs else "") + (
        f"{times:.1f}" if times < 10 else f"{times:.0f}"
    )


def _gain(ours: Iterable[Record]) -> str:
    by = {r["threads"]: r for r in ours}
    if not {1, 2} <= set(by) or any("stopped" in r for r in by.values()):
        return ""
    return f"{median(by[1]['seconds']) / median(by[2]['seconds']):.2f}"


def cannot() -> str:
    """Return what each peer is not asked for, and why."""
    found = _part("cannot")
    rows = []
    for peer, reason in dict.fromkeys((r["peer"], r["reason"]) for r in found):
        kinds = [r["kind"] for r in found if (r["peer"], r["reason"]) == (peer, reason)]
        rows.append([_name(peer), "; ".join(KINDS[kind].title for kind in kinds), reason])
    return table(["", "Cannot do", "Because"], rows, "lll")


def loading() -> str:
    """Return import and first calls: with an empty cache, with a kept one, and called again."""
    found = _part("loading")
    rows = []
    for peer in _peers(found):
        own = [r for r in found if r["peer"] == peer]
        last = own[-1]["cache"]
        for stage in dict.fromkeys(r["stage"] for r in own):
            cold = [r for r in own if r["stage"] == stage and r["cache"] == "empty"]
            kept = one(own, stage=stage, cache=last, call="first")
            warm = [r for r in own if r["stage"] == stage and r["call"] == "second"]
            title = KINDS[stage].title if stage in KINDS else stage
            cells = [seconds(r) if r else "" for r in (next(iter(cold), None), kept)]
            rows.append([_name(peer), title, *cells, seconds(warm[-1]) if warm else ""])
    head = ["", "", "Compiled, s", "Loaded, s", "Run again, s"]
    return table(head, rows, "llrrr")


def family() -> str:
    """Return one row a detector and shape: seconds by size, slope, and what was found and cut."""
    found = [r for r in results("family")["records"] if r["stage"] != "stopped"]
    sizes = sorted({r["n"] for r in found})
    rows = []
    for shape in dict.fromkeys(r["shape"] for r in found):
        own = [r for r in found if r["shape"] == shape]
        calls = [r for r in own if r["stage"] == WHOLE]
        own = [r for r in own if r["stage"] != WHOLE]
        stages = dict.fromkeys(r["stage"] for r in own)
        rows += [_stage_row([r for r in own if r["stage"] == stage], sizes) for stage in stages]
        whole = [n for n in sizes if {r["stage"] for r in own if r["n"] == n} == set(stages)]
        rows.append(_stage_row([_whole([r for r in own if r["n"] == n]) for n in whole], sizes))
        if calls:
            rows.append(_stage_row(calls, sizes))
    head = ["", "", *(f"{count(n)}, s" for n in sizes)]
    head += ["Slope", "Findings", "Anchors cut", "Peak, MB"]
    return table(head, rows, "ll" + "r" * (len(sizes) + 4))


def _whole(stages: list[Record]) -> Record:
    """Return the record of all stages of one stream together."""
    added = ("n_findings", "anchors_cut")
    return stages[0] | {
        "stage": SUM,
        "seconds": [sum(median(r["seconds"]) for r in stages)],
        "peak_mb": max(r["peak_mb"] for r in stages),
        **{key: sum(r.get(key, 0) for r in stages) for key in added},
    }


def _stage_row(found: list[Record], sizes: list[int]) -> list[str]:
    """Return the row of one stage on streams of growing size; counts are of the largest."""
    if not found:
        return ["", f"**{SUM}**", *("no end" for _ in sizes), "", "", "", ""]
    by_size = {r["n"]: r for r in found}
    last = by_size[max(by_size)]
    name = f"**{last['stage']}**" if last["stage"] in (SUM, WHOLE) else f"`{last['stage']}`"
    times = [seconds(by_size[n]) if n in by_size else "no end" for n in sizes]
    counts = [count(last[key]) if key in last else "" for key in ("n_findings", "anchors_cut")]
    grows = slope({n: median(r["seconds"]) for n, r in by_size.items()})
    return [last["shape"], name, *times, grows, *counts, count(last["peak_mb"])]


def _once_measured(name: str, make: Callable[[], str]) -> Callable[[], str]:
    """Return what makes a table of results, or says that there are none yet."""

    def made() -> str:
        if (RESULTS / f"{name}.json").exists():
            return make()
        return f"Not measured yet: `make bench ARGS={name}`."

    return made


_OF_FIELD = {
    "field_machine": the_field,
    "field_one": lambda: everyone(1),
    "field_two": lambda: everyone(2),
    "field_memory": everyone_memory,
    "field_fast": fastest,
    "field_uniform": partial(fastest, "uniform"),
    "field_skewed": skewed,
    "field_cannot": cannot,
    "field_loading": loading,
}

TABLES: dict[str, Callable[[], str]] = {
    "field_words": definitions,
    "family": _once_measured("family", family),
    **{name: _once_measured("field", make) for name, make in _OF_FIELD.items()},
}
"""By the name between a page's markers."""


# -- curves ----------------------------------------------------------------------------------------


def drawn() -> str:
    """Return cost against window, hops, skew and edges, and what memory alone would cost."""
    if not (RESULTS / "field.json").exists():
        return "<p>Not measured yet.</p>\n"
    day = "in 24 h"
    panels = [
        curves.Panel(
            "Window, temporal cycles", "hours", _lines("window", lambda r: _work(r).hours)
        ),
        curves.Panel(
            f"Hops, hop-bounded cycles {day}",
            "most hops",
            _lines("hops", lambda r: _work(r).hops),
            is_log=False,
        ),
        curves.Panel(
            f"Skew, temporal cycles {day}, without hubs",
            "exponent of Zipf's law",
            _lines("skew", lambda r: r["skew"], lambda r: not r["hubs"]),
            is_log=False,
        ),
        curves.Panel(
            f"Skew, temporal cycles {day}, with hubs",
            "exponent of Zipf's law",
            _lines("skew", lambda r: r["skew"], lambda r: r["hubs"]),
            is_log=False,
        ),
        curves.Panel(
            f"Edges, temporal cycles {day}",
            "transactions",
            _lines("edges", lambda r: r["n"], lambda r: _work(r).kind == "temporal_cycles"),
        ),
        curves.Panel(
            f"Edges, fan and degree {day}",
            "transactions",
            _lines("edges", lambda r: r["n"], lambda r: _work(r).kind == "fan_degree"),
        ),
    ]
    return curves.drawing(panels)


def _lines(
    part: str,
    across: Callable[[Record], float],
    keep: Callable[[Record], bool] = lambda _: True,
) -> dict[str, list[tuple[float, float]]]:
    """Return the points of each peer where it ended, and the bounds that memory sets."""
    found = [r for r in _part(part) if keep(r)]
    out: dict[str, list[tuple[float, float]]] = {}
    for r in found:
        if "stopped" not in r:
            out.setdefault(r["peer"], []).append((across(r), median(r["seconds"])))
    sizes = {across(r): r["n"] for r in found}
    gather = one(_part("memory"), stage="gather")
    each = median(gather["seconds"]) / gather["gathers"]
    out["memory: read once"] = [(x, _once(n)) for x, n in sizes.items()]
    out["memory: a gather each"] = [(x, n * each) for x, n in sizes.items()]
    return out


def _once(n: int) -> float:
    """Return the seconds that reading n transactions once takes at the speed of a copy."""
    copy = one(_part("memory"), stage="copy")
    return n * _BYTES_AN_EDGE * median(copy["seconds"]) / copy["bytes"]
