"""What a leader may send that is wrong: a follower takes none of it, says why, and goes on with the
true leader from where it was (G4, G12)."""

import json
import os
import random
import sqlite3

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.bad_connections import compressed
from campaigns.bad_greetings import behind_hello, greetings
from campaigns.fake_leader import FakeLeader, History, parts
from campaigns.processes import wait_until
from campaigns.report import Failed
from campaigns.wire import data, fields, frame, uint, varint

# The follower has this many true records when the lies begin.
SERVED = 10
SECONDS = 30


class BadRecords(BadInput):
    name = "records from a lying leader"

    def target(self, leader):
        text = self.fleet.run("generate", "--count", 30, "--seed", 5).output
        self.fleet.run("apply", "-f", "-", server=leader.address, input=text).succeeded()
        self.history = read_history(leader)
        self.fake = FakeLeader(self.fleet.port(), self.history, leader.address, SERVED)
        self.leader = leader
        return self.fleet.follower(self.fake.address, name="follower of a liar")

    def run(self, target, _):
        # A case takes the pause before the next connection, a second or more.
        cases = list(self.cases())
        for name, wanted, said in cases[::12] if self.context.options.quick else cases:
            yield Case(name, wanted, self.fake.ask(name, said, SECONDS))
        held = target.status()["seq"]
        yield Case("nothing of it is stored", f"seq {SERVED}", f"seq {held}", "stored nothing")

    def recover(self, target):
        self.fake.recover()
        head = self.leader.status()["seq"]
        wait_until(lambda: target.status()["seq"] >= head, "the follower to catch up", SECONDS)
        digests = [node.status()["views"]["digest"] for node in (self.leader, target)]
        self.context.report.equal(f"{self.name}: digests afterwards",
                                  dict(zip(("leader", "follower"), digests)))

    def prompt(self, leader, target, document):
        """Put through the follower, which sends the writer to its leader, and got from it."""
        return self.fleet.put_and_get(target.address, document, patience=SECONDS)

    def close(self, target):
        target.stop()
        self.fake.close()

    def cases(self):
        """(name, wanted, bytes)"""
        fake, history = self.fake, self.history
        true = history.records[SERVED]
        for name, wanted, record in false_records(history):
            if record == true:
                raise Failed(f"{name}: the record is true")
            yield name, wanted, fake.false_record(record)
        for name, code, item in vectors(self.context, "items.json", "invalid"):
            # A record with an empty item is one without.
            record = (data(1, item) if item else b"") + data(2, parts(true)[1])
            yield "item: " + name, (code,), fake.false_record(record)
        for name, code, record in vectors(self.context, "records.json", "invalid"):
            yield "record: " + name, (code,), fake.false_record(record)
        yield from greetings(self.context, fake)
        for name, wanted, body in self.behind_hello():
            yield name, wanted, fake.greeting() + body

    def behind_hello(self):
        fake, head = self.fake, SERVED + 1
        true, chain = self.history.records[SERVED], self.history.chains[head]
        unexpected = ("message-unexpected",)
        for name, code, body in vectors(self.context, "messages.json", "invalidServer"):
            yield "message: " + name, (f"message-malformed: {code}",), frame(body)
        for name, code, body in compressed(random.Random(self.context.options.seed)):
            yield name, (f"frame-malformed: {code}",), frame(body, codec=wire.ZLIB)
        yield from behind_hello(self.context)
        yield "garbage", ("frame-malformed", "message-malformed"), (
            random.Random(self.context.options.seed).randbytes(1 << 16))
        yield "a frame of 4 GiB", ("frame-malformed: frame-too-long",), b"\xff" * 9
        yield "records before a resync", unexpected, fake.records([true], head, chain)
        yield "a resync elsewhere", unexpected, fake.resync(SERVED - 1)
        yield "a resync by snapshot", unexpected, fake.resync(SERVED, how=3)
        yield "changes of a state", unexpected, fake.resync(SERVED) + frame(
            data(wire.CHANGES, b""))
        yield "a mark of another chain", ("history-differs",), (
            fake.resync(SERVED) + fake.records([true], head, bytes(32)))
        yield "a mark of another seq", unexpected, (
            fake.resync(SERVED) + fake.records([true], head + 1, chain))


def false_records(history):
    """(name, wanted, record) in place of the record behind the true ones."""
    true = history.records[SERVED]
    item, audit = parts(true)
    seq = SERVED + 1
    # Behind the seq, and the previous one where the endpoint is no new one.
    previous = dict(fields(item)).get(2, 0)
    known = uint(1, seq) + (uint(2, previous) if previous else b"")
    head, rest = uint(1, seq), item[len(known):]
    endpoint = dict(fields(item))[8]
    labels = [value for number, value in fields(endpoint) if number == 1]
    swapped = data(1, labels[1]) + data(1, labels[0])
    at = item.index(data(1, labels[0]) + data(1, labels[1]))
    turned = item[:at] + swapped + item[at + len(swapped):]

    def of(item, audit=audit):
        return data(1, item) + data(2, audit)

    yield "fields out of order", ("field-out-of-order",), of(
        uint(3, 1) + head + rest[2:])
    yield "a field twice", ("field-out-of-order",), of(head + head + rest)
    yield "a varint too long", ("varint-malformed",), of(
        b"\x08" + bytes([seq | 128, 0]) + item[len(head):])
    yield "a default written out", ("field-empty",), of(head + uint(2, 0) + rest)
    yield "labels not ascending", ("keys-not-ascending",), of(turned)
    yield "cut off", ("truncated",), of(item[:-3])
    node = dict(fields(endpoint))[4]
    yield "no UTF-8", ("text-not-utf8",), of(
        item.replace(data(4, node), data(4, b"\xff\xfe" + node[2:])))
    yield "over 1 MiB", ("too-long",), of(longer(item, endpoint))
    yield "an audit part without epoch", ("field-missing",), of(
        item, audit[len(uint(1, 1)):])
    yield "an epoch that never began", ("epoch-wrong",), of(item, uint(1, 7) + audit[2:])
    yield "an earlier time", ("time-goes-back",), of(
        item, uint(1, 1) + uint(2, 1_000) + tail(audit))
    yield "a seq too far", ("message-unexpected",), of(uint(1, seq + 1) + item[len(head):])
    yield "a seq again", ("message-unexpected",), history.records[SERVED - 1]
    yield "a previous seq that is none", ("does-not-fold",), of(
        head + uint(2, 3 if previous != 3 else 4) + rest)


def tail(audit):
    """What stands behind the epoch and the time."""
    at = 2
    _, at = wire.read_varint(audit, at + 1)
    return audit[at:]


def longer(item, endpoint):
    at = item.index(endpoint) - len(varint(len(endpoint))) - 1
    longer = endpoint + data(21, '{"x":"' + "y" * (1 << 20) + '"}')
    return item[:at] + data(8, longer)


def vectors(context, name, group):
    with open(os.path.join(context.root, "proto", "vectors", name)) as file:
        for vector in json.load(file)[group]:
            yield vector["name"], vector["code"], bytes.fromhex(vector["bytes"])


def read_history(node):
    log = sqlite3.connect(f"file:{node.data}/log.sqlite?mode=ro", uri=True)
    log_id = log.execute("SELECT value FROM meta WHERE name = 'log_id'").fetchone()[0]
    records = [row[0] for row in log.execute("SELECT record FROM events ORDER BY seq")]
    log.close()
    return History(log_id, records)


CLASSES = [BadRecords]
