"""Objects on the screen: where they are, and what the agent would do without them.

`kinds` → `segmentation` (of a whole episode) and `so_far` (screen after screen) → `gathering` (few of many) →
`absences` and `replays` (what the agent makes of it) → `effects` (said in words) and `maps` (painted). `edits` changes
a screen by hand.
"""
