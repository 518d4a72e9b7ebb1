"""Objects on the screen: where they are, and what the agent would do without them.

`kinds` → `segmentation` (of a whole episode) and `so_far` (screen after screen) → `absences` → `wording`.
"""
