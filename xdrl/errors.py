"""The one exception that a user is meant to read: one line, what was expected and what came."""


class UserError(Exception):
    """Something the user can mend: a wrong name, a wrong file, a run of another game."""
