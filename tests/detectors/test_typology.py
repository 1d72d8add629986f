"""Typologies that users define: any spec is searched as its definition says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xborder_aml as xb
from xborder_aml.detection import as_view, find, matches
from xborder_aml.detection._slices import search_alone, tasks_of
from xborder_aml.detectors import detector_of, params_of, typology
from xborder_aml.detectors._spec import Instance, Payment
from xborder_aml.detectors._typology_examples import is_rigid
from xborder_aml.executors import Task, join_outputs
from xborder_aml.kernels import matcher
from xborder_aml.synth.plant import Seeded, instance_tables
from xborder_aml.testing import DEFECTS, check_detector, choices

DAY = 86_400_000_000
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "typologies").glob("*.toml"))
Ledger = Callable[..., xb.TransactionGraph]
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)


# -- any spec -----------------------------------------------------------------------------------

_GAPS = ("0d", "1d", "5d", "30h")
_PARTIES = ("a", "b", "c", "d")
_SHARES = ((0.0, 10.0), (0.8, 1.0), (0.5, 1.2), (1.0, 1.0), (0.0, 0.9))


@st.composite
def hops(draw: Any, i: int, seen: set[str]) -> xb.Hop:
    first = draw(st.sampled_from(sorted(seen) or list(_PARTIES)))
    other = draw(st.sampled_from([p for p in _PARTIES if p != first]))
    ends = (first, other) if draw(st.booleans()) else (other, first)
    of = draw(st.lists(st.integers(1, i), max_size=2, unique=True)) if i else []
    low, high = draw(st.sampled_from(_SHARES)) if of else (0.0, 10.0)
    least = draw(st.integers(1, 2))
    may_repeat = not seen or ends[0] in seen
    return xb.Hop(
        *ends,
        name=f"t{draw(st.integers(0, i)) if draw(st.booleans()) else i}",
        min_gap=draw(st.sampled_from(_GAPS[:3])) if draw(st.booleans()) else "0d",
        max_gap="5d" if draw(st.booleans()) else None,
        of=() if not of else ("any",),
        min_share=low,
        max_share=high,
        min_minor=draw(st.sampled_from((0, 0, 85_000))),
        max_minor=draw(st.sampled_from((None, None, 100_000))),
        instruments=draw(st.sampled_from(((), (), ("cash",), ("cash", "wire")))),
        crosses_border=draw(st.sampled_from((None, None, True, False))),
        repeat=(least, least + draw(st.integers(0, 1)))
        if may_repeat and draw(st.booleans())
        else (1, 1),
    )


@st.composite
def typologies(draw: Any) -> xb.Typology:
    """Draw a spec of one to four hops; each touches a party that was met before."""
    made: list[xb.Hop] = []
    seen: set[str] = set()
    for i in range(draw(st.integers(1, 4))):
        hop = draw(hops(i, seen))
        if hop.of:
            names = tuple(sorted({h.name for h in made}))
            hop = _replaced(hop, of=names[: draw(st.integers(1, len(names)))])
        made.append(hop)
        seen |= {hop.originator, hop.beneficiary}
    known = list(dict.fromkeys(p for h in made for p in (h.originator, h.beneficiary)))
    parties = []
    for name in draw(st.lists(st.sampled_from(known), unique=True, max_size=2)):
        key = draw(
            st.sampled_from(
                ("same_jurisdiction", "other_jurisdiction", "same_holder", "other_holder")
            )
        )
        value = (draw(st.sampled_from([p for p in known if p != name])),)
        places = draw(st.sampled_from(((), ("EE",), ("EE", "GB"))))
        barred = draw(st.sampled_from(((), (), ("CY",))))
        parties.append(
            xb.Party(name, jurisdictions=places, not_jurisdictions=barred, **{key: value})
        )
    return xb.Typology(
        name="drawn",
        hops=tuple(made),
        parties=tuple(parties),
        window="10d",
        min_borders=draw(st.sampled_from((0, 0, 1))),
        strict_time=draw(st.booleans()),
        distinct=draw(st.sampled_from((True, True, False))),
    )


def _replaced(hop: xb.Hop, **values: Any) -> xb.Hop:
    return dataclasses.replace(hop, **values)


@st.composite
def planted(draw: Any) -> tuple[xb.Typology, xb.TransactionGraph]:
    """Draw a spec, an instance of it, and payments that are almost those of the instance."""
    spec = draw(typologies())
    try:
        made = detector_of(spec).plant(draw(choices()), spec)
    except xb.ParameterError:
        hypothesis.reject()  # the spec contradicts itself
    n = len(made.jurisdictions)
    rows = list(made.payments)
    for _ in range(draw(st.integers(0, 6))):
        like = draw(st.sampled_from(made.payments))
        change = draw(
            st.sampled_from(
                (
                    {},
                    {"at": max(0, like.at + draw(st.sampled_from((-1, 1, DAY, -DAY))))},
                    {"amount": max(0, like.amount + draw(st.sampled_from((-1, 1, 9_000))))},
                    {"originator": draw(st.integers(0, n))},
                    {"beneficiary": draw(st.integers(0, n))},
                    {"instrument": draw(st.sampled_from((None, "wire", "cash")))},
                )
            )
        )
        rows.append(like._replace(**change))
    places = (*made.jurisdictions, draw(st.sampled_from(("EE", "GB", "CY"))))
    holders = (*(made.holders or range(n)), draw(st.integers(0, n)))
    tables = instance_tables(Instance(tuple(draw(st.permutations(rows))), places, holders))
    unknown = pl.col("originator_jurisdiction").replace(
        draw(st.sampled_from((*places, "SE"))), None
    )
    frame = tables[0].with_columns(unknown) if draw(st.booleans()) else tables[0]
    return spec, xb.TransactionGraph(frame, tables[1].with_columns(jurisdiction=None))


@settings(max_examples=150)
@given(drawn=planted())
def test_the_matcher_finds_what_the_definition_says(
    drawn: tuple[xb.Typology, xb.TransactionGraph],
) -> None:
    spec, graph = drawn
    detector = detector_of(spec)
    wanted = sorted(detector.reference(as_view(graph), spec))
    assert sorted(matches(find(graph, detector, spec, executor=1, capacity=1))) == wanted
    assert sorted(matches(find(graph, detector, spec, executor=3))) == wanted


@settings(max_examples=20)
@given(drawn=planted(), cap=st.integers(1, 3))
def test_slices_are_exact_where_caps_bite(
    drawn: tuple[xb.Typology, xb.TransactionGraph], cap: int
) -> None:
    spec = _replaced(drawn[0], max_work=2 * cap, max_degree=cap, max_matches=cap)
    graph, detector = drawn[1], detector_of(spec)
    whole = find(graph, detector, spec, executor=1)
    tasks = tasks_of(graph, detector, spec, 5)
    sliced = join_outputs([search_alone(graph, detector, t) for t in tasks])
    assert matches(sliced) == matches(whole)
    told, cut = (sorted(zip(*o[8:12], strict=True)) for o in (sliced, whole))
    assert told == cut


@settings(max_examples=60)
@given(spec=typologies())
def test_any_spec_goes_through_toml_and_back(spec: xb.Typology, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("typology") / "drawn.toml"
    path.write_text(spec.to_toml(), "utf-8")
    again = xb.Typology.from_toml(path)
    assert again.to_dict() == spec.to_dict()
    assert params_of("drawn", spec.to_dict()).to_dict() == spec.to_dict()
    assert Task.from_dict(Task(spec).to_dict()).params.to_dict() == spec.to_dict()


def test_all_typologies_share_one_compiled_matcher(ledger: Ledger) -> None:
    signatures = getattr(matcher.match, "signatures", None)
    if signatures is None:
        pytest.skip("kernels are plain Python here")
    graph = ledger((0, 0, 1, 1_000), (1, 1, 0, 1_000))
    for path in EXAMPLES:
        xb.detect(graph, xb.Typology.from_toml(path))
    assert len(matcher.match.signatures) == 1  # type: ignore[attr-defined]


# -- published ones -----------------------------------------------------------------------------


@each_example
def test_published_typology_keeps_the_promises(path: Path) -> None:
    spec = xb.Typology.from_toml(path)
    check_detector(detector_of(spec), [spec], examples=15)


@pytest.mark.checker
@pytest.mark.parametrize("defect", DEFECTS)
def test_wrong_matcher_is_rejected(defect: str) -> None:
    spec = xb.Typology.from_toml(EXAMPLES[0])
    with pytest.raises(AssertionError, match=r"."):
        check_detector(DEFECTS[defect](detector_of(spec)), [spec], examples=20, shrink=False)


@each_example
def test_published_typology_names_its_source(path: Path) -> None:
    spec = xb.Typology.from_toml(path)
    assert spec.name == path.stem
    assert spec.description
    assert spec.references


# -- beside other detectors ---------------------------------------------------------------------


REFUND = xb.Typology(
    name="refund",
    hops=(
        xb.Hop("payer", "shop", name="pay"),
        xb.Hop("shop", "payer", name="back", of=("pay",), min_share=0.9, max_share=1.0),
    ),
    window="5d",
)


def test_it_runs_beside_detectors_and_as_the_definition(ledger: Ledger) -> None:
    graph = ledger((0, 0, 1, 1_000), (5, 1, 0, 950), (9, 1, 0, 850))
    found = xb.detect(graph, [REFUND, "round_trip"])
    assert found.of("refund").evidence["transaction_id"].to_list() == [0, 1]
    assert found.of("refund").evidence["role"].to_list() == ["pay", "back"]
    assert xb.detect(graph, REFUND, engine="reference").equals(found.of("refund"))
    assert found.of("refund").findings["amount_in_minor"].to_list() == [1_000]
    assert found.of("refund").findings["amount_out_minor"].to_list() == [950]


def test_what_it_is_called_for_people_is_no_part_of_its_identity(ledger: Ledger) -> None:
    graph = ledger((0, 0, 1, 1_000), (5, 1, 0, 950))
    one, two, three = (
        xb.detect(graph, s).findings["finding_id"].to_list()
        for s in (
            REFUND,
            _replaced(REFUND, title="Refunds", max_work=9),
            _replaced(REFUND, window="6d"),
        )
    )
    assert one == two
    assert one != three


def test_its_findings_are_scored(ledger: Ledger) -> None:
    graph = ledger(*((k, *((0, 1) if k % 2 == 0 else (1, 0)), 1_000 + k) for k in range(20)))
    scores = xb.EvidenceScorer(n_permutations=3).score(graph, xb.detect(graph, REFUND))
    assert scores.height == 2


def test_of_one_casting_the_longest_and_earliest_is_shown(ledger: Ledger) -> None:
    spec = xb.Typology(
        name="layers", hops=(xb.Hop("a", "b", name="layer", repeat=(1, 3)),), min_borders=0
    )
    graph = ledger((0, 0, 1, 1_000), (1, 1, 2, 1_000), (2, 1, 2, 1_000), (3, 0, 2, 1_000))
    found = xb.detect(graph, spec)
    rows = found.evidence.group_by("finding_id", maintain_order=True).agg("transaction_id")
    assert [0, 1] in rows["transaction_id"].to_list()
    at = rows["transaction_id"].to_list().index([0, 1])
    assert found.findings["multiplicity"].to_list()[at] == 2


def test_of_several_hops_the_sum_is_meant() -> None:
    spec = xb.Typology(
        name="gathered",
        hops=(
            xb.Hop("a", "c", name="in"),
            xb.Hop("b", "c", name="in"),
            xb.Hop("c", "d", name="out", of=("in",), min_share=0.9, max_share=1.0),
        ),
    )
    for amount, n in ((1_800, 1), (2_000, 1), (1_799, 0), (2_001, 0)):
        rows = (Payment(0, 0, 2, 1_200), Payment(1, 1, 2, 800), Payment(2, 2, 3, amount))
        graph = xb.TransactionGraph(*instance_tables(Instance(rows, ("EE", "GB", "CY", "LV"))))
        assert len(xb.detect(graph, spec)) == n
    assert not is_rigid(spec)
    assert is_rigid(REFUND) is False  # a circle of two turns into itself


@pytest.mark.parametrize(
    ("cap", "found", "left"), [("max_matches", 1, 2), ("max_work", 1, 2), ("max_degree", 1, 2)]
)
def test_caps_are_told(ledger: Ledger, cap: str, found: int, left: int) -> None:
    spec = xb.Typology(name="fork", hops=(xb.Hop("a", "b"), xb.Hop("b", "c")))
    graph = ledger((0, 0, 1, 1_000), (1, 1, 2, 1_000), (2, 1, 3, 1_000), (3, 1, 4, 1_000))
    cut = xb.detect(graph, _replaced(spec, **{cap: 1}))
    assert len(cut) == found
    assert cut.truncations.select("cap", "work_left").rows() == [(cap, left)]
    assert cut.findings["is_truncated"].to_list() == [True]


def test_a_hub_ends(hub: xb.TransactionGraph) -> None:
    spec = xb.Typology(name="fork", hops=(xb.Hop("a", "b"), xb.Hop("b", "c")), window="1d")
    found = xb.detect(hub, _replaced(spec, max_degree=3, max_matches=1))
    assert found.truncations.height > 10_000


# -- errors -------------------------------------------------------------------------------------


def spec_of(**values: Any) -> xb.Typology:
    return xb.Typology(**{"name": "t", "hops": (xb.Hop("a", "b"), xb.Hop("b", "c")), **values})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "Loan back"}, "a typology is named 'Loan back'; give it a name of lower-case"),
        ({"hops": ()}, "has no hops; give it at least one Hop"),
        ({"hops": [xb.Hop("a", "b")]}, "hops must be a tuple of Hop"),
        ({"hops": (xb.Hop("a", "a"),)}, r"hop 1 \('hop_1'\): it leads from a party to itself"),
        (
            {"hops": (xb.Hop("a", "b"), xb.Hop("c", "d"))},
            "hop 2 .*: it touches none of the parties before it; let it begin or end at one of a",
        ),
        (
            {"hops": (xb.Hop("a", "b", name="pay"), xb.Hop("b", "c", of=("pai",)))},
            r"hop 2 .*: of='pai' is no hop before it \(did you mean 'pay'\?\); there are pay",
        ),
        ({"hops": (xb.Hop("a", "b", min_share=0.5),)}, "are shares `of` earlier hops; say which"),
        ({"hops": (xb.Hop("a", "b", min_gap="40d"),)}, "min_gap='40d' exceeds max_gap or the win"),
        ({"hops": (xb.Hop("a", "b", instruments=("wires",)),)}, r"'wires' is no instrument \(did"),
        ({"hops": (xb.Hop("a", "b", repeat=(3, 2)),)}, r"repeat=\(3, 2\) must be a fewest and a"),
        ({"hops": (xb.Hop("a", "b", min_minor=9, max_minor=8),)}, "must ascend from 0"),
        ({"hops": (xb.Hop("a", "b", of="pay"),)}, "of='pay' must be a list of texts"),
        ({"hops": (xb.Hop("a", "b", repeat=(1, 2, 3)),)}, "must be two whole numbers"),
        ({"hops": (xb.Hop("a", 3),)}, "beneficiary=3 must be text"),
        ({"hops": (xb.Hop("a", "b", max_gap="soon"),)}, "max_gap='soon' is not a duration"),
        ({"parties": (xb.Party("a", jurisdictions="EE"),)}, "jurisdictions='EE' must be a list"),
        (
            {"hops": (xb.Hop("a", "b"), xb.Hop("c", "a", repeat=(1, 2)))},
            "it is repeated, and begins at 'c', whom no hop before it touches",
        ),
        (
            {"hops": (xb.Hop("a", "b", repeat=(1, 9)), xb.Hop("b", "c", repeat=(1, 9)))},
            "has up to 18 transfers in 81 arrangements; the limits are 12 and 64: repeat less",
        ),
        ({"parties": (xb.Party("xx"),)}, "party 'xx': no hop names it; they name a, b, c"),
        ({"parties": (xb.Party("a"), xb.Party("a"))}, "has two parties named 'a'; make them one"),
        (
            {"parties": (xb.Party("a", same_holder=("x",)),)},
            "party 'a': same_holder names 'x', which is no other party",
        ),
        ({"parties": (xb.Party("a", jurisdictions=("UK",)),)}, "'UK' is not an ISO 3166-1 alpha-2"),
        ({"max_work": 0}, "caps must be at least 1"),
    ],
)
def test_errors_name_the_place_and_the_cure(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(xb.ParameterError, match=sentence):
        spec_of(**values)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = 't'\nhop = []", r"Typology has no parameter 'hop' \(did you mean 'hops'\?\)"),
        (
            "name = 't'\n[[hops]]\noriginator = 'a'\nbenficiary = 'b'",
            r"hops\[1\] has no key 'benficiary' \(did you mean 'beneficiary'\?\)",
        ),
        ("name = 't'\n[[hops]]\noriginator = 'a'", r"hops\[1\] does not say 'beneficiary'; add it"),
        ("name = 't'\nhops = 3", "hops=3 must be a list"),
        ("name = 't'\nhops = [3]", "must be a table of keys and values"),
        ("name = ", "typology.toml is not TOML"),
    ],
)
def test_errors_of_files(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "typology.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(xb.ParameterError, match=sentence):
        xb.Typology.from_toml(path)


def test_no_file() -> None:
    with pytest.raises(xb.DatasetUnavailableError, match=r"there is no typology file 'x\.toml'"):
        xb.Typology.from_toml("x.toml")


def test_a_detectors_name_is_taken(ledger: Ledger) -> None:
    with pytest.raises(xb.ParameterError, match="'round_trip' has the name of a detector"):
        xb.detect(ledger((0, 0, 1, 1_000)), spec_of(name="round_trip"))


def test_contradictions_are_told_when_an_example_is_drawn() -> None:
    spec = spec_of(
        parties=(xb.Party("a", same_jurisdiction=("b",), other_jurisdiction=("b",)),),
    )
    with pytest.raises(xb.ParameterError, match="no jurisdictions were found that fulfil all"):
        typology.plant(Seeded(1), spec)
