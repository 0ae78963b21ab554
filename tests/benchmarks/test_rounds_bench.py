"""The benchmark of rounds judges by its own numbers."""

from benchmarks import rounds


def test_rows_of_rounds_are_judged_by_their_ratios():
    rows = [*rounds.large_rounds(quick=True), rounds.joining(200)]
    assert [row.reached for row in rows] == [row.ratio <= float(row.target.strip("≤ ")) for row in rows]
    assert all(row.ratio > 0 for row in rows)


def test_a_pass_takes_every_user_once(monkeypatch):
    seen = []
    game = rounds.draw(rounds.load("two_aggregators")).game
    kind = type(game.blocks[0].objective)
    monkeypatch.setattr(kind, "respond", lambda self, utility, price, z: seen.append(len(utility)))
    rounds.conditions(game, 1.0)
    assert sum(seen) == game.blocks[0].users
