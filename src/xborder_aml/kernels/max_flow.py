"""Maximum flow by Dinic's method, exact in Int64, on a graph that may be very deep.

Each arc has its reverse beside it: arc ``a`` and arc ``a ^ 1``. The arcs of a node are a linked
list, so that a network is built in one pass.

References
----------
.. [1] Dinic E. A. "Algorithm for solution of a problem of maximum flow in a network with power
   estimation", Soviet Mathematics Doklady 11, 1970, pp. 1277-1280.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xborder_aml._jit import jit

__all__ = ["Network", "add_arc", "maximum_flow"]


class Network(NamedTuple):
    """A flow network of N nodes and room for A arcs, reverse ones included."""

    first: NDArray[np.int32]  # (N,) an arc out of each node, or -1
    following: NDArray[np.int32]  # (A,) the next arc out of the same node, or -1
    head: NDArray[np.int32]  # (A,) node that the arc leads to
    room: NDArray[np.int64]  # (A,) what can still be sent over it


def add_arc(network: Network, arc: int, tail: int, head: int, capacity: int) -> int:
    """Write an arc and its reverse in the places `arc` and `arc` + 1; return the place after."""
    network.head[arc] = head
    network.room[arc] = capacity
    network.following[arc] = network.first[tail]
    network.first[tail] = arc
    network.head[arc + 1] = tail
    network.room[arc + 1] = 0
    network.following[arc + 1] = network.first[head]
    network.first[head] = arc + 1
    return arc + 2


def find_levels(
    network: Network, source: int, sink: int, level: NDArray[np.int32], queue: NDArray[np.int32]
) -> bool:
    """Write how many arcs with room each node is from the sink; tell whether the source is one.

    Counted from the sink, so that nodes from which nothing can arrive are never walked into.
    """
    for node in range(level.size):
        level[node] = -1
    level[sink] = 0
    queue[0] = sink
    low = 0
    high = 1
    while low < high:
        node = queue[low]
        low += 1
        if node == source:
            return True
        arc = network.first[node]
        while arc >= 0:
            other = network.head[arc]
            if level[other] < 0 and network.room[arc ^ 1] > 0:
                level[other] = level[node] + 1
                queue[high] = other
                high += 1
            arc = network.following[arc]
    return False


def send(
    network: Network,
    source: int,
    sink: int,
    level: NDArray[np.int32],
    current: NDArray[np.int32],
    way: NDArray[np.int32],
) -> int:
    """Send a blocking flow along arcs that lead one level down; return how much.

    Parameters
    ----------
    current
        Shape (N,): the arc to try next out of each node.
    way
        Shape (N,) scratch: arcs from the source to the node that is tried.
    """
    total = 0
    n = 0
    node = source
    while True:
        if node == sink:
            least = network.room[way[0]]
            for k in range(1, n):
                least = min(least, network.room[way[k]])
            back = n
            for k in range(n - 1, -1, -1):
                network.room[way[k]] -= least
                network.room[way[k] ^ 1] += least
                if network.room[way[k]] == 0:
                    back = k
            total += least
            n = back
            node = network.head[way[n] ^ 1]
        arc = current[node]
        while arc >= 0 and (network.room[arc] == 0 or level[network.head[arc]] != level[node] - 1):
            arc = network.following[arc]
        current[node] = arc
        if arc >= 0:
            way[n] = arc
            n += 1
            node = network.head[arc]
        elif n == 0:
            return total
        else:
            n -= 1
            node = network.head[way[n] ^ 1]
            current[node] = network.following[way[n]]


def maximum_flow(network: Network, source: int, sink: int) -> int:
    """Send as much as can be from `source` to `sink`, beside what is sent already; return it."""
    n = network.first.size
    level = np.empty(n, np.int32)
    queue = np.empty(n, np.int32)
    way = np.empty(n + 1, np.int32)
    current = np.empty(n, np.int32)
    total = 0
    while find_levels(network, source, sink, level, queue):
        for node in range(n):
            current[node] = network.first[node]
        total += send(network, source, sink, level, current, way)
    return total


add_arc = jit(add_arc)
find_levels = jit(find_levels)
send = jit(send)
maximum_flow = jit(maximum_flow)
