"""What a notebook shows: agents, decisions and explanations draw themselves, and a game is played in one call."""
