"""Which engine a run has: its name becomes what makes it. Nothing of it is imported before it is made."""

import importlib.util

from xdrl.engines import ENGINES, Engine, MakeEngine, Plan
from xdrl.errors import UserError


def choose_engine(name: str, ray_address: str | None = None) -> MakeEngine:
    """Returns what makes an engine.

    Args:
        name: one of `ENGINES`.
        ray_address: HOST:PORT of the Ray cluster to join, or `auto`; None starts Ray on this machine.

    Raises:
        UserError: there is no such engine, it is not installed, or threads were given an address.
    """
    if name not in ENGINES:
        raise UserError(f"expected an engine of {', '.join(ENGINES)}, got {name!r}")
    if name == "threads" and ray_address is not None:
        raise UserError(f"expected --engine ray with --ray-address {ray_address}, got threads")
    if name == "ray" and importlib.util.find_spec("ray") is None:
        raise UserError("expected Ray for the engine ray, but it is not installed; requirements-ray.txt names it")

    def make_engine(plan: Plan) -> Engine:
        if name == "threads":
            from xdrl.engines.threads import start_threads

            return start_threads(plan)
        from xdrl.engines.ray_engine import RayEngine

        return RayEngine(plan, ray_address)

    return make_engine
