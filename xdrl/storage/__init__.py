"""What is kept on disk, and how it is written so that nothing is lost: runs, agents, learning curves."""
