"""Logs that are damaged at seeded places: either every acknowledged event is right, or the file is
refused with the first seq that is missing or wrong (G1, G3). Never a crash, never a silent loss.
"""

import collections
import json
import os
import random
import re
import shutil
import sqlite3

from campaigns import recompute
from campaigns.bad_case import BadInput, Case, ending
from campaigns.bad_directories import start
from campaigns.processes import Node

# Of so many damaged files one is also given to a leader; the others to `verify`.
STARTED = 10
EVENTS_CHECKPOINTED, EVENTS_IN_WAL = 300, 200
SEQ = re.compile(r"seq (\d+) is the first that is missing or wrong|every event from seq (\d+) on")


class Truth:
    """A log with events both in the file and in the WAL, and what was acknowledged of it."""

    made = {}

    @classmethod
    def of(cls, context):
        """One for all classes of a run."""
        if context.fleet not in cls.made:
            cls.made[context.fleet] = cls(context.fleet)
        return cls.made[context.fleet]

    def __init__(self, fleet):
        node = Node(fleet, "truth", ["leader"]).start()
        self.apply(fleet, node, EVENTS_CHECKPOINTED, 1)
        # Stopping moves the WAL into the file.
        node.stop()
        node.start()
        for seed in range(2, 12):
            self.apply(fleet, node, EVENTS_IN_WAL // 10, seed)
        head = json.loads(fleet.run("verify", "-o", "json", server=node.address).text)
        self.seq, self.chain = head["seq"], head["chain"]
        node.kill()
        self.data = node.data

    def apply(self, fleet, node, count, seed):
        text = fleet.run("generate", "--count", count, "--seed", seed).output
        fleet.run("apply", "-f", "-", server=node.address, input=text).succeeded()

    def copy(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o700)
        for name in ("log.sqlite", "log.sqlite-wal", "anchor"):
            shutil.copyfile(os.path.join(self.data, name), os.path.join(folder, name))
        return folder


class DamagedFile(BadInput):
    """One round, in which each file is fed once to a process of its own."""

    ROUNDS = 1
    file = ""
    way = ""

    def run(self, target, _):
        truth = Truth.of(self.context)
        places = random.Random(f"{self.context.options.seed} {self.name}")
        size = os.path.getsize(os.path.join(truth.data, self.file))
        found = collections.Counter()
        for number in range(self.context.options.count):
            place = places.randrange(size)
            bit = 1 << places.randrange(8)
            folder = truth.copy(self.fleet.path("damaged"))
            self.damage(os.path.join(folder, self.file), place, bit)
            first = first_bad(folder, truth)
            yield self.judge(f"byte {place} bit {bit}", self.verify(folder), truth, first, found)
            if number % STARTED == 0:
                yield self.judge(
                    f"byte {place} bit {bit}, leader", self.lead(folder), truth, first, found)
        self.context.report.fact(self.name, dict(found), json.dumps(found))

    def damage(self, path, place, bit):
        if self.way == "truncated":
            os.truncate(path, place)
            return
        with open(path, "r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ bit]))

    def verify(self, folder):
        """(exit code, text, head) of `verify` on the files."""
        result = self.fleet.run("verify", "-o", "json", "--data", folder, seconds=60)
        if result.code == 0:
            line = json.loads(result.text)
            return 0, "", (line["seq"], line["chain"])
        if result.code == 1:
            fault = json.loads(result.errors.splitlines()[0])
            return 1, f"{fault['code']}: {fault['message']}", None
        return result.code, result.errors, None

    def lead(self, folder):
        said, code = start(self.fleet, folder)
        if code == "ready":
            # It may have been given to us damaged and be right all the same.
            return self.verify(folder)
        return 1 if code not in ("end", "none") else -1, said, None

    def judge(self, name, outcome, truth, first, found):
        """`first` is what Python's SQLite and hashlib say is the first bad seq; 0 for none."""
        code, errors, head = outcome
        if code == 0:
            right = head == (truth.seq, truth.chain)
            found["all right" if right else "lost in silence"] += 1
            return Case(name, "all right",
                        "all right" if right else f"lost in silence: head {head}", "all right")
        if code != 1:
            found["crashed"] += 1
            return Case(name, "a refusal", ending(code) + " " + errors[:300], "crash")
        named = SEQ.search(errors)
        if not named:
            found["refused without a seq"] += 1
            return Case(name, "a first seq", errors[:300], "no seq")
        seq = int(named[1] or named[2])
        if seq == first:
            found["refused with the first bad seq"] += 1
            return Case(name, "refused", "refused", errors.split(": ")[0])
        found["refused with another seq"] += 1
        wanted = f"seq {first}" if first else "all right"
        return Case(name, wanted, f"refused at {seq}: {errors[:200]}", "wrong seq")


def first_bad(folder, truth):
    try:
        seq = recompute.recompute_copy(folder)["seq"]
        return 0 if seq == truth.seq else seq + 1
    except recompute.Wrong as error:
        return int(re.search(r"seq (\d+)", str(error))[1])
    except (sqlite3.Error, TypeError, OSError):
        # Not even which log it is can be read, so nothing of it can be trusted.
        return 1


def damaged(file_name, how):
    class Damaged(DamagedFile):
        name = f"{file_name} {how}"
        file = file_name
        way = how
    return Damaged


CLASSES = [damaged(name, way) for name in ("log.sqlite", "log.sqlite-wal")
           for way in ("truncated", "with a flipped bit")]
