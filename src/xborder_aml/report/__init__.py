"""The referral report as one HTML file, and its figures for a notebook."""

from xborder_aml.report.casebook import Limits
from xborder_aml.report.figures import corridor_heatmap, timeline
from xborder_aml.report.flow import flow_figure
from xborder_aml.report.map import corridor_map
from xborder_aml.report.money import survival_figure, value_figure
from xborder_aml.report.page import render_report, write_report

__all__ = [
    "Limits",
    "corridor_heatmap",
    "corridor_map",
    "flow_figure",
    "render_report",
    "survival_figure",
    "timeline",
    "value_figure",
    "write_report",
]
