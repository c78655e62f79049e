"""A class of bad input, and one case of it."""

from dataclasses import dataclass


@dataclass
class Case:
    name: str
    # Beginnings that a part of `found` may have; parts stand between bars.
    wanted: object
    found: str
    # The code to count it under.
    code: str = ""

    def __post_init__(self):
        if isinstance(self.wanted, str):
            self.wanted = (self.wanted,)
        self.code = self.code or self.found.split(": ")[0].split(",")[0] or "none"

    @property
    def holds(self):
        return any(part.startswith(wanted) for part in self.found.split(" | ")
                   for wanted in self.wanted)


class BadInput:
    """`run` feeds one round to the target and says what became of each case."""

    name = ""
    ROUNDS = 2
    # A quick run has but one round of it.
    IS_SLOW = False

    def __init__(self, context):
        self.context = context
        self.fleet = context.fleet

    def target(self, leader):
        """The node that is fed; the one under test unless a class brings its own."""
        return leader

    def recover(self, target):
        """The bad input is over: the target has what it needs to serve as ever."""

    def prompt(self, leader, target, document):
        """Seconds until what is put is got."""
        return self.fleet.put_and_get(leader.address, document)

    def close(self, target):
        """Ends what the class itself started."""


def ending(code):
    """A process's end that is no end: by a signal."""
    return f"ended by signal {-code}" if code < 0 else f"ended with {code}"
