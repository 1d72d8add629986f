"""`EvidenceScorer`: how much more money an account shows in patterns than chance would.

For an account a and a pattern p, S(a, p) is the base money of a's distinct evidence transactions in
findings about it (`xborder_aml.score.attribution`), without standing payments such as salaries and
rents, and without payments that were returned, nor the paths that hold one
(`xborder_aml.innocence`): those have an order that a permutation destroys, and an innocent one.
The detectors run again, with the same parameters, on ledgers whose times and amounts are permuted
(`xborder_aml.score.null`); N_b(a, p) is the same money on permutation b of B.

- Expected money E(a, p) is the mean of N_b, drawn a little towards the share of turnover that
  accounts of like activity show (weight of one permutation).
- Excess X = max(0, S - E): the part that chance does not explain.
- z = (S - E) / (turnover * sd), where sd is the account's own spread over permutations, drawn
  towards that of accounts of like activity (a moderated variance, since B is small), and a
  twentieth more (a fudge factor: one chance hit where permutations are silent is no wonder).
- p(a, p) is the share of null z, pooled over accounts of like activity and over permutations (each
  against the other permutations), that reach z. It is never below what the smallest stratum can
  resolve, so that a p-value does not reward membership in a large stratum.
- p(a) is the harmonic mean of p(a, p) over the patterns: it lets the best single pattern speak, and
  patterns that say nothing take little away. Nothing is summed. It orders accounts, and is only
  nearly a p-value: with 18 independent patterns, chance reaches .05 in .067 and .01 in .011 of all
  cases; under the worst dependence, in up to e ln(18) = 7.9 times as many as it says. Who needs a
  bound that holds under any dependence takes the least of `pattern_p_values` times the number of
  patterns that were searched.
- weight = -log10 p(a), in bans; score = weight * log10(1 + excess money in whole units), the excess
  of the pattern that shows most. Rank follows score, then excess, then the account's name.

A score orders the work of people. It is not a probability of guilt, and no accuracy is claimed for
it beyond what ``xborder-aml demo`` and the benchmarks print.

References
----------
Good, Probability and the Weighing of Evidence (1950), chapter 6 (weight of evidence in bans).
Tusher, Tibshirani, Chu, PNAS 98(9) (2001) 5116-5121 (statistics pooled over permutations).
Smyth, Stat. Appl. Genet. Mol. Biol. 3(1) (2004) art. 3 (moderated variance).
Wilson, PNAS 116(4) (2019) 1195-1200 (harmonic mean p-value, nearly calibrated where small).
Vovk, Wang, Combining p-values via averaging, Biometrika 107(4) (2020) 791-808 (its worst case).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xborder_aml.detection import Progress
from xborder_aml.detectors import detector_of, params_of
from xborder_aml.errors import DataError, ParameterError
from xborder_aml.executors import Executor
from xborder_aml.findings import Findings
from xborder_aml.graph import TransactionGraph, require_graph
from xborder_aml.innocence import Innocent, returned_payments, standing_payments
from xborder_aml.score.chance import account_money, against_chance, as_raw
from xborder_aml.score.significance import against_null, strata_of, turnover
from xborder_aml.score.table import Weighed, score_table

__all__ = ["EvidenceScorer"]


@dataclass(frozen=True, slots=True)
class EvidenceScorer:
    """Score accounts by their findings, weighed against a permutation null.

    Parameters
    ----------
    n_permutations
        Permuted ledgers B; the cost is B times that of detection. 9 already resolves p of about
        1 / (9 * 50); use 99 for a referral that will be argued about.
    seed
        Which permutations. Equal seeds give equal scores.
    """

    n_permutations: int = 9
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.n_permutations < 3:
            raise ParameterError(
                f"n_permutations={self.n_permutations} must be at least 3: a spread is estimated"
            )
        if self.seed < 0:
            raise ParameterError(f"seed={self.seed} must not be negative")

    def score(
        self,
        graph: TransactionGraph,
        findings: Findings,
        null: pl.DataFrame | None = None,
        *,
        executor: Executor | int | None = None,
        progress: Progress | None = None,
    ) -> pl.DataFrame:
        """Return the score of every account of the graph (schema.ACCOUNT_SCORES), ranked.

        Parameters
        ----------
        findings
            What `detect` found on this graph.
        null
            What `against_chance` returned for these findings, with as many permutations; by default
            it is run here.
        executor
            As in `detect`; the result is the same.
        progress
            Called with ("null", permutations done, permutations).
        """
        require_graph(graph, "score")
        detectors = {n: detector_of(params_of(n, v)) for n, v in findings.parameters.items()}
        patterns = [name for name, detector in detectors.items() if detector.about != "nobody"]
        innocent = Innocent(standing_payments(graph), returned_payments(graph))
        if null is None:
            null = against_chance(
                graph,
                findings,
                n_permutations=self.n_permutations,
                seed=self.seed,
                executor=executor,
                progress=progress,
            ).null
        dealt = self._null(graph, findings, null)
        moved, strata = turnover(graph), strata_of(graph)
        shape = (len(patterns), graph.n_accounts)
        weighed = Weighed(
            patterns, np.zeros(shape), np.zeros(shape), np.zeros(shape), np.ones(shape)
        )
        nothing = np.zeros(graph.n_transactions, bool)
        for i, pattern in enumerate(patterns):
            detector = detectors[pattern]
            raw = as_raw(graph, findings.of(pattern), detector)
            weighed.seen[i] = account_money(graph, raw, detector, innocent)
            everything = account_money(graph, raw, detector, Innocent(nothing, nothing))
            weighed.standing[i] = everything - weighed.seen[i]
            weighed.p_values[i], weighed.expected[i] = against_null(
                weighed.seen[i], dealt[pattern], moved, strata
            )
        return score_table(graph, findings, weighed)

    def _null(
        self, graph: TransactionGraph, findings: Findings, null: pl.DataFrame
    ) -> dict[str, NDArray[np.float64]]:
        """Return the evidence money of each pattern, shape (B, V), on permuted ledgers."""
        shape = (self.n_permutations, graph.n_accounts)
        out = {pattern: np.zeros(shape) for pattern in findings.parameters}
        codes = pl.DataFrame({"account": graph.account_names}).with_row_index("code")
        rows = null.join(codes, on="account", how="left", maintain_order="left")
        if rows["code"].null_count() or not (rows["permutation"] < self.n_permutations).all():
            raise DataError(
                "the null is of another graph, or of more permutations than "
                f"{self.n_permutations}; take the one that against_chance returned for these "
                "findings, with as many permutations"
            )
        for (pattern,), part in rows.group_by("pattern"):
            if pattern in out:
                place = part["permutation"].to_numpy(), part["code"].to_numpy()
                out[str(pattern)][place] = part["money_minor"].to_numpy()
        return out
