"""One generator of transaction streams: uniform, Zipf or acquainted accounts, with hubs or without.

Every peer in `benchmarks.peers` is given the same stream. No ledger looks like these: they hold no
economy and no case. They differ in one thing each, so that cost can be read against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

SKEWS = (0.0, 0.6, 0.8, 1.0)
MINUTE = 60_000_000
"""A tick of the streams, in microseconds: like a bank's clock it ties often."""

_START = 1_735_689_600_000_000  # 2025-01-01, in microseconds since 1970
_EDGES_AN_ACCOUNT = 10
_PLACES = ("DE", "GB", "FR", "NL", "SE", "LV", "EE", "CY")
_PLACE_SHARES = np.array([0.25, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05, 0.05])
_HOME = 0.7  # share of payments that look for their payee at home
_HUBS = 4
_HUB_SHARE = 0.03  # of all transactions: two thirds leave the first hub, the rest the others
_SIGMA = 1.2  # of log amounts

# Acquainted accounts: shapes as published for AMLworld's HI-Small (see `stream`)
_ACTIVITY = 1.6  # exponent of Pareto's law of how active an account is
_BUSIEST = 4  # times sqrt(n): transactions that no account but a hub exceeds by much
_RELATIONS = 3  # an account
_USE = 1.3  # exponent of Pareto's law of how often a relation is used
_MOST_USED = 200
_MUTUAL = 0.1  # share of relations that are another one turned round
_CIRCLE = 200  # accounts of a circle in which most payees are found
_INSIDE = 0.7


class Stream(NamedTuple):
    """Transactions in canonical order, as plain arrays of one length.

    Parameters
    ----------
    at
        Microseconds from the start, Int64; whole minutes, so that many tie.
    src, dst
        Originator and beneficiary, numbers from 0, Int32; never the same.
    amount
        Minor units, Int64.
    place
        Index of the jurisdiction of each account, Int8.
    """

    at: NDArray[np.int64]
    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    amount: NDArray[np.int64]
    place: NDArray[np.int8]

    @property
    def n(self) -> int:
        """Number of transactions."""
        return self.at.size

    @property
    def own_at(self) -> NDArray[np.int64]:
        """Times that never tie, for peers that cannot order by two keys.

        Within a minute, transactions are a microsecond apart in canonical order.
        """
        row = np.arange(self.n)
        first = np.flatnonzero(np.diff(self.at, prepend=-1))
        return self.at + row - np.repeat(first, np.diff(first, append=self.n))


def stream(
    n: int,
    skew: float = 0.0,
    *,
    hubs: bool = False,
    acquainted: bool = False,
    days: int = 10,
    seed: int = 1,
) -> Stream:
    """Return a stream of `n` transactions among ``n / 10`` accounts.

    Parameters
    ----------
    n
        Transactions.
    skew
        Exponent s of Zipf's law: the r-th account is drawn with probability ~ r**-s; 0 is uniform.
    hubs
        Let 3 % of the transactions touch one of four accounts.
    acquainted
        Accounts pay those they know: three relations an account, most of them inside a circle, a
        tenth mutual, active and used by Pareto's law, as in AMLworld (Altman et al., NeurIPS 2023).
        `skew` does not enter.
    days
        Days from first to last.
    seed
        The same arguments give the same stream.
    """
    shape = -1 if acquainted else round(10 * skew)
    rng = np.random.default_rng([seed, n, shape % 2**16, hubs, days])
    n_accounts = max(100, n // _EDGES_AN_ACCOUNT)
    weight = np.arange(1, n_accounts + 1, dtype=np.float64) ** -skew
    rng.shuffle(weight)
    place = rng.choice(_PLACE_SHARES.size, n_accounts, p=_PLACE_SHARES).astype(np.int8)
    if acquainted:
        src, dst = _between_acquaintances(rng, n, n_accounts)
    else:
        src, dst = _ends(rng, n, weight, place)
    if hubs:
        _through_hubs(rng, src, dst, n_accounts)
    loops = src == dst
    dst[loops] = (dst[loops] + 1) % n_accounts
    amount = np.maximum(1, np.rint(100_000 * np.exp(_SIGMA * rng.standard_normal(n))))
    at = np.sort(rng.integers(0, days * 24 * 60, n)) * MINUTE
    return Stream(at, src, dst, amount.astype(np.int64), place)


def _ends(
    rng: np.random.Generator, n: int, weight: NDArray[np.float64], place: NDArray[np.int8]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw both ends: the payer from all accounts, most payees from the payer's jurisdiction."""
    by_place = np.argsort(place, kind="stable").astype(np.int32)
    heap = np.concatenate([[0.0], np.cumsum(weight[by_place])])
    bound = np.searchsorted(place[by_place], np.arange(_PLACE_SHARES.size + 1))

    def drawn(low: NDArray[np.float64] | float, high: NDArray[np.float64] | float):
        at = np.searchsorted(heap, low + (high - low) * rng.random(n), side="right") - 1
        return by_place[np.minimum(at, by_place.size - 1)]

    src = drawn(0.0, heap[-1])
    home = place[src]
    near = rng.random(n) < _HOME
    low = np.where(near, heap[bound[home]], 0.0)
    high = np.where(near, heap[bound[home + 1]], heap[-1])
    return src, drawn(low, high)


def _between_acquaintances(
    rng: np.random.Generator, n: int, n_accounts: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw relations between accounts, and transactions from the relations."""
    most = max(20.0, _BUSIEST * np.sqrt(n) / _EDGES_AN_ACCOUNT)

    def drawn(exponent: float, size: int, most: float) -> NDArray[np.float64]:
        return np.cumsum(np.minimum(1 + rng.pareto(exponent, size), most))

    def picked(heap: NDArray[np.float64], size: int) -> NDArray[np.int64]:
        return np.searchsorted(heap[:-1], rng.random(size) * heap[-1], side="right")

    m = _RELATIONS * n_accounts
    payer = picked(drawn(_ACTIVITY, n_accounts, most), m)
    payee = picked(drawn(_ACTIVITY, n_accounts, most), m)
    # circles are blocks of account numbers, which mean nothing else
    near = payer - payer % _CIRCLE + rng.integers(0, _CIRCLE, m)
    payee = np.where(rng.random(m) < _INSIDE, np.minimum(near, n_accounts - 1), payee)
    mutual = rng.random(m) < _MUTUAL
    other = rng.integers(0, m, int(mutual.sum()))
    payer[mutual], payee[mutual] = payee[other], payer[other]
    relation = picked(drawn(_USE, m, _MOST_USED), n)
    return payer[relation].astype(np.int32), payee[relation].astype(np.int32)


def _through_hubs(
    rng: np.random.Generator, src: NDArray[np.int32], dst: NDArray[np.int32], n_accounts: int
) -> None:
    """Let one hub pay, and three others pay and collect by turns, in place."""
    hubs = rng.choice(n_accounts, _HUBS, replace=False).astype(np.int32)
    rows = rng.choice(src.size, round(_HUB_SHARE * src.size), replace=False)
    payer, others = np.split(rows, [2 * rows.size // 3])
    src[payer] = hubs[0]
    which = hubs[rng.integers(1, _HUBS, others.size)]
    pays = rng.random(others.size) < 0.5
    src[others[pays]] = which[pays]
    dst[others[~pays]] = which[~pays]


def table(made: Stream) -> pl.DataFrame:
    """Return the stream as a transactions table (schema.TRANSACTIONS), all in euros."""
    import polars as pl

    from xborder_aml.schema import TRANSACTIONS

    accounts = pl.Series(np.arange(made.place.size)).cast(pl.String).str.zfill(8)
    places = pl.Series(_PLACES)
    money = {f"{leg}_minor": made.amount for leg in ("sent", "received", "base")}
    frame = pl.DataFrame(
        {
            "transaction_id": np.arange(made.n),
            "executed_at": pl.Series(made.at + _START).cast(pl.Datetime("us", "UTC")),
            "originator": accounts.gather(made.src),
            "beneficiary": accounts.gather(made.dst),
            "originator_jurisdiction": places.gather(made.place[made.src]),
            "beneficiary_jurisdiction": places.gather(made.place[made.dst]),
            **money,
        }
    ).with_columns(
        resolution=pl.lit("1m"),
        **{f"{leg}_currency": pl.lit("EUR") for leg in ("sent", "received", "base")},
    )
    return TRANSACTIONS.conform(frame)
