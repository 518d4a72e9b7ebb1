"""The network of any agent, built with fresh weights from what fixes it."""

from xdrl.agent_configs import AgentConfig
from xdrl.agent_networks import AgentNetwork
from xdrl.nature import build_nature
from xdrl.nature_config import NatureConfig
from xdrl.networks import build_network
from xdrl.own_config import OwnConfig
from xdrl.own_network import build_own


def build_agent_network(config: AgentConfig, seed: int = 0) -> AgentNetwork:
    """Builds the network of an agent, ours or an imported one, with fresh weights."""
    if isinstance(config, OwnConfig):
        return build_own(config, seed)
    return build_nature(config, seed) if isinstance(config, NatureConfig) else build_network(config, seed)
