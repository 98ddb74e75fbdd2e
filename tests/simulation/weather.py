"""What goes wrong in one simulation, and how often."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.property.random_plants import Dice


@dataclass(frozen=True)
class Weather:
    """Each is one in so many, of steps or of commits; 0 for never. Times in seconds.

    Attributes:
        contention: of steps that end as a deadlock's victim, or in a certification that failed.
        broken: of steps whose connection breaks.
        hung: of steps that are never answered; what they hold is held for a while longer.
        frozen: of steps at which the process falls asleep for seconds.
        slow: of commits that take up to seconds.
        lost: of commits that are not answered, whether they took effect or not, or do so only later.
        away: of which the store is away at times, between calls and in them.
        poison: of calls that the store refuses to write, whenever it is asked.
        edits: of arrivals beside which a definition or a caller's right is changed.
    """

    contention: int = 0
    broken: int = 0
    hung: int = 0
    frozen: int = 0
    slow: int = 0
    lost: int = 0
    away: int = 0
    poison: int = 0
    edits: int = 0

    @classmethod
    def random(cls, dice: Dice, *, can_go_away: bool) -> Weather:
        """Mostly some things of all that can go wrong."""
        often = {"contention": [40, 8], "broken": [80, 20], "hung": [200, 60], "frozen": [600, 150], "slow": [8, 3]}
        often |= {"lost": [6, 2, 12], "away": [2, 1], "poison": [12], "edits": [6, 2]}
        of_servers = {"lost", "away", "hung", "contention"}
        chosen = {
            one.name: dice.one_of(often[one.name])
            for one in fields(cls)
            if dice.one_of([False, True, True]) and (can_go_away or one.name not in of_servers)
        }
        return cls(**chosen)
