from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from xborder_aml import schema
from xborder_aml.errors import ParameterError
from xborder_aml.report import corridor_heatmap, timeline


def found(tables: dict[str, Any]) -> pl.DataFrame:
    """Return the transactions in evidence, each once."""
    rows = tables["transactions"]
    return rows.filter(
        pl.col("transaction_id").is_in(tables["evidence"]["transaction_id"].implode())
    )


def test_a_cell_is_the_corridors_money(tables: dict[str, Any]) -> None:
    rows = tables["transactions"]
    figure = corridor_heatmap(rows, tables["evidence"])
    in_findings, everything = figure.data
    corridor = (pl.col("originator_jurisdiction") == "EE") & (
        pl.col("beneficiary_jurisdiction") == "GB"
    )
    y, x = everything.y.index("EE"), everything.x.index("GB")
    for panel, part in ((in_findings, found(tables)), (everything, rows)):
        money = part.filter(corridor)["base_minor"].sum()
        assert panel.z[y][x] == pytest.approx(math.log10(money / 100))
        assert f"{money // 100:,}" in panel.hovertext[y][x]
    assert (in_findings.zmin, in_findings.zmax) == (everything.zmin, everything.zmax)


def test_the_rest_is_summed_and_told(tables: dict[str, Any]) -> None:
    figure = corridor_heatmap(tables["transactions"], tables["evidence"], max_jurisdictions=3)
    assert len(figure.data[0].x) == 4
    assert figure.data[0].x[-1] == "other"
    assert "the rest are summed as other" in figure.layout.title.subtitle.text


def test_an_unknown_jurisdiction_has_a_row_of_its_own(tables: dict[str, Any]) -> None:
    rows = tables["transactions"].with_columns(
        originator_jurisdiction=pl.lit(None, schema.JURISDICTION)
    )
    assert "?" in corridor_heatmap(rows, tables["evidence"]).data[0].y


def test_the_bars_sum_to_the_ledger(tables: dict[str, Any]) -> None:
    everything, in_findings, share = timeline(tables["transactions"], tables["evidence"]).data
    assert sum(everything.y) * 100 == pytest.approx(tables["transactions"]["base_minor"].sum())
    assert sum(in_findings.y) * 100 == pytest.approx(found(tables)["base_minor"].sum())
    assert max(s for s in share.y if s is not None) <= 1


@pytest.mark.parametrize(
    ("hours", "name"), [(1, "day"), (24, "week"), (240, "quarter"), (24 * 900, "year")]
)
def test_a_bar_is_the_finest_step_that_fits(tables: dict[str, Any], hours: int, name: str) -> None:
    rows = tables["transactions"]
    moved = rows.with_columns(
        executed_at=rows["executed_at"].min() + pl.duration(hours=hours) * pl.int_range(pl.len())
    )
    title = timeline(moved, tables["evidence"]).layout.title.text
    assert title == f"Money over time: EUR per {name}"


def test_a_ledger_without_rates_has_pictures_without_money(tables: dict[str, Any]) -> None:
    rows = tables["transactions"].with_columns(base_minor=pl.lit(None, pl.Int64))
    corridor_heatmap(rows, tables["evidence"])
    share = timeline(rows, tables["evidence"]).data[2]
    assert set(share.y) == {None}


def test_the_order_of_rows_does_not_matter(tables: dict[str, Any]) -> None:
    rows, evidence = tables["transactions"], tables["evidence"]
    shuffled = rows.sample(fraction=1, shuffle=True, seed=5)
    for draw in (corridor_heatmap, timeline):
        assert draw(rows, evidence).to_json() == draw(shuffled, evidence).to_json()


def test_fewer_than_one_jurisdiction_is_refused(tables: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="max_jurisdictions must be at least 1, not 0"):
        corridor_heatmap(tables["transactions"], tables["evidence"], max_jurisdictions=0)
