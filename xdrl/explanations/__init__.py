"""An explained game: what was found, in figures, pictures and files."""
