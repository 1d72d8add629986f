"""A case in a bundle is made again from its transactions: what differs was changed by somebody."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.batch._manifest import versions
from xborder_aml.exchange._again import Again
from xborder_aml.exchange._checks import Findings
from xborder_aml.exchange.bundle import pack, seal
from xborder_aml.exchange.keys import Signer, make_signing_key
from xborder_aml.exchange.verify import verify_bundle
from xborder_aml.referral.files import case_files

LAW = """
[[channels]]
channel = "TREATY"
name = "A treaty"
kind = "judicial"
functions = ["freeze"]
parties = "EE+CY"
contact = "Central authorities"
legal_basis = "The treaty"
source = "made up"
as_of = 2026-01-15
status = "verified"
"""


def sealed_files(*own: Path) -> dict[str, bytes]:
    """Return the files of a case of the example, with tables of law of one's own."""
    graph = xb.TransactionGraph(xb.example_ledger())
    traced = xb.trace(graph, {"victim": [4]}, rule="pro_rata", same_day="range")
    law = xb.jurisdiction_tables(*own)
    referral = xb.refer(traced, requesting="EE", predicate="fraud", tables=law)
    inputs = [
        {"role": "table of law", "name": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}
        for path in own
    ]
    about = {"incomplete": [], "inputs": inputs, "versions": versions()}
    files = case_files(referral, about=about)
    texts = {name: text.encode() for name, text in files.texts.items()}
    return texts | {name: parquet(frame) for name, frame in files.tables.items()}


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    (folder / "own.toml").write_text(LAW, "utf-8")
    for name in ("mine", "other"):
        make_signing_key(folder / name)
    return folder


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return sealed_files()


@pytest.fixture
def case(made) -> dict[str, bytes]:
    return dict(made)


@pytest.fixture
def check(places, tmp_path):
    def verified(content, *, key="mine", **given):
        sealed = seal(content, sign=[Signer.read(places / key)])
        (tmp_path / "b.zip").write_bytes(pack(sealed))
        return verify_bundle(tmp_path / "b.zip", trust=[places / "mine.pub"], **given)

    return verified


def test_a_case_is_made_again(check, case):
    found = check(case)
    assert found.problems == ()
    assert found.unchecked == ()
    assert found.checked[-1].endswith("files of the case made again, and the same")


def changed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Change one cell of a column, if it can be."""
    dtype, first = frame.schema[name], pl.int_range(pl.len()) == 0
    if dtype == pl.String:
        other: pl.Expr = pl.lit("XX")
    elif dtype == pl.Boolean:
        other = ~pl.col(name)
    elif dtype.is_integer() or dtype.is_float():
        other = pl.col(name).fill_null(0) + 1
    elif isinstance(dtype, pl.Datetime):
        other = pl.col(name) + pl.duration(seconds=1)
    else:
        return frame
    return frame.with_columns(pl.when(first).then(other).otherwise(name).alias(name)).cast(
        dict(frame.schema)
    )


DERIVED = (
    "requests", "recovery", "waterfall", "sensitivity", "clocks", "plans", "counter_evidence",
    "completeness", "rules", "evidence", "holdings", "conservation", "steps",
)  # fmt: skip


@pytest.fixture(scope="module")
def again() -> Again:
    return Again([])


@pytest.fixture
def compare(again):
    """Compare files as a check does, with the work of all tests done once."""

    def compared(content):
        frames = {
            name.removesuffix(".parquet"): pl.read_parquet(io.BytesIO(data))
            for name, data in content.items()
            if name.endswith(".parquet")
        }
        found = Findings()
        again.compare("", content, frames, found)
        return found

    return compared


@pytest.mark.parametrize("name", DERIVED)
def test_a_cell_of_a_table_that_was_changed_is_caught(compare, case, name):
    frame = pl.read_parquet(io.BytesIO(case[f"{name}.parquet"]))
    others = (changed(frame, column) for column in reversed(frame.columns))
    other = next(other for other in others if not other.equals(frame))
    (problem,) = compare({**case, f"{name}.parquet": parquet(other)}).problems
    assert problem.startswith(f"{name}.parquet is not what the transactions give: ")


def test_words_of_the_page_that_were_changed_are_caught(compare, case):
    page = case["case.html"].replace(b"Draft for a person", b"Proof for a person")
    (problem,) = compare({**case, "case.html": page}).problems
    assert problem.startswith("case.html is not what the transactions give: from line ")


def test_a_changed_csv_is_caught(compare, case):
    text = case["requests.csv"].replace(b"refer", b"watch", 1).replace(b"REFER", b"MONITOR", 1)
    assert text != case["requests.csv"]
    assert compare({**case, "requests.csv": text}).problems


@pytest.mark.parametrize("name", ["requests.csv", "plans.parquet"])
def test_a_file_that_was_left_out_is_missed(compare, case, name):
    del case[name]
    assert f"{name} is missing" in compare(case).problems


def test_a_figure_that_was_left_out_is_missed(compare, case):
    figures = json.loads(case["figures.json"])
    text = json.dumps(figures[:-1]).encode()
    problems = compare({**case, "figures.json": text}).problems
    assert any("figures.json" in problem for problem in problems)


def test_by_another_key_nothing_holds(check, case):
    found = check(case, key="other")
    assert any("is not signed by the key" in problem for problem in found.problems)


def test_a_draft_may_be_completed_and_this_is_told(compare, case):
    letter = next(name for name in sorted(case) if name.startswith("letter-"))
    found = compare({**case, letter: case[letter] + b"\nWe thank you.\n"})
    assert found.problems == []
    assert found.unchecked == [f"{letter}: a person changed the draft"]


def test_what_a_person_adds_is_no_part_of_it(compare, case):
    assert compare({**case, "order.txt": b"an order, scanned"}).unchecked == []


def test_own_tables_of_law_are_needed(check, places):
    files = sealed_files(places / "own.toml")
    (open_,) = check(files).unchecked
    assert "give the tables of law own.toml (--input)" in open_
    found = check(files, inputs=[places / "own.toml"])
    assert (found.problems, found.unchecked) == ((), ())


def told(files: dict[str, bytes], **other: object) -> dict[str, bytes]:
    text = json.dumps(json.loads(files["referral.json"]) | other).encode()
    return {**files, "referral.json": text}


@pytest.mark.parametrize(
    "other",
    [
        {"facts": []}, {"facts": {"authority": 3}}, {"settings": None}, {"trace": {}},
        {"case": "another"}, {"on": "some day"}, {"letters": "many"}, {"requesting": "Estonia"},
        {"predicate": "bad luck"}, {"same_day": 4}, {"settings": {"limitation": "never"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_a_problem_and_no_crash(compare, case, other):
    problems = compare(told(case, **other)).problems
    assert any("referral.json does not fit" in p or "is not what" in p for p in problems)


@pytest.mark.parametrize("text", [None, b"[]", b"{", b"{}", b"[" * 100_000])
def test_without_what_was_asked_for_it_is_not_checked(compare, case, text):
    del case["referral.json"]
    if text is not None:
        case["referral.json"] = text
    found = compare(case)
    assert any("does not tell how it was made" in open_ for open_ in found.unchecked)


def test_what_another_version_made_otherwise_is_not_called_wrong(compare, case):
    versions = json.loads(case["referral.json"])["versions"] | {"polars": "0.1"}
    older = told(case, versions=versions)
    found = compare(older)
    assert found.problems == []
    assert any("it was made by polars 0.1 (here " in open_ for open_ in found.unchecked)
