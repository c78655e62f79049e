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
        node, tier = looked_at(parts[ENDPOINT])
        yield Change(parts[SEQ], key, sha(item), node, tier)
    log.close()


def looked_at(endpoint):
    """Node and tier. Fields ascend, and what stands behind the node need not be read."""
    node = tier = b""
    for number, value in fields(endpoint):
        if number == LABEL:
            label = dict(fields(value))
            if label.get(1) == b"tier":
                tier = label.get(2, b"")
        elif number >= NODE:
            node = value if number == NODE else b""
            break
    return node, tier


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
        """The keys that changed on the way."""
        touched = set()
        while self.at < len(self.log) and self.log[self.at].seq <= seq:
            change = self.log[self.at]
            self.at += 1
            touched.add(change.key)
            if change.key in self.held:
                self.add(self.held.pop(change.key), -1)
                del self.seqs[change.key]
            if self.selection.matches(change):
                self.held[change.key] = change.hash
                self.seqs[change.key] = change.seq
                self.add(change.hash, 1)
        return touched


def judge_agent(path, selection, log, by_seq):
    """(faults, marks) of what one agent printed in all its lives: lines of KIND SEQ WORD."""
    with open(path, encoding="utf-8") as file:
        return judge_lines(file, selection, log, by_seq)


def judge_lines(lines, selection, log, by_seq):
    fold, held, staged, faults = Fold(selection, log), {}, [], []
    last, marks, lives, resumes = 0, 0, 0, False
    for line in lines:
        kind, seq, word = line.rstrip("\n").split(" ", 2)
        seq = int(seq)
        if kind == "begin":
            # What was printed behind the last mark before a kill was not yet held.
            staged, lives = [], lives + 1
            resumes = lives > 1
        elif kind == "resync":
            if resumes and word in ("deltas", "net-change"):
                # It goes on from where its file ends, which may be before what it had printed.
                fold, resumes = Fold(selection, log), False
                fold.reach(seq)
                held, last = dict(fold.seqs), seq
        elif kind in ("put", "delete"):
            staged.append((kind, seq, word))
        elif kind == "mark":
            faults += [f"mark {seq} behind mark {last}"] if seq < last and not resumes else []
            touched = fold.reach(seq) | {key for _, _, key in staged}
            faults += apply(held, staged, seq, by_seq, resumes)
            if resumes:
                # A snapshot, shown as what differs from a file of which nobody knows how old it is.
                fold = Fold(selection, log)
                fold.reach(seq)
                held = dict(fold.seqs)
            # They were equal at the mark before.
            odd = [key for key in touched if held.get(key) != fold.seqs.get(key)]
            if odd:
                faults.append(f"at {seq} it holds {odd[0]} at {held.get(odd[0])}, not"
                              f" {fold.seqs.get(odd[0])} ({len(odd)} such)")
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
            if held.get(key, 0) >= seq and not resumes:
                faults.append(f"put {seq} of {key}, held at {held[key]}")
            held[key] = seq
        elif held.pop(key, None) is None and not resumes:
            faults.append(f"delete {seq} of {key}, which was not held")
    return faults


def unseen(path, selection, log, by_seq):
    """Faults that are planted into an agent's story and that the judge does not find: none, or it
    proves nothing."""
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()

    def last(kind, least=0):
        """Of the first life, in which nothing is told again."""
        end = next((at for at in range(1, len(lines)) if lines[at].startswith("begin")), len(lines))
        return next((at for at in range(end - 1, least, -1) if lines[at].startswith(kind)), None)

    put, delete, mark = last("put"), last("delete"), last("mark")
    planted = {}
    if put:
        _, seq, key = lines[put].split(" ", 2)
        planted["a put is lost"] = lines[:put] + lines[put + 1:]
        planted["a put comes twice"] = lines[:put] + [lines[put]] + lines[put:]
        planted["a put of another seq"] = (
            lines[:put] + [f"put {int(seq) - 1} {key}"] + lines[put + 1:])
    if delete:
        planted["a removal is lost"] = lines[:delete] + lines[delete + 1:]
    if mark:
        planted["another digest"] = lines[:mark] + [
            f"mark {lines[mark].split(' ')[1]} {'0' * 64}\n"] + lines[mark + 1:]
    return [name for name, story in planted.items()
            if not judge_lines(story, selection, log, by_seq)[0]], len(planted)
