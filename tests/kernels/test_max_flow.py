"""The largest flow is that of networkx, on random graphs with parallel arcs and circles."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xborder_aml.kernels.max_flow import Network, add_arc, maximum_flow

ARCS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**40)), max_size=24)


def network_of(arcs, n=7):
    size = 2 * len(arcs)
    network = Network(
        np.full(n, -1, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int64),
    )
    place = 0
    for tail, head, capacity in arcs:
        place = add_arc(network, place, tail, head, capacity)
    return network


@given(ARCS)
def test_it_is_the_flow_of_networkx(arcs):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(7))
    for tail, head, capacity in arcs:
        before = graph.get_edge_data(tail, head, {"capacity": 0})["capacity"]
        graph.add_edge(tail, head, capacity=before + capacity)
    want = nx.maximum_flow_value(graph, 0, 6)
    assert maximum_flow(network_of(arcs), 0, 6) == want


@given(ARCS)
def test_a_flow_keeps_to_the_room_and_is_conserved(arcs):
    network = network_of(arcs)
    total = maximum_flow(network, 0, 6)
    flow = network.room[1::2]
    assert (network.room >= 0).all()
    assert all(f <= c for f, (_, _, c) in zip(flow, arcs, strict=True))
    net = np.zeros(7, np.int64)
    for f, (tail, head, _) in zip(flow, arcs, strict=True):
        net[tail] -= f
        net[head] += f
    assert net.tolist() == [-total, 0, 0, 0, 0, 0, total]


def test_a_long_chain_needs_no_recursion():
    n = 5000
    arcs = [(i, i + 1, 5) for i in range(n - 1)]
    assert maximum_flow(network_of(arcs, n), 0, n - 1) == 5
