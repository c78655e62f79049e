"""What agents printed, judged by a log that is read with sqlite3 and hashlib alone (G5, G6, G7).

At each mark an agent must hold just what its selection of the log holds at that seq: each key at the
seq of its last event, no more and no less, with the digest that these bytes have.
"""

import os
import sqlite3
from dataclasses import dataclass

from campaigns.recompute import DELETE, PUT, State, fields, sha

# Fields of Item and Endpoint in proto/cattail.proto.
SEQ, KIND, NAMESPACE, NAME, ENDPOINT = 1, 3, 4, 5, 8
LABEL, NODE = 1, 4


@dataclass(frozen=True, slots=True)
class Change:
    """An event of an endpoint, as far as selections look at it."""

    seq: int
    key: str
    # None of a delete.
    hash: bytes | None
    node: bytes = b""
    tier: bytes = b""


def changes(directory):
    """The changes of a stopped node's log, or of a copy, in order."""
    log = sqlite3.connect(f"file:{os.path.join(directory, 'log.sqlite')}?mode=ro", uri=True)
    for (record,) in log.execute("SELECT record FROM events ORDER BY seq"):
        item = next(fields(record))[1]
        parts = dict(fields(item))
        if parts[KIND] not in (PUT, DELETE):
            continue
        key = f"{parts[NAMESPACE].decode()}/{parts[NAME].decode()}"
        if parts[KIND] == DELETE:
            yield Change(parts[SEQ], key, None)
            continue
        endpoint = list(fields(parts[ENDPOINT]))
        labels = dict(tuple(dict(fields(value)).get(part, b"") for part in (1, 2))
                      for number, value in endpoint if number == LABEL)
        yield Change(parts[SEQ], key, sha(item), dict(endpoint).get(NODE, b""),
                     labels.get(b"tier", b""))
    log.close()


class Selection:
    """What an agent asks for, and the same in Python."""

    def __init__(self, node=None, namespace=None, tier=None):
        self.node, self.namespace, self.tier = node, namespace, tier

    @property
    def options(self):
        found = {"node": self.node, "namespace": self.namespace}
        if self.tier:
            found["selector"] = f'tier == "{self.tier}"'
        return {name: value for name, value in found.items() if value}

    def matches(self, change):
        return (change.hash is not None
                and (self.node is None or change.node == self.node.encode())
                and (self.namespace is None or change.key.split("/")[0] == self.namespace)
                and (self.tier is None or change.tier == self.tier.encode()))


class Fold(State):
    """The selection's state as the log goes on: the seq of each key held, and the digest."""

    def __init__(self, selection, log):
        super().__init__()
        self.selection = selection
        self.log = log
        self.at = 0
        self.seqs = {}

    def reach(self, seq):
        while self.at < len(self.log) and self.log[self.at].seq <= seq:
            change = self.log[self.at]
            self.at += 1
            if change.key in self.held:
                self.add(self.held.pop(change.key), -1)
                del self.seqs[change.key]
            if self.selection.matches(change):
                self.held[change.key] = change.hash
                self.seqs[change.key] = change.seq
                self.add(change.hash, 1)


def judge_agent(path, selection, log, by_seq):
    """(faults, marks) of what one agent printed in all its lives: lines of KIND SEQ WORD."""
    fold, held, staged, faults = Fold(selection, log), {}, [], []
    last, marks, resumes = 0, 0, False
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind, seq, word = line.rstrip("\n").split(" ", 2)
            seq = int(seq)
            if kind == "begin":
                # What was printed behind the last mark before a kill was not yet held.
                staged, resumes = [], True
            elif kind in ("put", "delete"):
                staged.append((kind, seq, word))
            elif kind == "mark":
                if seq < last and resumes:
                    # It begins again where its file ends, and tells once more what came since.
                    fold = Fold(selection, log)
                    fold.reach(seq)
                    held = dict(fold.seqs)
                faults += [f"mark {seq} behind mark {last}"] if seq < last and not resumes else []
                fold.reach(seq)
                faults += apply(held, staged, seq, by_seq, resumes)
                if held != fold.seqs:
                    faults.append(f"at {seq} it holds {difference(held, fold.seqs)}")
                    held = dict(fold.seqs)
                if word and word != fold.digest():
                    faults.append(f"at {seq} its digest is {word[:16]}…")
                last, marks, staged, resumes = seq, marks + 1, [], False
            if len(faults) > 5:
                break
    return faults, marks


def apply(held, staged, mark, by_seq, resumes):
    """Takes up what was printed between two marks; what of it no event explains. A key is told at
    most once between marks only if it really changed each time."""
    faults = []
    for kind, seq, key in staged:
        change = by_seq.get(seq)
        if seq > mark or change is None or change.key != key:
            faults.append(f"{kind} {seq} of {key} before mark {mark} is no event of it")
        elif kind == "put":
            # An agent that begins again prints again what its file did not hold yet.
            if held.get(key, 0) >= seq and not resumes:
                faults.append(f"put {seq} of {key}, held at {held[key]}")
            held[key] = seq
        elif held.pop(key, None) is None and not resumes:
            faults.append(f"delete {seq} of {key}, which was not held")
    return faults


def difference(held, wanted):
    odd = [f"{key} at {held.get(key)}, not {wanted.get(key)}"
           for key in held.keys() | wanted.keys() if held.get(key) != wanted.get(key)]
    return f"{odd[0]} ({len(odd)} such)"
