# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a ledger to proposals for referral
#
# The whole way on a made-up ledger that comes with the library: an economy of persons and
# companies in seventeen countries, with patterns planted in it and innocent look-alikes beside
# them. Because we know what was planted, we can see what the ranking is worth.

# %%
import polars as pl

import xborder_aml as xb

demo = xb.demo_ledger(seed=7)
demo.transactions.select(
    "transaction_id", "executed_at", "originator", "beneficiary", "sent_minor", "sent_currency"
).head()

# %% [markdown]
# ## The graph
#
# The accounts table says who owns which account, so that money can be seen to come home to a
# holder.

# %%
graph = xb.TransactionGraph(demo.transactions, demo.accounts)
graph

# %% [markdown]
# ## What is there
#
# Every detector with the parameters that suit what this ledger can tell. Nothing is scored yet:
# these are matches of definitions.

# %%
findings = xb.detect(graph)
findings

# %% [markdown]
# ## What chance would show
#
# The same detectors run on the same ledger with times and amounts dealt anew. Accounts that show
# more than that rise. Each reason names money that can be recomputed from the findings.

# %%
scores = xb.EvidenceScorer(n_permutations=9).score(graph, findings)
scores.select("rank", "account", "score", "p_value", "role", "reasons").head(5)

# %% [markdown]
# ## Proposals
#
# Money at stake, places, dates and the transactions to ask about. A person decides.

# %%
referrals = xb.refer(scores, findings, graph, top=20)
referrals.select(
    "rank", "account", "jurisdiction", "role", "at_stake_minor", "corridors", "reason_codes"
).head(5)

# %% [markdown]
# ## The first case as a picture
#
# Accounts are lanes, one column a day, an arrow a transaction: width is money, colour is where it
# comes from.

# %%
first = referrals.row(0, named=True)
rows = graph.transactions.filter(pl.col("transaction_id").is_in(first["transaction_ids"]))
xb.flow_figure(rows, focus=first["account"])

# %% [markdown]
# ## What it was worth
#
# All planted cases are found, since the detectors are exact. The ranking is a ranking: read the
# last row, and see how many innocent look-alikes were flagged as well.

# %%
xb.evaluate_demo(demo, findings, scores)
