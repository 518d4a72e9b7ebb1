"""What the command line shows, as rich renderables; nothing here prints."""
