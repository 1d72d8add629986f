"""The typologies: one file each, listed here.

A new typology is one file and one line in `DETECTORS`. Other packages add theirs by the entry-point
group ``xborder_aml.detectors``, each entry naming a `Detector`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from xborder_aml.detectors import (
    bipartite,
    corridor_shift,
    dense_flow,
    fan_in,
    fan_out,
    funnel_account,
    gather_scatter,
    laundromat_core,
    layering_chain,
    mirror_payments,
    pass_through,
    random_walk,
    round_trip,
    scatter_gather,
    split_match,
    stack,
    structuring,
    u_turn,
)
from xborder_aml.detectors._spec import Detector, Params
from xborder_aml.detectors.typology import Typology, typology_detector
from xborder_aml.errors import ParameterError, did_you_mean

__all__ = ["DETECTORS", "detector_of", "params_of", "registry"]

DETECTORS: tuple[Detector, ...] = (
    round_trip.DETECTOR,
    layering_chain.DETECTOR,
    pass_through.DETECTOR,
    fan_in.DETECTOR,
    fan_out.DETECTOR,
    gather_scatter.DETECTOR,
    scatter_gather.DETECTOR,
    bipartite.DETECTOR,
    stack.DETECTOR,
    dense_flow.DETECTOR,
    structuring.DETECTOR,
    funnel_account.DETECTOR,
    u_turn.DETECTOR,
    split_match.DETECTOR,
    mirror_payments.DETECTOR,
    laundromat_core.DETECTOR,
    corridor_shift.DETECTOR,
    random_walk.DETECTOR,
)
"""Every detector that comes with the library; `registry` adds those of other packages."""


@cache
def registry() -> dict[str, Detector]:
    """Return every detector by name: the built-in ones, then those of other packages.

    Raises
    ------
    ParameterError
        If an outside detector takes a name that is already taken.
    """
    out = {d.name: d for d in DETECTORS}
    for entry in entry_points(group="xborder_aml.detectors"):
        detector = entry.load()
        if detector.name in out:
            raise ParameterError(
                f"entry point {entry.value!r} brings a second detector named {detector.name!r}; "
                "rename it or uninstall its package"
            )
        out[detector.name] = detector
    return out


def detector_of(params: Params | str) -> Detector:
    """Return the detector of a spec or a name.

    Raises
    ------
    ParameterError
        If there is none; the message names the nearest.
    """
    if isinstance(params, str):
        if params in registry():
            return registry()[params]
        raise ParameterError(
            f"no detector is named {params!r}{did_you_mean(params, registry())}; there are "
            f"{', '.join(registry())}"
        )
    if isinstance(params, Typology):
        if params.name in registry():
            raise ParameterError(
                f"typology {params.name!r} has the name of a detector; give it another"
            )
        return typology_detector(params)
    for detector in registry().values():
        if type(params) is detector.params:
            return detector
    kind = params if isinstance(params, type) else type(params)
    known = ", ".join(d.params.__name__ for d in registry().values())
    raise ParameterError(
        f"{kind.__name__} as given is not the parameters of a registered detector; make one of "
        f"{known}, like {known.partition(',')[0]}()"
    )


def params_of(name: str, values: Mapping[str, Any]) -> Params:
    """Return the spec that a pattern was found with, from what `Findings.parameters` says of it.

    Raises
    ------
    ParameterError
        If there is no such detector, or a value cannot be.
    """
    kind = Typology if "hops" in values else detector_of(name).params
    made: Params = kind.from_dict(values)
    return made
