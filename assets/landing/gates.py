"""The gate's verdicts beside the batches they opened: kept with the private zone's ledger, copied into each revision."""

from __future__ import annotations

import json
from dataclasses import asdict

from assets.ledger import Ledger
from assets.workspace import Workspace
from quality.verdict import GateCheck, GateResult


def gate_as_json(gate: GateResult) -> bytes:
    """Return a verdict without its page."""
    content = {"dataset": gate.dataset, "passed": gate.passed, "checks": [asdict(check) for check in gate.checks]}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def keep_gate(workspace: Workspace, batch_id: str, gate: GateResult) -> None:
    """Write a verdict and its page for a batch that is about to be committed."""
    folder = workspace.state / "gates" / batch_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{gate.dataset}.html").write_bytes(gate.html)
    (folder / f"{gate.dataset}.json").write_bytes(gate_as_json(gate))


def kept_gates(workspace: Workspace, ledger: Ledger) -> list[GateResult]:
    """Return the verdicts of the batches whose inputs count, named ``<dataset>-<batch>``, in order of arrival."""
    gates = []
    for batch_id in dict.fromkeys(record.batch_id for record in ledger.active()):
        for file in sorted((workspace.state / "gates" / batch_id).glob("*.json")):
            content = json.loads(file.read_bytes())
            checks = tuple(GateCheck(**check) for check in content["checks"])
            name = f"{content['dataset']}-{batch_id}"
            gates.append(GateResult(name, content["passed"], checks, file.with_suffix(".html").read_bytes()))
    return gates
