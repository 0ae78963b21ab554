"""What every error about something that cannot be used has in common."""


class Refused(ValueError):
    """Something given that cannot be used; its text is one line for whoever gave it."""
