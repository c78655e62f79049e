"""What a server may send an agent that is wrong: the agent takes none of it, says why, and holds
what the true server holds once it is back (G6, G12)."""

import json
import os
import random
import struct
import time

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.bad_connections import compressed
from campaigns.bad_greetings import behind_hello, greetings
from campaigns.bad_leader import vectors
from campaigns.fake_leader import FakeServer
from campaigns.wire import data, fields, fixed64, frame, sha, uint
from campaigns.watchers import swift_watch

SECONDS = 40
LOG_ID = b"campaign of lies"
OTHER_LOG = b"one of elsewhere"
SNAPSHOT, DELTAS = 3, 1
IN_SYNC = 1


class FakeStateServer(FakeServer):
    """Whoever connects gets what a case says, about a state of one item."""

    def __init__(self, port, relay_to, item):
        self.item = item
        self.seq = dict(fields(item))[1]
        super().__init__(port, relay_to)

    def converse(self, peer, hello):
        self.next_case(peer)

    def position(self, seq, log_id=LOG_ID):
        return (data(1, log_id) + uint(2, 1) + fixed64(3, 1) + uint(4, seq)
                + data(5, sha(struct.pack(">Q", seq))))

    def hello(self, version=1):
        return frame(self.hello_body(version))

    def hello_body(self, version=1):
        return data(wire.SERVER_HELLO, uint(1, version) + data(2, "campaign") + uint(3, 1)
                    + data(4, self.position(self.seq)) + uint(7, 1) + uint(8, 10_000))

    def resync(self, how, seq, fingerprint=bytes(32), log_id=LOG_ID):
        body = uint(1, how) + data(2, self.position(seq, log_id)) + uint(3, 1)
        return frame(data(wire.RESYNC, body + (data(4, fingerprint) if fingerprint else b"")))

    def changes(self, changes, seq, digest=None, count=1, sync=IN_SYNC, log_id=LOG_ID):
        mark = data(1, self.position(seq, log_id))
        if digest:
            mark += data(2, digest) + uint(3, count)
        body = b"".join(data(1, change) for change in changes)
        return frame(data(wire.CHANGES, body + data(2, mark + uint(4, sync))))

    def step(self, seq):
        """A mark alone that says only what may have changed (R38)."""
        mark = data(5, sha(struct.pack(">Q", seq))) + uint(6, seq)
        return frame(data(wire.CHANGES, data(2, mark)))

    def one(self, item=None, digest=None, count=1):
        """A snapshot of one item, in sync."""
        item = self.item if item is None else item
        return self.resync(SNAPSHOT, self.seq) + self.changes(
            [data(1, item)], self.seq, digest or sha(self.item), count)


class BadChanges(BadInput):
    name = "changes from a lying server"

    def target(self, leader):
        self.leader = leader
        item = next(patch_vectors(self.context))[2]
        self.fake = FakeStateServer(self.fleet.port(), leader.address, item)
        return swift_watch(
            self.fleet, "agent of a liar", self.fake.address, state=False).start()

    def run(self, target, _):
        cases = list(self.cases())
        for name, wanted, said in cases[::5] if self.context.options.quick else cases:
            yield Case(name, wanted, self.fake.ask(name, said, SECONDS))

    def recover(self, target):
        self.fake.recover()
        status = self.leader.status()
        held = {"leader": status["views"]["digest"], "agent": target.reaches(status["seq"])}
        self.context.report.equal(f"{self.name}: digests afterwards", held)

    def prompt(self, leader, target, document):
        """Put at the leader, and shown by the agent."""
        begun = time.monotonic()
        self.fleet.put_and_get(leader.address, document)
        target.reaches(leader.status()["seq"])
        return time.monotonic() - begun

    def close(self, target):
        target.kill()
        self.fake.close()

    def cases(self):
        """(name, wanted, bytes)"""
        yield from greetings(self.context, self.fake)
        for name, wanted, body in self.behind_hello():
            yield name, wanted, self.fake.greeting() + body

    def behind_hello(self):
        fake = self.fake
        yield from unsound(fake)
        yield from broken_rules(fake)
        for name, code, _, patch in patch_vectors(self.context):
            yield "patch: " + name, (code,), fake.one() + fake.changes(
                [data(3, patch)], fake.seq + 5)
        for name, code, item in vectors(self.context, "items.json", "invalid"):
            # The sound one before it resets the pause, which grows with each failure in a row.
            yield "item: " + name, (code,), fake.one() + fake.changes(
                [data(1, item)], fake.seq + 5)
        for name, code, body in vectors(self.context, "messages.json", "invalidServer"):
            yield "message: " + name, (f"message-malformed: {code}",), fake.one() + frame(body)
        for name, code, body in compressed(random.Random(self.context.options.seed)):
            yield name, (f"frame-malformed: {code}",), fake.one() + frame(body, codec=wire.ZLIB)
        yield from behind_hello(self.context)
        yield "garbage", ("frame-malformed", "message-malformed"), (
            fake.one() + bytes(range(1, 200)) * 100)
        yield "a frame of 4 GiB", ("frame-malformed: frame-too-long",), fake.one() + b"\xff" * 9


def unsound(fake):
    """(name, wanted, bytes): a state that is not the mark's, or no state (R15, R42)."""
    differs = ("digest-mismatch",)
    yield "another digest", differs, fake.one(digest=bytes([1] * 32))
    yield "a damaged item", differs, fake.one(damaged(fake.item))
    yield "a lost item", differs, fake.resync(SNAPSHOT, fake.seq) + fake.changes(
        [], fake.seq, sha(fake.item))
    yield "another count", differs, fake.one(count=2)
    # The state that the agent keeps as shown is of this seq, and was not taken anew since.
    yield "behind to who holds nothing", ("message-unexpected",), frame(
        data(6, data(1, fake.position(1))))
    yield "a patch in a snapshot", ("patch-base-mismatch",), fake.resync(
        SNAPSHOT, fake.seq) + fake.changes(
        [data(1, fake.item), data(3, uint(1, fake.seq + 1) + uint(2, fake.seq))], fake.seq + 1,
        digest=bytes([1] * 32))
    yield "a delete in place of a put", ("inconsistent",), fake.one(
        uint(1, fake.seq) + uint(3, 2) + data(4, "n") + data(5, "e") + data(6, bytes(16)))


def damaged(item):
    return item[:-1] + bytes([item[-1] ^ 1])


def broken_rules(fake):
    """(name, wanted, bytes): each breaks a rule of section 7."""
    broken = {
        "changes before a resync": fake.changes([data(1, fake.item)], fake.seq, sha(fake.item)),
        "a resync without fingerprint": fake.resync(SNAPSHOT, fake.seq, fingerprint=b""),
        "a resync of another log": fake.resync(SNAPSHOT, fake.seq, log_id=OTHER_LOG),
        "a mark without digest first": fake.resync(SNAPSHOT, fake.seq) + fake.changes(
            [data(1, fake.item)], fake.seq),
        "a mark that goes back": fake.one() + fake.changes([], fake.seq - 1),
        "a step that goes back": fake.one() + fake.step(fake.seq - 1),
        "a mark of another log": fake.one() + fake.changes([], fake.seq + 1, log_id=OTHER_LOG),
        "a seq above its mark": fake.one() + fake.changes(
            [data(2, uint(1, fake.seq + 2) + data(2, "n") + data(3, "e"))], fake.seq + 1),
        "deltas from elsewhere": fake.resync(DELTAS, fake.seq + 7),
        "deltas of another selection": fake.resync(
            DELTAS, fake.seq, fingerprint=bytes([1] * 32)),
        "behind after a resync": fake.one() + frame(data(6, data(1, fake.position(1)))),
        "a hello again": fake.hello(),
        "records": fake.one() + frame(data(wire.RECORDS, b"")),
        "answers": fake.one() + frame(data(wire.ANSWERS, b"")),
    }
    for name, said in broken.items():
        yield name, ("message-unexpected",), said
    # Legal to say, and not to be taken by who shows a later state (R35).
    yield "a snapshot from before", ("done",), fake.resync(SNAPSHOT, fake.seq - 1)


def patch_vectors(context):
    path = os.path.join(context.root, "proto", "vectors", "patches.json")
    with open(path) as file:
        for vector in json.load(file)["invalid"]:
            yield (vector["name"], vector["code"], bytes.fromhex(vector["old"]),
                   bytes.fromhex(vector["patch"]))


CLASSES = [BadChanges]
