"""The main job end to end: generate, prepare, draw, test, guard. The one place that uses all three packages."""

from auscult_demo.pipeline import certify_once
from auscult_demo.run import run

__all__ = ["certify_once", "run"]
