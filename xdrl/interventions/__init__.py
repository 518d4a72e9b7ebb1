"""What an agent does where the game itself is changed: an object is elsewhere, or behaves otherwise.

`changes` (what can be changed) → `emulators` (games that are changed as they run) → `experiment` (what comes of it).
"""
