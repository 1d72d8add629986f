# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a ledger to a finding
#
# A small ledger comes with the package. It is made up, and small enough to read in full.

# %%
import xborder_aml as xb

ledger = xb.example_ledger()
ledger.select(
    "transaction_id", "executed_at", "originator", "beneficiary", "sent_minor", "sent_currency"
)

# %% [markdown]
# ## Order it in time
#
# The graph is the ledger in another order: accounts are vertices, transactions are edges, sorted by
# time. It never changes, and its views are graphs again.

# %%
graph = xb.TransactionGraph(ledger)
graph

# %% [markdown]
# ## Look for money that comes home
#
# A detector is asked for by its parameters. Whatever is not said has a default, which
# [its page](../reference/detectors/round_trip.md) explains.

# %%
findings = xb.detect(graph, xb.RoundTrip(window="30d"))
findings

# %% [markdown]
# Every finding names its transactions. Joined to the ledger, they tell the story in order.

# %%
first = findings.findings["finding_id"][0]
findings.transactions_of(first, graph).select(
    "position", "role", "executed_at", "originator", "beneficiary", "amount_minor"
)

# %% [markdown]
# ## Check it without compiled code
#
# The same detector as plain Python, run as its own definition, gives the same finding with the same
# id.

# %%
again = xb.detect(graph, xb.RoundTrip(window="30d"), engine="reference")
again.findings.equals(findings.findings)
