"""The simulated demo workspace: made-up input in the layouts offices use, and the truth about it.

Nothing here reads what the pipeline makes of that input: the truth comes from the generator's own records.
"""

from pipelines.simulate.truth import FileTruth, Planted, Truth
from pipelines.simulate.workspace import SimulationError, simulate

__all__ = ["FileTruth", "Planted", "SimulationError", "Truth", "simulate"]
