"""`TransactionFeatures`: one row of numbers a transaction, for a model to learn from.

Each column is one count or statistic of the graph around a transaction, named after the family, the
window and the size it counts. ``past_`` columns are causal. ``before_`` and ``after_`` columns are
retrospective: ``after_`` is what ``before_`` would say if time ran backward and money flowed back.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from xborder_aml.errors import MissingExtraError, ParameterError, did_you_mean
from xborder_aml.features._counts import LENGTHS, MAX_WORK, SIZES
from xborder_aml.features._families import Columns, mirror
from xborder_aml.features._input import COLUMNS, ids_of, read_table
from xborder_aml.features._membership import membership_columns
from xborder_aml.features._reading import Reading
from xborder_aml.features._setting import Setting, check_setting
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph
from xborder_aml.graph._names import Names

__all__ = ["TransactionFeatures"]

_log = logging.getLogger(__name__)
_ARROW: dict[np.dtype[Any], pa.DataType] = {
    np.dtype(name): getattr(pa, name)() for name in ("uint16", "uint32", "int32", "int64")
}
_ARROW[np.dtype(float)] = pa.float64()
_CONTAINERS = ("default", "polars", "pandas")


class TransactionFeatures(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]
    """Describe each transaction by the graph around it.

    Parameters
    ----------
    point_of_view
        ``"causal"``: a row reads only itself and earlier rows, in the order of (executed_at,
        transaction_id). ``"retrospective"``: it reads both sides of its windows, and the ledger to
        its end. The two have columns of different names, and no table holds both.
    windows
        Looks back (and ahead), like ``("6h", "24h")``, closed; or one such sequence a family, by
        name, where a family that is not named has ``("24h",)``.
    families
        Which families, of "fan", "degree", "scatter_gather", "temporal_cycle", "hop_cycle",
        "vertex", "ports", "pairs", "balance", "corridor" and "chain"; all by default.
    size_bins
        Smallest size of each bin of scatter-gathers (middles) and time-respecting cycles (hops).
    hop_bins, max_hops
        Smallest length of each bin of the cycles in any order, and the longest of them.
    chain_gap, chain_share
        Longest pause between two hops of a chain, and between which shares of an amount the next
        hop carries.
    strict_time
        Ask that times rise along cycles and chains, and not only that they do not fall.
    patterns
        Names of detectors whose findings `transform` is given; retrospective only.
    max_work
        Transfers that a search for one transaction may look at. Column ``truncated`` counts the
        searches of a row that reached it: their counts are too low.
    max_sample
        Latest transfers of an account, in one direction, that vertex statistics describe.
    threads
        Number of threads; all usable cores by default. The result is the same.

    Attributes
    ----------
    n_features_in_, feature_names_in_
        Columns of a transactions table that are read.

    See Also
    --------
    xborder_aml.detect : Finds the patterns themselves, with their evidence.

    Notes
    -----
    A stream is read with `partial_fit`, in order of time; after each batch `transform` describes
    its rows, exactly as if the whole ledger had come at once::

        for batch in batches:
            table = features.partial_fit(batch).transform(batch)

    What is kept is bounded by the longest window, and a few numbers an account and pair.

    A self-loop is no relation between accounts: its graph columns are 0. Amounts are in minor units
    of the base currency, times in seconds; a gap before which there was nothing is not a number.

    References
    ----------
    Blanuša et al., Graph Feature Preprocessor, ICAIF 2024 (families of graph features).

    Examples
    --------
    >>> import xborder_aml as xb
    >>> features = xb.TransactionFeatures(families=["fan", "pairs"], windows=["7d"])
    >>> table = features.fit_transform(xb.example_ledger())
    >>> table["past_fan_in_7d"].to_list(), table["past_pair_ordinal"].to_list()
    ([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])
    """

    def __init__(
        self,
        point_of_view: Literal["causal", "retrospective"] = "causal",
        *,
        windows: Sequence[str | timedelta] | Mapping[str, Sequence[str | timedelta]] = ("24h",),
        families: Sequence[str] | None = None,
        size_bins: Sequence[int] = SIZES,
        hop_bins: Sequence[int] = LENGTHS,
        max_hops: int = 10,
        chain_gap: str | timedelta = "5d",
        chain_share: tuple[float, float] = (0.8, 1.05),
        strict_time: bool = False,
        patterns: Sequence[str] = (),
        max_work: int = MAX_WORK,
        max_sample: int = 128,
        threads: int | None = None,
    ) -> None:
        self.point_of_view = point_of_view
        self.windows = windows
        self.families = families
        self.size_bins = size_bins
        self.hop_bins = hop_bins
        self.max_hops = max_hops
        self.chain_gap = chain_gap
        self.chain_share = chain_share
        self.strict_time = strict_time
        self.patterns = patterns
        self.max_work = max_work
        self.max_sample = max_sample
        self.threads = threads

    # -- reading ----------------------------------------------------------------------------------

    def fit(self, X: pl.DataFrame | TransactionGraph, y: object = None) -> Self:  # noqa: ARG002, N803
        """Forget what was read, and read a ledger.

        Parameters
        ----------
        X
            Transactions, in any row order.
        y
            Ignored.
        """
        self._setting = self._check()
        self._reading = Reading(self._setting.stream())
        return self._read(X)

    def partial_fit(self, X: pl.DataFrame | TransactionGraph, y: object = None) -> Self:  # noqa: ARG002, N803
        """Read the next batch of a ledger; all its rows come after those that were read.

        Raises
        ------
        DataError
            If a row comes late.
        ParameterError
            If the point of view is not causal: a batch does not show what comes after it.
        """
        if self.point_of_view != "causal":
            raise ParameterError(
                "partial_fit reads a ledger as time goes by, and point_of_view="
                f"{self.point_of_view!r} needs what comes after; use fit on the whole ledger, or "
                "point_of_view='causal'"
            )
        return self._read(X) if hasattr(self, "_reading") else self.fit(X)

    def _read(self, X: pl.DataFrame | TransactionGraph) -> Self:  # noqa: N803
        if self._setting.causal:
            self._reading.read(X)
        else:  # nothing is learnt: `transform` reads the whole ledger itself
            read_table(X, Names())
        self.feature_names_in_ = np.array(COLUMNS, object)
        self.n_features_in_ = len(COLUMNS)
        return self

    # -- describing -------------------------------------------------------------------------------

    def transform(
        self,
        X: pl.DataFrame | TransactionGraph,  # noqa: N803
        findings: Findings | None = None,
    ) -> Any:
        """Return one row of numbers a transaction, in the order of the input's rows.

        A causal transformer describes the batch that it read last, or one that follows on it, which
        it then reads ahead without keeping it. A retrospective one describes any whole ledger.

        Parameters
        ----------
        X
            Transactions, in any row order.
        findings
            What `detect` found in them, where `patterns` names some.

        Returns
        -------
        table
            A polars DataFrame, or a pandas one after ``set_output(transform="pandas")``.

        Raises
        ------
        DataError
            If causal, and the rows are neither the latest batch nor later than it.
        """
        check_is_fitted(self, "n_features_in_")
        if self._setting.causal:
            columns, place = self._past(X)
        else:
            columns, place = self._both_sides(X, findings)
        for name in (n for n in columns if n.endswith("_truncated")):
            if cut := int((columns[name] > 0).sum()):
                _log.warning("%s: %d transactions have a search that a cap ended", name, cut)
        return self._contained(columns, place)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return the names of the columns, which depend on the parameters alone."""
        return np.array(self._check().names, object)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` returns: "polars" (as by "default"), or "pandas"."""
        if transform is not None:
            if transform not in _CONTAINERS:
                raise ParameterError(
                    f"transform={transform!r} is none of {', '.join(_CONTAINERS)}"
                    f"{did_you_mean(transform, _CONTAINERS)}"
                )
            # the name under which sklearn.base.clone carries the choice along
            self._sklearn_output_config = {"transform": transform}
        return self

    def _past(
        self,
        X: pl.DataFrame | TransactionGraph,  # noqa: N803
    ) -> tuple[Columns, NDArray[np.int64] | None]:
        ids = ids_of(X)
        reading = self._reading
        place: NDArray[np.int64] | None
        if reading.is_latest(ids):
            place = None if np.array_equal(ids, reading.latest) else reading.places(ids)
        else:
            reading = copy.deepcopy(self._reading)
            place = reading.read(X).place
        columns = reading.stream.columns()
        return {f"past_{name}": array for name, array in columns.items()}, place

    def _both_sides(
        self,
        X: pl.DataFrame | TransactionGraph,  # noqa: N803
        findings: Findings | None,
    ) -> tuple[Columns, NDArray[np.int64] | None]:
        if (findings is None) != (not self._setting.patterns):
            raise ParameterError(
                "transform takes findings where patterns names some, and only there; patterns is "
                f"{self._setting.patterns}, and findings {'not ' if findings is None else ''}given"
            )
        accounts = Names()
        table = read_table(X, accounts)
        out: Columns = {}
        for backward, prefix in ((False, "before_"), (True, "after_")):
            stream = self._setting.stream(backward=backward)
            stream.extend(table.rows.backward() if backward else table.rows, len(accounts))
            columns = stream.columns()
            if backward:
                columns = mirror(columns)
            out.update({prefix + name: columns[name] for name in columns})
        if findings is not None:
            out.update(membership_columns(findings, table.ids, self._setting.patterns))
        return {name: out[name] for name in self._setting.names}, table.place

    def _check(self) -> Setting:
        return check_setting(self.get_params(deep=False))

    def _contained(self, columns: Columns, place: NDArray[np.int64] | None) -> Any:
        """Return the columns as a table, in the order of the input's rows."""
        if place is not None:
            columns = {name: array[place] for name, array in columns.items()}
        if getattr(self, "_sklearn_output_config", {}).get("transform") == "pandas":
            return _pandas().DataFrame(columns, copy=False)
        # through one Arrow array, which takes the buffers as they are: a small batch has little
        # else to wait for than its columns to become series one by one
        arrays = [_arrow(np.ascontiguousarray(a)) for a in columns.values()]
        rows = pa.StructArray.from_arrays(arrays, list(columns))
        return pl.Series("row", rows).struct.unnest()


def _arrow(array: NDArray[Any]) -> pa.Array:
    return pa.Array.from_buffers(_ARROW[array.dtype], array.size, [None, pa.py_buffer(array)])


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        purpose = "set_output(transform='pandas')"
        raise MissingExtraError("pandas", "test", purpose) from error
    return pd
