"""Sums over users where all of them belong to one player."""


class OnePlayer:
    """Offers what a block of players does, for arrays whose users (last axis) all belong to one player."""

    @staticmethod
    def by_player(ufunc, values):
        """Reduce an array (…, users) to (…, 1)."""
        return ufunc.reduce(values, axis=-1, keepdims=True)

    @staticmethod
    def to_users(values):
        """An array (…, 1) broadcasts as it is."""
        return values
