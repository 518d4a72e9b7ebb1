"""Who runs the workers: threads of this process."""
