"""The background: each kind of payment is what its name says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from xborder_aml.schema import ACCOUNTS, TRANSACTIONS
from xborder_aml.synth import background
from xborder_aml.synth.economy import FLOWS, Economy, economy, flows
from xborder_aml.synth.population import ROLES, accounts_table
from xborder_aml.synth.rows import NONE, Rows, join, rows, settle
from xborder_aml.synth.world import MINUTES, PLACES, rate_table, weekday

OFFICE = ("payroll", "pensions", "rent", "invoices", "thin_companies", "sweeps", "households")


@pytest.fixture(scope="module")
def made(small_economy: Economy) -> dict[str, Rows]:
    return flows(small_economy)


def role(e: Economy, accounts: np.ndarray) -> set[str]:
    return {ROLES[r] for r in np.unique(e.people.role[accounts]).tolist()}


# -- who ----------------------------------------------------------------------------------------


def test_every_place_has_someone_in_each_role_that_places_need(small_economy: Economy) -> None:
    people = small_economy.people
    for name in ("person", "company", "merchant", "landlord", "fund", "shell"):
        assert np.unique(people.place[people.of(name)]).size == len(PLACES)


def test_savings_belong_to_persons_of_the_place_and_daughters_to_groups(
    small_economy: Economy,
) -> None:
    people = small_economy.people
    savings, daughters = people.of("savings"), people.of("subsidiary")
    assert role(small_economy, people.holder[savings]) == {"person"}
    assert np.array_equal(people.place[people.holder[savings]], people.place[savings])
    assert np.unique(people.holder[savings]).size == savings.size
    assert role(small_economy, people.holder[daughters]) == {"treasury"}
    assert np.unique(people.place[daughters]).size > 3


def test_the_accounts_table_is_complete_and_names_are_unique(small_economy: Economy) -> None:
    people = small_economy.people
    table = accounts_table(people, 11, np.array([3, 5]))
    assert table.schema == pl.Schema(ACCOUNTS.dtypes)
    assert table["account"].n_unique() == people.place.size
    assert table["holder"].n_unique() == np.unique(people.holder).size
    assert table.filter(pl.col("is_illicit"))["account"].to_list() == ["acct-000003", "acct-000005"]
    assert set(table["kind"]) == {"person", "company"}


def test_abroad_is_never_home(small_economy: Economy) -> None:
    home = np.repeat(np.arange(len(PLACES)), 200)
    rng = np.random.default_rng(1)
    away = small_economy.people.partners(rng, home, 0.0)
    assert (away != home).all()
    assert away.min() >= 0
    assert away.max() < len(PLACES)
    assert np.array_equal(small_economy.people.partners(rng, home, 1.0), home)


# -- when and how much --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLOWS)
def test_payments_stay_inside_the_ledger_and_are_worth_something(
    made: dict[str, Rows], small_economy: Economy, name: str
) -> None:
    r = made[name]
    assert r.minute.size > 0
    assert r.minute.min() >= 0
    assert r.minute.max() < small_economy.n_days * MINUTES
    assert r.cents.min() >= 1
    assert (r.src != r.dst).all()
    assert r.group.shape == r.mate.shape == r.minute.shape


@pytest.mark.parametrize("name", OFFICE)
def test_offices_pay_on_weekdays_by_day(made: dict[str, Rows], name: str) -> None:
    day, minute = np.divmod(made[name].minute, MINUTES)
    last = 4 if name != "households" else 5  # a standing order runs on Saturdays too
    assert weekday(day).max() <= last
    assert minute.min() >= 6 * 60
    assert minute.max() < 18 * 60


def test_salaries_come_once_a_month_and_are_the_same_each_month(made: dict[str, Rows]) -> None:
    r = made["payroll"]
    paid = pl.DataFrame({"staff": r.dst, "cents": r.cents}).group_by("staff")
    each = paid.agg(n=pl.len(), amounts=pl.col("cents").n_unique())
    assert each["n"].unique().to_list() == [3]
    assert each["amounts"].unique().to_list() == [1]


def test_a_payroll_is_one_batch_of_one_employer(made: dict[str, Rows]) -> None:
    r = made["payroll"]
    batches = pl.DataFrame({"group": r.group, "src": r.src, "minute": r.minute}).group_by("group")
    each = batches.agg(
        payers=pl.col("src").n_unique(), span=pl.col("minute").max() - pl.col("minute").min()
    )
    assert each["payers"].max() == 1
    assert each["span"].max() < 20


def test_two_thirds_or_so_stay_at_home(made: dict[str, Rows], small_economy: Economy) -> None:
    r = join(list(made.values()))
    place = small_economy.people.place
    assert 0.5 <= (place[r.src] == place[r.dst]).mean() <= 0.7


def test_a_refund_returns_the_same_money_later(made: dict[str, Rows]) -> None:
    r = made["refunds"]
    back = np.flatnonzero(r.mate != NONE)
    there = r.mate[back]
    assert back.size > 5
    assert (r.minute[back] > r.minute[there]).all()
    assert np.array_equal(r.cents[back], r.cents[there])
    assert np.array_equal(r.src[back], r.dst[there])
    assert np.array_equal(r.dst[back], r.src[there])


def test_a_sweep_stays_inside_one_holder(made: dict[str, Rows], small_economy: Economy) -> None:
    r = made["sweeps"]
    holder = small_economy.people.holder
    assert np.array_equal(holder[r.src], holder[r.dst])


def test_a_marketplace_pays_out_what_came_in_less_its_fee(
    made: dict[str, Rows], small_economy: Economy
) -> None:
    r = made["marketplaces"]
    role_of = small_economy.people.role
    sale = role_of[r.dst] == ROLES.index("marketplace")
    # all that were paid: the last week's payouts fall after the end
    for group in np.unique(r.group[~sale]).tolist():
        came = r.cents[sale & (r.group == group)].sum()
        went = r.cents[~sale & (r.group == group)].sum()
        sellers = (~sale & (r.group == group)).sum()
        assert 0.92 * came - sellers <= went <= 0.92 * came
        sold = r.minute[sale & (r.group == group)].max()
        assert sold < r.minute[~sale & (r.group == group)].min()


def test_standing_orders_leave_a_household_little(made: dict[str, Rows]) -> None:
    r = made["households"]
    for group in np.unique(r.group).tolist():
        part = np.flatnonzero(r.group == group)
        account = group // 1000
        came = r.cents[part][r.dst[part] == account].sum()
        went = r.cents[part][r.src[part] == account].sum()
        assert (r.dst[part] == account).sum() == 2
        assert 0.9 < went / came < 0.96


# -- columns ------------------------------------------------------------------------------------


def test_taking_rows_keeps_mates_and_forgets_those_left_out() -> None:
    n = np.arange(4)
    r = rows(n, n, n + 1, n + 1.0, "Order", mate=np.array([NONE, 0, NONE, 2]))
    assert r.take(np.array([1, 0])).mate.tolist() == [1, NONE]
    assert r.take(np.array([3, 1, 0])).mate.tolist() == [NONE, 2, NONE]


def test_joining_moves_mates_with_their_part() -> None:
    n = np.arange(2)
    part = rows(n, n, n + 1, n + 1.0, "Order", mate=np.array([NONE, 0]))
    assert join([part, part, part]).mate.tolist() == [NONE, 0, NONE, 2, NONE, 4]


def test_amounts_never_vanish_in_rounding() -> None:
    one = np.zeros(1, np.int64)
    assert rows(one, one, one + 1, np.array([0.001]), "Order").cents.tolist() == [1]


def test_settling_gives_the_canonical_table_with_exact_worth(
    made: dict[str, Rows], small_economy: Economy
) -> None:
    r = join(list(made.values()))
    r = r.take(np.argsort(r.minute, kind="stable"))
    table = settle(r, small_economy.people, small_economy.n_days)
    assert table.schema == pl.Schema(TRANSACTIONS.dtypes)
    assert table["transaction_id"].to_list() == list(range(1, table.height + 1))
    assert table["executed_at"].is_sorted()
    rates = rate_table(small_economy.n_days)
    at = {p.currency: i for i, p in enumerate(PLACES)}
    for row in table.sample(300, seed=3).iter_rows(named=True):
        week = (row["executed_at"].timetuple().tm_yday - 1) // 7
        rate = Fraction(int(rates[week, at[row["sent_currency"]]]), 1_000_000)
        assert row["base_minor"] == round(row["sent_minor"] * rate)
        if row["sent_currency"] == row["received_currency"]:
            assert row["received_minor"] == row["sent_minor"]
        else:
            other = Fraction(int(rates[week, at[row["received_currency"]]]), 1_000_000)
            kept = row["received_minor"] * other / row["base_minor"]
            assert abs(kept - Fraction(997, 1000)) <= (1 + other) / row["base_minor"]


# -- the large one ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 5_000])
def test_the_background_has_exactly_as_many_rows_as_asked(n: int) -> None:
    table = background(n, seed=3)
    assert table.height == n
    assert table["executed_at"].is_sorted()
    assert table["transaction_id"].to_list() == list(range(1, n + 1))
    assert not table["is_illicit"].any()


def test_the_background_is_the_same_for_the_same_seed() -> None:
    assert background(2_000, seed=3).equals(background(2_000, seed=3))
    assert not background(2_000, seed=3).equals(background(2_000, seed=4))


def test_what_is_left_of_the_background_spreads_over_all_its_days() -> None:
    days = background(4_000, seed=3)["executed_at"].dt.date()
    assert days.n_unique() > 170


def test_returned_payments_are_earlier_ones() -> None:
    table = background(20_000, seed=3)
    back = table.filter(pl.col("reverses").is_not_null())
    assert back.height > 10
    assert (back["reverses"] < back["transaction_id"]).all()


def test_a_larger_economy_has_more_accounts() -> None:
    assert economy(600, 1, 1).people.place.size > 1.8 * economy(300, 1, 1).people.place.size


def test_what_is_left_of_the_background_has_all_kinds_of_payments() -> None:
    kinds = set(background(4_000, seed=3)["purpose"])
    assert {"Salary", "Card purchase", "Invoice", "Payout"} <= kinds
