"""What every detector promises, and that the checks can tell when it does not keep it."""

from __future__ import annotations

import pytest

from xborder_aml.detectors import DETECTORS, registry
from xborder_aml.detectors._spec import Detector
from xborder_aml.testing import DEFECTS, check_detector

ALL = list(registry().values())
each_detector = pytest.mark.parametrize("detector", ALL, ids=lambda d: d.name)


@each_detector
def test_detector_keeps_its_promises(detector: Detector) -> None:
    check_detector(detector, examples=15)


@pytest.mark.checker
@pytest.mark.parametrize("defect", DEFECTS)
@each_detector
def test_wrong_kernel_is_rejected(detector: Detector, defect: str) -> None:
    if defect == "forget_ties" and not hasattr(detector.params().limits(), "strict"):
        pytest.skip(f"{detector.name} has no order of times to forget")
    if defect == "short_reach" and detector.reach is None:
        pytest.skip(f"{detector.name} reads all of an account or of the ledger")
    assert rejected(DEFECTS[defect](detector))


def rejected(detector: Detector) -> bool:
    """Tell whether a check fails; which one differs from detector to detector."""
    try:
        check_detector(detector, examples=20, shrink=False)
    except AssertionError:
        return True
    return False


def test_built_in_detectors_come_in_this_order() -> None:
    assert [d.name for d in DETECTORS] == [
        "round_trip",
        "layering_chain",
        "pass_through",
        "fan_in",
        "fan_out",
        "gather_scatter",
        "scatter_gather",
        "bipartite",
        "stack",
        "dense_flow",
        "structuring",
        "funnel_account",
        "u_turn",
        "split_match",
        "mirror_payments",
        "laundromat_core",
        "corridor_shift",
        "random_walk",
    ]


@each_detector
def test_page_has_every_heading(detector: Detector) -> None:
    headings = (
        "**Finds**",
        "**Why it matters.**",
        "**What it does not claim.**",
        "**False positives.**",
        "**Tuning.**",
        "References\n----------",
    )
    places = [detector.doc.find(h) for h in headings]
    assert -1 not in places
    assert places == sorted(places)


@each_detector
def test_variants_for_poorer_ledgers_are_parameters(detector: Detector) -> None:
    """A ledger without corridors or times of day still gets a valid spec, with wider windows."""
    plain = detector.params()
    coarse = detector.params.from_dict({**detector.coarse, **detector.no_borders})
    assert coarse.limits()[0] >= plain.limits()[0]
    assert "min_borders" not in coarse.to_dict() or coarse.to_dict()["min_borders"] == 0
