"""Makes agents with the real libraries, and records what they see and decide: `python make_fixtures.py [FOLDER]`.

Needs requirements-torch.txt. The agents are small, trained for seconds, and their weights are made few and round, so
that the files compress; every recording is of `STEPS` steps of a real game with its resets.
"""

import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.modules.setdefault("tensorflow", None)  # two runtimes in one process do not get along; tensorboard takes either

import ale_py
import cv2
import gymnasium
import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from sb3_contrib import QRDQN, RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.atari_wrappers import (
    ClipRewardEnv,
    EpisodicLifeEnv,
    FireResetEnv,
    MaxAndSkipEnv,
    NoopResetEnv,
)
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage
from torch import nn

STEPS, SEED, FEATURES, MAPS = 200, 3, 16, 5
FIXTURES = Path(__file__).with_name("fixtures")
SMALL = {"features_extractor_kwargs": {"features_dim": FEATURES}}
LIBRARY = {
    "ppo": (PPO, "CnnPolicy", "Breakout", {"n_steps": 64, "batch_size": 64, "n_epochs": 1}),
    "a2c": (A2C, "CnnPolicy", "MsPacman", {}),
    "dqn": (DQN, "CnnPolicy", "Seaquest", {"buffer_size": 200, "learning_starts": 50}),
    "qrdqn": (QRDQN, "CnnPolicy", "Breakout", {"buffer_size": 200, "learning_starts": 50}),
    "recurrent-ppo": (RecurrentPPO, "CnnLstmPolicy", "Breakout", {"n_steps": 64, "batch_size": 64, "n_epochs": 1}),
}
CLEAN = {"cleanrl-ppo": "Breakout", "cleanrl-dqn": "Seaquest", "cleanrl-c51": "MsPacman"}
QUANTILES, ATOMS, UNITS = 10, 11, 12


class Record:
    """What is kept of a game."""

    def __init__(self, game: str) -> None:
        self.values: dict[str, list[Any]] = {"logits": [], "values": [], "actions": [], "checks": [], "maps": []}
        self.game = game

    def add(self, observation: np.ndarray, logits: np.ndarray, value: float, action: int) -> None:
        """Keeps a step; of the observation, uint8 [frames, 84, 84], its checksum."""
        self.values["checks"].append(zlib.crc32(np.ascontiguousarray(observation).tobytes()))
        for name, value_of in (("logits", logits), ("values", value), ("actions", action)):
            self.values[name].append(value_of)

    def write(self, path: Path) -> None:
        """Writes it."""
        arrays = {name: np.array(values) for name, values in self.values.items()}
        np.savez_compressed(path, game=np.array(self.game), seed=np.array(SEED), **arrays)


class RawGradCam(GradCAM):
    """Grad-CAM before it is enlarged and normalised."""

    def get_cam_image(self, *arguments: Any, **options: Any) -> np.ndarray:
        self.raw = super().get_cam_image(*arguments, **options)
        return self.raw


def explain(model: nn.Module, layer: nn.Module, image: torch.Tensor, action: int) -> np.ndarray:
    """Returns the map of an action, float32 [7, 7]."""
    with RawGradCam(model=model, target_layers=[layer]) as method:
        method(input_tensor=image, targets=[ClassifierOutputTarget(action)])
        return np.maximum(method.raw[0], 0).astype(np.float32)


def make_few_and_round(module: nn.Module) -> None:
    """Keeps a part of the weights, rounded, and larger for it."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for weight in module.parameters():
            if weight.ndim > 1 and weight.numel() > 2000:
                share = 0.12
                kept = torch.rand(weight.shape, generator=generator) < share
                weight.copy_(torch.round(weight * kept / share**0.5 * 64) / 64)
            else:
                noise = torch.randn(weight.shape, generator=generator) * (0.5 if weight.ndim > 1 else 0.1)
                weight.copy_(torch.round((weight + noise) * 64) / 64)


def pack(source: Path, path: Path) -> None:
    """Packs a library's zip again, compressed, without what the optimizer remembers."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as after:
        for name in before.namelist():
            if "optimizer" not in name and name != "system_info.txt":
                after.writestr(zipfile.ZipInfo(name), before.read(name), zipfile.ZIP_DEFLATED, 9)


def make_library_agent(name: str, folder: Path) -> None:
    """Trains an agent of Stable-Baselines3 or sb3-contrib for seconds, and plays a game with it."""
    kind, policy, game, options = LIBRARY[name]
    more: dict[str, Any] = dict(SMALL)
    if name == "qrdqn":
        more["n_quantiles"] = QUANTILES
    if name == "recurrent-ppo":
        more["lstm_hidden_size"] = UNITS
    environment = VecTransposeImage(VecFrameStack(make_atari_env(f"{game}NoFrameskip-v4", 1, seed=SEED), 4))
    model = kind(policy, environment, policy_kwargs=more, seed=SEED, device="cpu", **options)
    model.learn(128)
    make_few_and_round(model.policy)
    model.save(folder / "whole.zip")
    pack(folder / "whole.zip", folder / f"{name}.zip")
    (folder / "whole.zip").unlink()
    environment.close()
    _play_library_agent(name, model, game).write(folder / f"{name}.npz")


def _play_library_agent(name: str, model: Any, game: str) -> Record:
    environment = VecTransposeImage(VecFrameStack(make_atari_env(f"{game}NoFrameskip-v4", 1, seed=SEED), 4))
    record, generator, policy = Record(game), np.random.default_rng(SEED), model.policy
    observation, starts, state = environment.reset(), np.ones(1), None
    network = policy.q_net if name == "dqn" else policy.quantile_net if name == "qrdqn" else policy
    for step in range(STEPS):
        seen = torch.as_tensor(observation)
        decide = _decider(name, policy, network, state, torch.as_tensor(starts, dtype=torch.float32))
        with torch.no_grad():
            logits, value, next_state = decide.all(seen)
        action = int(logits[0].argmax()) if generator.random() < 0.5 else int(generator.integers(logits.shape[1]))
        record.add(observation[0], logits[0].numpy(), float(value), action)
        if step % (STEPS // MAPS) == 0:
            record.values["maps"].append(explain(decide, network.features_extractor.cnn[5], seen.float(), action))
        state = next_state
        observation, _, starts, _ = environment.step([action])
    environment.close()
    return record


class _decider(nn.Module):  # noqa: N801
    """An agent's network as a function of the observation alone."""

    def __init__(self, name: str, policy: Any, network: Any, state: Any, starts: torch.Tensor) -> None:
        super().__init__()
        self.kind, self.policy, self.network, self.state, self.starts = name, policy, network, state, starts

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return self.all(seen)[0]

    def all(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Returns logits or Q-values, the value, and the next state."""
        if self.kind == "dqn":
            values = self.network(seen)
            return values, values.max(), None
        if self.kind == "qrdqn":
            values = self.network(seen).mean(1)
            return values, values.max(), None
        if self.kind == "recurrent-ppo":
            from sb3_contrib.common.recurrent.type_aliases import RNNStates

            zeros = tuple(torch.zeros(1, 1, UNITS) for _ in range(2))
            state = self.state or RNNStates(zeros, zeros)
            _, value, _, following = self.policy(seen, state, self.starts, deterministic=True)
            distribution, _ = self.policy.get_distribution(seen, state.pi, self.starts)
            return self._raw_logits(distribution, seen, state), value, following
        features = self.policy.extract_features(seen)
        return self.policy.action_net(features), self.policy.value_net(features), None

    def _raw_logits(self, distribution: Any, seen: torch.Tensor, state: Any) -> torch.Tensor:
        """The distribution has them less their logarithmic sum: the head gives them as they are."""
        features = self.policy.extract_features(seen)
        latent, _ = self.policy._process_sequence(features, state.pi, self.starts, self.policy.lstm_actor)
        return self.policy.action_net(self.policy.mlp_extractor.forward_actor(latent))


def make_clean_agent(name: str, folder: Path) -> None:
    """Makes an agent with the layers of CleanRL's scripts, and plays a game under their wrappers."""
    game = CLEAN[name]
    environment = clean_environment(game)
    actions = environment.action_space.n
    torch.manual_seed(SEED)
    network, tail = clean_layers(), []
    if name != "cleanrl-ppo":
        tail = [nn.Linear(FEATURES, actions * (ATOMS if name == "cleanrl-c51" else 1))]
    module = nn.Module()
    module.network = nn.Sequential(*network, *tail)
    if name == "cleanrl-ppo":
        module.actor, module.critic = nn.Linear(FEATURES, actions), nn.Linear(FEATURES, 1)
    make_few_and_round(module)
    if name == "cleanrl-c51":
        module.register_buffer("atoms", torch.linspace(-10, 10, steps=ATOMS))
    content: Any = module.state_dict()
    if name == "cleanrl-c51":
        content = {"model_weights": content, "args": {"env_id": f"{game}NoFrameskip-v4", "total_timesteps": 1000}}
    torch.save(content, folder / "whole.pth")
    pack(folder / "whole.pth", folder / f"{name}.pth")
    (folder / "whole.pth").unlink()
    decide = clean_decider(name, module, actions)
    record, generator = Record(game), np.random.default_rng(SEED)
    frames = _first_frames(environment.reset(seed=SEED)[0])
    for step in range(STEPS):
        seen = torch.as_tensor(np.stack(frames)[None], dtype=torch.float32)
        with torch.no_grad():
            logits, value = decide(seen)
        action = int(logits[0].argmax()) if generator.random() < 0.5 else int(generator.integers(actions))
        record.add(np.stack(frames), logits[0].numpy(), float(value), action)
        if step % (STEPS // MAPS) == 0:
            only_logits = nn.Sequential(_First(decide, module))
            record.values["maps"].append(explain(only_logits, module.network[5], seen, action))
        observation, _, terminated, truncated, _ = environment.step(action)
        if terminated or truncated:
            frames = _first_frames(environment.reset()[0])
        else:
            frames = [*frames[1:], shrink(observation)]
    environment.close()
    record.write(folder / f"{name}.npz")


class _First(nn.Module):
    """The first of two outputs."""

    def __init__(self, decide: Callable[[torch.Tensor], tuple[Any, Any]], module: nn.Module) -> None:
        super().__init__()
        self.decide, self.module = decide, module

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return self.decide(seen)[0]


def clean_layers() -> list[nn.Module]:
    """The layers that the three scripts have in common."""
    return [
        nn.Conv2d(4, 32, 8, stride=4), nn.ReLU(), nn.Conv2d(32, 64, 4, stride=2), nn.ReLU(),
        nn.Conv2d(64, 64, 3, stride=1), nn.ReLU(), nn.Flatten(), nn.Linear(3136, FEATURES), nn.ReLU(),
    ]  # fmt: skip


def clean_decider(name: str, module: Any, actions: int) -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """Returns what turns observations into logits or Q-values, and the value."""

    def decide(seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = module.network(seen / 255.0)
        if name == "cleanrl-ppo":
            return module.actor(found), module.critic(found)
        if name == "cleanrl-c51":
            found = (torch.softmax(found.view(len(seen), actions, ATOMS), 2) * module.atoms).sum(2)
        return found, found.max()

    return decide


def clean_environment(game: str) -> gymnasium.Env:
    """The wrappers of the scripts, up to those of the picture, which `shrink` stands for."""
    gymnasium.register_envs(ale_py)
    environment = NoopResetEnv(gymnasium.make(f"{game}NoFrameskip-v4"), noop_max=30)
    environment = EpisodicLifeEnv(MaxAndSkipEnv(environment, skip=4))
    if "FIRE" in environment.unwrapped.get_action_meanings():
        environment = FireResetEnv(environment)
    return ClipRewardEnv(environment)


def shrink(screen: np.ndarray) -> np.ndarray:
    """What gymnasium 0.29's ResizeObservation and GrayScaleObservation do, which the scripts ask for."""
    return cv2.cvtColor(cv2.resize(screen, (84, 84), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def _first_frames(screen: np.ndarray) -> list[np.ndarray]:
    return [shrink(screen)] * 4


def make_all(folder: Path, names: list[str] | None = None) -> None:
    """Makes every fixture, or those of some names."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or [*LIBRARY, *CLEAN]:
        make = make_library_agent if name in LIBRARY else make_clean_agent
        make(name, folder)


if __name__ == "__main__":
    make_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES, sys.argv[2:])
