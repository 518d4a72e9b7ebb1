"""Exports an agent as a SavedModel that TensorFlow Serving loads, and proves it before anyone sees it."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.answers import NEXT_STATE, Q_VALUES, STATE
from serving.showing import write_shown_game
from serving.signatures import build_signatures
from serving.warm_up import BATCHING_STATEMENT, Samples, play_samples, sample_requests, write_samples
from xdrl.agent_configs import agent_config_to_json
from xdrl.agents import Agent, build_agent_network
from xdrl.config import recipe_to_json
from xdrl.explainers.maps import normalise
from xdrl.memories import Memory
from xdrl.networks import arrays_to_variables, variables_to_arrays
from xdrl.report.known import fields_of_card
from xdrl.storage.files import replaced_folder
from xdrl.storage.histories import history_to_json
from xdrl.storage.progress import read_progress, write_progress
from xdrl.storage.rounding import round_weights
from xdrl.storage.saved_models import AGENT_JSON, PROGRESS_CSV, highest_version
from xdrl.storage.stored_agents import find_log


class ExportError(RuntimeError):
    """The export did not answer as the live network does; nothing was written."""


def export_agent(agent: Agent, output: Path) -> Path:
    """Writes the next version of an agent, whole or not at all, its weights rounded to a short mantissa.

    Args:
        agent: to export.
        output: folder of all exported agents; the version becomes `output/<Game>/<number>/`.

    Returns:
        the version's folder.

    Raises:
        ExportError: loaded by TensorFlow's C++ session loader, the export answers otherwise than the live network.
    """
    game_folder = output / agent.game.name
    newest = highest_version(game_folder)
    version = game_folder / str(int(newest.name) + 1 if newest else 1)
    agent = _with_rounded_weights(agent)
    with replaced_folder(version) as folder:
        # Raw variables: a module that holds the Keras model loads in Python, and not in TensorFlow Serving's loader.
        servable = tf.Module()
        servable.weights = [weight.value for weight in agent.network.weights]
        tf.saved_model.save(servable, str(folder), signatures=build_signatures(agent.network))
        (folder / AGENT_JSON).parent.mkdir()
        record = json.dumps(_agent_record(agent), indent=1)
        (folder / AGENT_JSON).write_text(record + "\n", "utf-8")
        (folder / BATCHING_STATEMENT).write_text('{"independent_rows": true}\n', "utf-8")
        _copy_progress(agent, folder / PROGRESS_CSV)
        samples = play_samples(agent)
        write_samples(agent, samples, folder)
        write_shown_game(agent, folder)
        _prove(agent, samples, folder)
    return version


def _with_rounded_weights(agent: Agent) -> Agent:
    if agent.is_imported:  # its weights stay what its own library would load
        return agent
    network = build_agent_network(agent.network.config)
    arrays_to_variables(round_weights(variables_to_arrays(agent.network.weights)), network.weights)
    return type(agent)(network, agent.game, agent.provenance)


def _agent_record(agent: Agent) -> dict[str, Any]:
    """Returns what `agent.json` says: of the evaluations all but the single games."""
    paths, provenance = [weight.path for weight in agent.network.weights], agent.provenance
    left_out = ("agent", "scores", "lengths")
    return {
        "game": agent.game.name,
        "network": agent_config_to_json(agent.network.config),
        "heatmap_box": agent.network.heatmap_box._asdict(),
        "core_size": agent.network.core_size,
        "memory": {f"{STATE}{name}": part._asdict() for name, part in agent.network.memory_parts.items()},
        "training": {
            "agent_steps": provenance.agent_steps,
            "frames": provenance.frames,
            "seconds": round(provenance.seconds, 1),
            "configuration": provenance.training and recipe_to_json(provenance.training),
            "history": history_to_json(provenance.history),
        },
        "evaluations": {
            protocol: {key: value for key, value in record.items() if key not in left_out}
            for protocol, record in provenance.evaluations.items()
        },
        "claims": list(provenance.claims),
        **fields_of_card(provenance.league, agent.game.name),
        "variables": {path: f"weights/{index}/.ATTRIBUTES/VARIABLE_VALUE" for index, path in enumerate(paths)},
        "exported": time.strftime("%Y-%m-%d"),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _copy_progress(agent: Agent, path: Path) -> None:
    """Writes how the agent learned, up to itself, where its own folder says so."""
    log = find_log(agent.provenance.source)
    rows = [row for row in read_progress(log) if row.agent_steps <= agent.provenance.agent_steps] if log else []
    if rows:
        write_progress(path, rows)


def _prove(agent: Agent, samples: Samples, folder: Path) -> None:
    """Compares the export with the live network, in a process of its own, through the C++ session loader."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "samples.npz"
        np.savez(path, allow_pickle=False, **_proof_arrays(agent, samples))
        prove = Path(__file__).with_name("prove.py")
        proof = subprocess.run([sys.executable, str(prove), str(folder), str(path)], capture_output=True, text=True)
    if proof.returncode:
        reason = (proof.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ExportError(f"the export of {agent.game.name} does not answer as the live network does: {reason}")


def _proof_arrays(agent: Agent, samples: Samples) -> dict[str, np.ndarray]:
    """Returns, by `batch/signature/in|out/name`, what the live network is asked and answers."""
    arrays: dict[str, np.ndarray] = {}
    for count in (1, len(samples.screens)):
        part = samples.first(count)
        answers = _expected_answers(agent, *part)
        for signature, inputs in sample_requests(part, len(agent.action_names) - 1).items():
            prefix = f"{count}/{signature}"
            arrays |= {f"{prefix}/in/{name}": array for name, array in inputs.items()}
            arrays |= {f"{prefix}/out/{name}": array for name, array in answers[signature].items()}
    return arrays


def _expected_answers(agent: Agent, screens: np.ndarray, state: Memory) -> dict[str, dict[str, np.ndarray]]:
    next_state, last_action = agent.act(screens, state).state, agent.action_names[-1]
    following = {f"{NEXT_STATE}{name}": part for name, part in next_state._asdict().items()}
    step = _expected_answer(agent, screens, state) | following
    explain = {
        "heatmap": _live_heatmap(agent, screens, state, f"action:{last_action}"),
        "contrast_heatmap": _live_heatmap(agent, screens, state, f"contrast:{last_action}"),
    }
    default = _expected_answer(agent, screens, agent.initial_state(len(screens)))
    return {"step": step, "explain": explain, "serving_default": default, "overlay": default}


def _expected_answer(agent: Agent, screens: np.ndarray, state: Memory) -> dict[str, np.ndarray]:
    decision = agent.act(screens, state)
    return {
        "action": decision.actions,
        "action_probabilities": decision.probabilities,
        "value": decision.values,
        "heatmap": _live_heatmap(agent, screens, state, "chosen"),
        **({Q_VALUES: decision.logits} if agent.judges_actions else {}),
    }


def _live_heatmap(agent: Agent, screens: np.ndarray, state: Memory, target: str) -> np.ndarray:
    explanation = agent.explain(screens, state, target)
    return np.asarray(normalise(explanation.maps, explanation.peaks))
