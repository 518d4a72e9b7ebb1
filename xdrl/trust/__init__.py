"""Does a heatmap tell the truth about the agent? Seven tests, each beside its baselines."""
