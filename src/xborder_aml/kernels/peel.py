"""Peeling a network of money: what holds together, its parts, and the densest of each.

Accounts are numbered from 0 by their first payment, payments in canonical order. An account is a
*middle*, which must pass on what it is paid, or an *other*, which pays middles or is paid by them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit
from xborder_aml.kernels.amounts import BP
from xborder_aml.kernels.flows import CAME, WENT

__all__ = ["Heap", "Network", "core", "least_of", "parts", "peel", "spare"]


# places in a row of `Network.payments`: edge row, numbers of both accounts, amount
ROW, A, B, MONEY, BORDER = range(5)
# places in a row of `Network.accounts`. The first two are those of `flows`: what came from and went
# to accounts that are left. Then the larger of both in the whole window; 1 for a middle; how many
# middles that are left it deals with; its part, 0 before parts are told and -1 when it is dropped;
# when it was peeled, 0 not yet; and the account
TOTAL, MIDDLE, LINKS, PART, RANK, ACCOUNT = range(2, 8)


class Network(NamedTuple):
    """N accounts and M payments, of which each has a middle at one end at least.

    Two tables of one type, and not a dozen arrays, because each array of a tuple costs every
    function that takes it time to compile.
    """

    payments: NDArray[np.int64]  # (M, 5)
    accounts: NDArray[np.int64]  # (N, 8)
    ptr: NDArray[np.int64]  # (N + 1,)
    of: NDArray[np.int32]  # (2 M,) payments by account, at either end


class Heap(NamedTuple):
    """Room for accounts by worth; an entry is stale when the account's worth has changed."""

    key: NDArray[np.int64]
    who: NDArray[np.int64]


def least_of(whole: int, bp: int) -> int:
    """Return ``ceil(whole * bp / 10_000)`` without forming the product."""
    q = whole // BP
    return q * bp + ((whole - q * BP) * bp + BP - 1) // BP


def spare(came: int, went: int, low: int) -> int:
    """Return what a middle passes on, less the `low` basis points that it must."""
    return min(came, went) - least_of(max(came, went), low)


def worth(account: NDArray[np.int64], low: int) -> int:
    """Return what an account is worth to the set that it is in: an other, the money it deals in."""
    if account[MIDDLE]:
        return spare(account[CAME], account[WENT], low)
    return account[CAME] + account[WENT]


def core(net: Network, low: int, min_links: int) -> None:
    """Drop accounts until all that are left hold: the largest such set, whatever the order.

    A middle holds while what comes to it from the set and what goes to the set are both at least
    `low` basis points of its total; an other while it deals with `min_links` middles of the set.
    """
    accounts, payments = net.accounts, net.payments
    n = accounts.shape[0]
    queue = np.empty(n, np.int64)
    seen = np.full(n, -1, np.int64)
    for i in range(payments.shape[0]):
        accounts[payments[i, A], WENT] += payments[i, MONEY]
        accounts[payments[i, B], CAME] += payments[i, MONEY]
    for v in range(n):
        for k in range(net.ptr[v], net.ptr[v + 1]):
            o = payments[net.of[k], A] + payments[net.of[k], B] - v
            if accounts[v, MIDDLE] and seen[o] != v:
                seen[o] = v
                accounts[o, LINKS] += 1
    tail = 0
    for v in range(n):
        seen[v] = -1
    for v in range(n):
        least = least_of(accounts[v, TOTAL], low)
        if (
            min(accounts[v, CAME], accounts[v, WENT]) < least
            if accounts[v, MIDDLE]
            else accounts[v, LINKS] < min_links
        ):
            accounts[v, PART] = -1
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for k in range(net.ptr[v], net.ptr[v + 1]):
            i = net.of[k]
            o = payments[i, A] + payments[i, B] - v
            if payments[i, A] == v:
                accounts[o, CAME] -= payments[i, MONEY]
            else:
                accounts[o, WENT] -= payments[i, MONEY]
            if accounts[v, MIDDLE] and seen[o] != v:
                seen[o] = v
                accounts[o, LINKS] -= 1
            least = least_of(accounts[o, TOTAL], low)
            fails = (
                min(accounts[o, CAME], accounts[o, WENT]) < least
                if accounts[o, MIDDLE]
                else accounts[o, LINKS] < min_links
            )
            if fails and accounts[o, PART] == 0:
                accounts[o, PART] = -1
                queue[tail] = o
                tail += 1


def parts(net: Network, members: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """List the members of each connected part of what is left; parts are numbered from 1.

    Parameters
    ----------
    members, ends
        Shape (N,), to write: the accounts, and where each part ends among them.

    Returns
    -------
    n_parts
    """
    accounts, payments = net.accounts, net.payments
    n_parts = 0
    tail = 0
    head = 0
    for start in range(accounts.shape[0]):
        if accounts[start, PART] != 0:
            continue
        n_parts += 1
        accounts[start, PART] = n_parts
        members[tail] = start
        tail += 1
        while head < tail:
            v = members[head]
            head += 1
            for k in range(net.ptr[v], net.ptr[v + 1]):
                o = payments[net.of[k], A] + payments[net.of[k], B] - v
                if accounts[o, PART] == 0:
                    accounts[o, PART] = n_parts
                    members[tail] = o
                    tail += 1
        ends[n_parts - 1] = tail
    return n_parts


def push(heap: Heap, size: int, key: int, who: int) -> int:
    """Add an entry to a heap of so many; return how many it has then."""
    k = size
    while k > 0:
        up = (k - 1) >> 1
        if heap.key[up] < key or (heap.key[up] == key and heap.who[up] > who):
            break
        heap.key[k] = heap.key[up]
        heap.who[k] = heap.who[up]
        k = up
    heap.key[k] = key
    heap.who[k] = who
    return size + 1


def pop(heap: Heap, size: int) -> int:
    """Take the first entry out of a heap of so many: it stays at place ``size - 1``."""
    key = heap.key[size - 1]
    who = heap.who[size - 1]
    heap.key[size - 1] = heap.key[0]
    heap.who[size - 1] = heap.who[0]
    n = size - 1
    k = 0
    while 2 * k + 1 < n:
        c = 2 * k + 1
        if c + 1 < n and (
            heap.key[c + 1] < heap.key[c]
            or (heap.key[c + 1] == heap.key[c] and heap.who[c + 1] > heap.who[c])
        ):
            c += 1
        if key < heap.key[c] or (key == heap.key[c] and who > heap.who[c]):
            break
        heap.key[k] = heap.key[c]
        heap.who[k] = heap.who[c]
        k = c
    if n > 0:
        heap.key[k] = key
        heap.who[k] = who
    return n


def denser(a: int, n: int, b: int, m: int) -> bool:
    """Tell whether ``a / n > b / m``, exactly, for numbers of any size that are not negative."""
    if a // n != b // m:
        return a // n > b // m
    return (a % n) * m > (b % m) * n


# what is kept of the set that is left: its middles, those that do not pass on enough, the worth of
# all middles, others with too few links, payments in and out, and those that cross a border
MIDDLES, SHORT, WORTH, THIN, INS, OUTS, BORDERS = range(7)


def count_middle(account: NDArray[np.int64], low: int, sign: int, tally: NDArray[np.int64]) -> None:
    """Add a middle's worth to the tally, or with sign -1 take it off."""
    if account[MIDDLE]:
        value = worth(account, low)
        tally[WORTH] += sign * value
        tally[SHORT] += sign * (value < 0)


def count_payment(net: Network, i: int, sign: int, tally: NDArray[np.int64]) -> None:
    """Add a payment to the tally, or with sign -1 take it off."""
    tally[INS] += sign * (1 - net.accounts[net.payments[i, A], MIDDLE])
    tally[OUTS] += sign * (1 - net.accounts[net.payments[i, B], MIDDLE])
    tally[BORDERS] += sign * net.payments[i, BORDER]


def fill(
    net: Network, members: NDArray[np.int64], low: int, heap: Heap, tally: NDArray[np.int64]
) -> int:
    """Tally a whole part and put its members on the heap; return how many there are."""
    accounts, payments = net.accounts, net.payments
    size = 0
    for v in members:
        tally[MIDDLES] += accounts[v, MIDDLE]
        count_middle(accounts[v], low, 1, tally)
        size = push(heap, size, worth(accounts[v], low), v)
        for k in range(net.ptr[v], net.ptr[v + 1]):
            i = net.of[k]
            if payments[i, A] == v and accounts[payments[i, B], PART] > 0:
                count_payment(net, i, 1, tally)
    return size


def remove(
    net: Network,
    v: int,
    low: int,
    min_links: int,
    heap: Heap,
    size: int,
    seen: NDArray[np.int64],
    tally: NDArray[np.int64],
) -> int:
    """Take an account and its payments off the tally and its neighbours; return the heap's size."""
    accounts, payments = net.accounts, net.payments
    is_middle = accounts[v, MIDDLE]
    tally[MIDDLES] -= is_middle
    tally[THIN] -= is_middle == 0 and accounts[v, LINKS] < min_links
    count_middle(accounts[v], low, -1, tally)
    for k in range(net.ptr[v], net.ptr[v + 1]):
        i = net.of[k]
        o = payments[i, A] + payments[i, B] - v
        if accounts[o, PART] < 0 or accounts[o, RANK] > 0:
            continue
        if is_middle and seen[o] != v:
            seen[o] = v
            accounts[o, LINKS] -= 1
            tally[THIN] += accounts[o, MIDDLE] == 0 and accounts[o, LINKS] == min_links - 1
        count_payment(net, i, -1, tally)
        count_middle(accounts[o], low, -1, tally)
        accounts[o, CAME if payments[i, A] == v else WENT] -= payments[i, MONEY]
        count_middle(accounts[o], low, 1, tally)
        size = push(heap, size, worth(accounts[o], low), o)
    return size


def peel(
    net: Network,
    members: NDArray[np.int64],
    low: int,
    min_middles: int,
    min_links: int,
    min_borders: int,
    heap: Heap,
    seen: NDArray[np.int64],
) -> int:
    """Peel a part, least worth first; return the density of the best set on the way, -1 if none.

    What is dropped has `PART` -1 after it: what is left of the part is the best set.

    Parameters
    ----------
    members
        The part, of which every other has its links.
    seen
        Scratch, shape (N,), -1 everywhere before the first part.
    """
    accounts = net.accounts
    tally = np.zeros(7, np.int64)
    size = fill(net, members, low, heap, tally)
    step = 0
    best = -1
    most = 0
    of = 1
    while tally[MIDDLES] >= min_middles:
        left = members.size - step
        if (
            tally[SHORT] == 0
            and tally[THIN] == 0
            and min(tally[INS], tally[OUTS]) > 0
            and tally[BORDERS] >= min_borders
            and (best < 0 or denser(tally[WORTH], left, most, of))
        ):
            best = step
            most = tally[WORTH]
            of = left
        size = pop(heap, size)
        v = heap.who[size]
        if accounts[v, RANK] == 0 and heap.key[size] == worth(accounts[v], low):
            step += 1
            accounts[v, RANK] = step
            size = remove(net, v, low, min_links, heap, size, seen, tally)
        # else the entry has been overtaken by a later one
    for v in members:
        if best < 0 or 0 < accounts[v, RANK] <= best:
            accounts[v, PART] = -1
    return most // of if best >= 0 else -1


least_of = jit(least_of)
spare = jit(spare)
worth = jit(worth)
core = jit(core)
parts = jit(parts)
push = jit(push)
pop = jit(pop)
denser = jit(denser)
count_middle = jit(count_middle)
count_payment = jit(count_payment)
fill = jit(fill)
remove = jit(remove)
peel = jit(peel)
