"""Cross-border transaction graphs, exact pattern detectors and evidenced referral lists.

The names below are the public face; each is loaded when first asked for, so that importing the
package is quick and loads neither numba nor scikit-learn.

Examples
--------
>>> import xborder_aml as xb
>>> graph = xb.TransactionGraph(xb.example_ledger())
>>> xb.detect(graph, xb.RoundTrip()).findings["account"].to_list()
['harbour']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xborder_aml import datasets as datasets
    from xborder_aml import evaluate as evaluate
    from xborder_aml import synth as synth
    from xborder_aml.batch import BatchConfig, run_batch
    from xborder_aml.detection import (
        Changes,
        Part,
        Update,
        default_detectors,
        detect,
        detect_update,
        join_parts,
        plan,
        run_task,
    )
    from xborder_aml.detectors import DETECTORS
    from xborder_aml.detectors.bipartite import Bipartite
    from xborder_aml.detectors.corridor_shift import CorridorShift
    from xborder_aml.detectors.dense_flow import DenseFlow
    from xborder_aml.detectors.fan_in import FanIn
    from xborder_aml.detectors.fan_out import FanOut
    from xborder_aml.detectors.funnel_account import FunnelAccount
    from xborder_aml.detectors.gather_scatter import GatherScatter
    from xborder_aml.detectors.laundromat_core import LaundromatCore
    from xborder_aml.detectors.layering_chain import LayeringChain
    from xborder_aml.detectors.mirror_payments import MirrorPayments
    from xborder_aml.detectors.pass_through import PassThrough
    from xborder_aml.detectors.random_walk import RandomWalk
    from xborder_aml.detectors.round_trip import RoundTrip
    from xborder_aml.detectors.scatter_gather import ScatterGather
    from xborder_aml.detectors.split_match import SplitMatch
    from xborder_aml.detectors.stack import Stack
    from xborder_aml.detectors.structuring import Structuring
    from xborder_aml.detectors.typology import Hop, Party, Typology
    from xborder_aml.detectors.u_turn import UTurn
    from xborder_aml.errors import (
        CapacityError,
        DataError,
        DatasetUnavailableError,
        MissingExtraError,
        ParameterError,
        RateMissingError,
        SchemaError,
        WorkerError,
        XBorderAMLError,
    )
    from xborder_aml.exchange.bundle import seal_bundle
    from xborder_aml.exchange.ftm import ftm_entities
    from xborder_aml.exchange.goaml import GoamlReport, GoamlSubject, goaml_report
    from xborder_aml.exchange.goaml_profile import GoamlProfile
    from xborder_aml.exchange.keys import Signer, make_identity, make_signing_key
    from xborder_aml.exchange.recall import RecallCase, recall_request
    from xborder_aml.exchange.validate import validate_xml
    from xborder_aml.exchange.verify import Verification, open_bundle, verify_bundle
    from xborder_aml.executors import ProcessesExecutor, SerialExecutor, Task, ThreadsExecutor
    from xborder_aml.features import TransactionFeatures
    from xborder_aml.findings import Findings
    from xborder_aml.graph import TransactionGraph
    from xborder_aml.jurisdictions.channels import ChannelPlan, channels
    from xborder_aml.jurisdictions.checks import check_jurisdictions
    from xborder_aml.jurisdictions.tables import jurisdiction_tables
    from xborder_aml.outcomes.events import Outcome
    from xborder_aml.outcomes.figure import outcome_figure
    from xborder_aml.outcomes.register import OutcomeRegister
    from xborder_aml.referral import Band, Referral, ReferralSettings, refer
    from xborder_aml.referral.casefile import write_case_file
    from xborder_aml.referral.letter import letter_of_request
    from xborder_aml.referral.pictures import sensitivity_figure, waterfall_figure
    from xborder_aml.report import (
        corridor_heatmap,
        corridor_map,
        flow_figure,
        survival_figure,
        timeline,
        value_figure,
        write_report,
    )
    from xborder_aml.score import EvidenceScorer, against_chance
    from xborder_aml.sources import (
        SOURCES,
        read_accounts,
        read_ledger,
        read_patterns,
        read_transactions,
    )
    from xborder_aml.synth import demo_ledger, evaluate_demo, example_ledger
    from xborder_aml.tracing import Traced, pari_passu, payments_from, trace

__version__ = "0.1.0"

_HOME = {
    "Band": "referral",
    "BatchConfig": "batch",
    "Bipartite": "detectors.bipartite",
    "CapacityError": "errors",
    "Changes": "detection",
    "ChannelPlan": "jurisdictions.channels",
    "CorridorShift": "detectors.corridor_shift",
    "DETECTORS": "detectors",
    "DataError": "errors",
    "DatasetUnavailableError": "errors",
    "DenseFlow": "detectors.dense_flow",
    "EvidenceScorer": "score",
    "FanIn": "detectors.fan_in",
    "FanOut": "detectors.fan_out",
    "Findings": "findings",
    "FunnelAccount": "detectors.funnel_account",
    "GatherScatter": "detectors.gather_scatter",
    "GoamlProfile": "exchange.goaml_profile",
    "GoamlReport": "exchange.goaml",
    "GoamlSubject": "exchange.goaml",
    "Hop": "detectors.typology",
    "LaundromatCore": "detectors.laundromat_core",
    "LayeringChain": "detectors.layering_chain",
    "MirrorPayments": "detectors.mirror_payments",
    "MissingExtraError": "errors",
    "Outcome": "outcomes.events",
    "OutcomeRegister": "outcomes.register",
    "ParameterError": "errors",
    "Part": "detection",
    "Party": "detectors.typology",
    "PassThrough": "detectors.pass_through",
    "ProcessesExecutor": "executors",
    "RandomWalk": "detectors.random_walk",
    "RateMissingError": "errors",
    "RecallCase": "exchange.recall",
    "Referral": "referral",
    "ReferralSettings": "referral",
    "RoundTrip": "detectors.round_trip",
    "SOURCES": "sources",
    "ScatterGather": "detectors.scatter_gather",
    "SchemaError": "errors",
    "SerialExecutor": "executors",
    "Signer": "exchange.keys",
    "SplitMatch": "detectors.split_match",
    "Stack": "detectors.stack",
    "Structuring": "detectors.structuring",
    "Task": "executors",
    "ThreadsExecutor": "executors",
    "Traced": "tracing",
    "TransactionFeatures": "features",
    "TransactionGraph": "graph",
    "Typology": "detectors.typology",
    "UTurn": "detectors.u_turn",
    "Update": "detection",
    "Verification": "exchange.verify",
    "WorkerError": "errors",
    "XBorderAMLError": "errors",
    "against_chance": "score",
    "channels": "jurisdictions.channels",
    "check_jurisdictions": "jurisdictions.checks",
    "corridor_heatmap": "report",
    "corridor_map": "report",
    "default_detectors": "detection",
    "demo_ledger": "synth",
    "detect": "detection",
    "detect_update": "detection",
    "evaluate_demo": "synth",
    "example_ledger": "synth",
    "flow_figure": "report",
    "ftm_entities": "exchange.ftm",
    "goaml_report": "exchange.goaml",
    "join_parts": "detection",
    "jurisdiction_tables": "jurisdictions.tables",
    "make_identity": "exchange.keys",
    "make_signing_key": "exchange.keys",
    "open_bundle": "exchange.verify",
    "outcome_figure": "outcomes.figure",
    "letter_of_request": "referral.letter",
    "pari_passu": "tracing",
    "payments_from": "tracing",
    "plan": "detection",
    "read_accounts": "sources",
    "read_ledger": "sources",
    "read_patterns": "sources",
    "read_transactions": "sources",
    "recall_request": "exchange.recall",
    "refer": "referral",
    "run_batch": "batch",
    "run_task": "detection",
    "seal_bundle": "exchange.bundle",
    "sensitivity_figure": "referral.pictures",
    "survival_figure": "report",
    "timeline": "report",
    "trace": "tracing",
    "validate_xml": "exchange.validate",
    "value_figure": "report",
    "verify_bundle": "exchange.verify",
    "waterfall_figure": "referral.pictures",
    "write_case_file": "referral.casefile",
    "write_report": "report",
}

__all__ = [
    "DETECTORS",
    "SOURCES",
    "Band",
    "BatchConfig",
    "Bipartite",
    "CapacityError",
    "Changes",
    "ChannelPlan",
    "CorridorShift",
    "DataError",
    "DatasetUnavailableError",
    "DenseFlow",
    "EvidenceScorer",
    "FanIn",
    "FanOut",
    "Findings",
    "FunnelAccount",
    "GatherScatter",
    "GoamlProfile",
    "GoamlReport",
    "GoamlSubject",
    "Hop",
    "LaundromatCore",
    "LayeringChain",
    "MirrorPayments",
    "MissingExtraError",
    "Outcome",
    "OutcomeRegister",
    "ParameterError",
    "Part",
    "Party",
    "PassThrough",
    "ProcessesExecutor",
    "RandomWalk",
    "RateMissingError",
    "RecallCase",
    "Referral",
    "ReferralSettings",
    "RoundTrip",
    "ScatterGather",
    "SchemaError",
    "SerialExecutor",
    "Signer",
    "SplitMatch",
    "Stack",
    "Structuring",
    "Task",
    "ThreadsExecutor",
    "Traced",
    "TransactionFeatures",
    "TransactionGraph",
    "Typology",
    "UTurn",
    "Update",
    "Verification",
    "WorkerError",
    "XBorderAMLError",
    "against_chance",
    "channels",
    "check_jurisdictions",
    "corridor_heatmap",
    "corridor_map",
    "default_detectors",
    "demo_ledger",
    "detect",
    "detect_update",
    "evaluate_demo",
    "example_ledger",
    "flow_figure",
    "ftm_entities",
    "goaml_report",
    "join_parts",
    "jurisdiction_tables",
    "letter_of_request",
    "make_identity",
    "make_signing_key",
    "open_bundle",
    "outcome_figure",
    "pari_passu",
    "payments_from",
    "plan",
    "read_accounts",
    "read_ledger",
    "read_patterns",
    "read_transactions",
    "recall_request",
    "refer",
    "run_batch",
    "run_task",
    "seal_bundle",
    "sensitivity_figure",
    "survival_figure",
    "timeline",
    "trace",
    "validate_xml",
    "value_figure",
    "verify_bundle",
    "waterfall_figure",
    "write_case_file",
    "write_report",
]


_PACKAGES = ("datasets", "evaluate", "synth")
"""Packages that are public as they are: ``xb.datasets.load``, ``xb.evaluate.run``."""


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for."""
    if name in _PACKAGES:
        return import_module(f"xborder_aml.{name}")
    if name not in _HOME:
        from xborder_aml.errors import did_you_mean

        raise AttributeError(
            f"module 'xborder_aml' has no attribute {name!r}{did_you_mean(name, _HOME)}"
        )
    value = getattr(import_module(f"xborder_aml.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, *_PACKAGES, "__version__"]
