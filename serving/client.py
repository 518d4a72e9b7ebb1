"""A client of TensorFlow Serving's REST API for exported agents; needs no TensorFlow."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self
from urllib.parse import quote

import numpy as np

from serving.answers import (
    STATE,
    Answer,
    Reason,
    State,
    first_row,
    make_state,
    read_answer,
    read_first_parts,
    read_reason,
)
from serving.errors import UnexpectedAnswerError
from serving.screens import checked_screen, encode_png, shortest_decimals
from serving.transport import Patience, Transport


class AgentClient:
    """Asks the agent of one game; may be used from many threads, forked, and sent to other processes.

    Every method raises what `Transport.ask` raises: a kind of `ServingError`.

    Example:
        client = AgentClient("http://127.0.0.1:8501", "Pong")
        answer = client.act(screen)  # uint8 [210, 160, 3], or a PNG's or JPEG's bytes
        reason = client.explain(screen, "RIGHT")
        player = client.play(seed=1)
        answer = player.step(screen)
    """

    def __init__(
        self,
        url: str,
        game: str,
        *,
        version: int | None = None,
        patience: Patience | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Fixes where to ask; nothing is sent yet.

        Args:
            url: of the server, such as http://127.0.0.1:8501; a name and password in it are sent along.
            game: the model's name, such as Qbert.
            version: of the agent; None is whichever the server prefers, which may change while it runs.
            patience: how long to wait and how often to try.
            headers: sent with every request, such as {"Authorization": "Bearer ..."}.

        Raises:
            ServingError: the address is none.
        """
        self._transport = Transport(url, patience or Patience(), headers)
        self._model = f"/v1/models/{quote(game, safe='')}" + (f"/versions/{version}" if version is not None else "")
        self._action_names: tuple[str, ...] = ()
        self._first_parts: dict[str, np.ndarray] | None = None

    def close(self) -> None:
        """Closes the idle connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Gives the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the idle connections."""
        self.close()

    def act(self, screen: np.ndarray | bytes, *, state: State | None = None, with_overlay: bool = False) -> Answer:
        """Asks what to do on a screen, and why.

        Args:
            screen: uint8 [210, 160, 3], RGB; without a state also the bytes of a PNG or JPEG of any size.
            state: of the answer before; None where the screen has no past, and is sent as a picture of a few kB.
            with_overlay: ask for the overlay picture too.

        Raises:
            ValueError: the screen has another shape or type, or an overlay is asked for of a screen with a past.
        """
        if state is None:
            signature = "overlay" if with_overlay else "serving_default"
            image = screen if isinstance(screen, bytes) else encode_png(checked_screen(screen))
            inputs: dict[str, Any] = {"image_bytes": [{"b64": base64.b64encode(image).decode()}]}
        elif with_overlay:
            raise ValueError("expected an overlay or a state, got both: the overlay is of a screen without a past")
        else:
            signature, inputs = "step", _frame_inputs(screen, state)
        answer = read_answer(self._ask(signature, inputs))
        self._action_names = tuple(answer.probabilities)
        return answer

    def explain(self, screen: np.ndarray, action: int | str, *, state: State | None = None) -> Reason:
        """Asks what on a screen speaks for an action, and what against it.

        Args:
            screen: uint8 [210, 160, 3], RGB.
            action: its index, or its name; names are learned by asking about the screen once.
            state: with which the agent saw the screen; None where it has no past.

        Raises:
            ValueError: there is no such name, or the screen has another shape or type.
        """
        inputs = _frame_inputs(screen, self.initial_state() if state is None else state)
        index = self._action_index(action, screen) if isinstance(action, str) else int(action)
        row = self._ask("explain", inputs | {"target_action": [index]})
        return read_reason(row, index, action if isinstance(action, str) else None)

    def play(self, *, sample: bool = True, seed: int = 0) -> "Player":
        """Returns a player of one game, which remembers.

        Args:
            sample: draw the actions by their probabilities, as the agent was trained; else take the most probable.
            seed: of the draws.
        """
        return Player(self, np.random.default_rng(seed) if sample else None)

    def initial_state(self) -> State:
        """Returns the state of a game that starts; what is in it is asked for once."""
        if self._first_parts is None:
            self._first_parts = read_first_parts(self.metadata())
        return make_state(self._first_parts, STATE)

    def predict(self, body: dict[str, Any]) -> dict[str, Any]:
        """Sends a predict request as it is and returns the server's answer."""
        return self._transport.ask("POST", f"{self._model}:predict", body)

    def metadata(self) -> dict[str, Any]:
        """Returns what the server says about the agent's signatures."""
        return self._transport.ask("GET", f"{self._model}/metadata")

    def _ask(self, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return first_row(self.predict({"signature_name": signature, "inputs": inputs}))

    def _action_index(self, name: str, screen: np.ndarray) -> int:
        names = self._action_names or tuple(self.act(screen).probabilities)
        if name not in names:
            raise ValueError(f"expected an action of {', '.join(names)}, got {name!r}")
        return names.index(name)


def find_models(url: str) -> list[str]:
    """Asks a server which of its models take a screenshot.

    The embedded server says it, TensorFlow Serving does not.

    Args:
        url: of the server, such as http://127.0.0.1:8501.

    Raises:
        ServingError: it does not say, or is not there.
    """
    answer = Transport(url, Patience()).ask("GET", "/models.json")
    try:
        return [str(model["name"]) for model in answer["models"]]
    except (LookupError, TypeError) as error:
        raise UnexpectedAnswerError(f"expected the models of {url} in /models.json, got {list(answer)}") from error


class Player:
    """Plays one game, with the agent's memory of it; used by one thread at a time.

    Attributes:
        state: with which the next screen will be seen; None before the first.
    """

    def __init__(self, client: AgentClient, generator: np.random.Generator | None) -> None:
        """Begins without a memory.

        Args:
            client: that asks.
            generator: of the draws; None takes the most probable action.
        """
        self._client, self._generator = client, generator
        self.state: State | None = None

    def step(self, screen: np.ndarray) -> Answer:
        """Asks for the next action of the game, and remembers the screen.

        Args:
            screen: uint8 [210, 160, 3], RGB.
        """
        answer = self._client.act(screen, state=self._client.initial_state() if self.state is None else self.state)
        self.state = answer.state
        if self._generator is None:
            return answer
        probabilities = np.array(list(answer.probabilities.values()))
        with np.errstate(divide="ignore"):  # an action of no probability is never drawn
            logits = np.log(probabilities)
        action = int(np.argmax(logits + self._generator.gumbel(size=logits.shape)))
        return replace(answer, action=action, action_name=list(answer.probabilities)[action])

    def reset(self) -> None:
        """Forgets the game: the next screen is the first of another."""
        self.state = None


def _frame_inputs(screen: np.ndarray | bytes, state: State) -> dict[str, Any]:
    memory = {
        f"{STATE}{name}": [part.tolist() if part.dtype == np.uint8 else shortest_decimals(part)]
        for name, part in state._asdict().items()
    }
    return {"frame": [checked_screen(screen).tolist()], **memory}
