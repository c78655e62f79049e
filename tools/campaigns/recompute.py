#!/usr/bin/env python3
"""Recomputes a log's hashes, its chain and its state digest with sqlite3 and hashlib alone.

    tools/campaigns/recompute.py DIR        DIR/log.sqlite with its -wal, of a stopped node

Prints one JSON object; exits 1 and names the first seq that is missing or wrong. The files are
copied first, because SQLite may change what it opens. Nothing here is shared with the product:
the formats are those of docs/file-formats.md and proto/protocol.md.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import uuid

LANES, LANE = 4, 1 << 64
PUT, DELETE = 1, 2


class Wrong(Exception):
    pass


def sha(data):
    return hashlib.sha256(data).digest()


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each field; bytes for the ones with a length."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size = 8 if wire == 1 else 4
            if wire == 2:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) < size:
                raise Wrong("it is cut off")
        yield number, value


def lanes(digest):
    return [int.from_bytes(digest[8 * lane:8 * lane + 8], "big") for lane in range(LANES)]


class State:
    """The live endpoints' hashes and their order-free sum."""

    def __init__(self):
        self.held = {}
        self.sums = [0] * LANES

    def add(self, digest, sign):
        self.sums = [(old + sign * new) % LANE for old, new in zip(self.sums, lanes(digest))]

    def apply(self, item):
        parts = dict(fields(item))
        kind, key = parts[3], (parts.get(4), parts.get(5))
        if kind in (PUT, DELETE) and key in self.held:
            self.add(self.held.pop(key), -1)
        if kind == PUT:
            self.held[key] = sha(item)
            self.add(self.held[key], 1)
        return parts[1]

    def digest(self):
        return b"".join(value.to_bytes(8, "big") for value in self.sums).hex()


def recompute(path):
    log = sqlite3.connect(path)
    log_id = log.execute("SELECT value FROM meta WHERE name = 'log_id'").fetchone()[0]
    chain, seq, state = sha(b"cattail/log/v1" + log_id), 0, State()
    for stored_seq, stored_hash, stored_chain, record in rows(log):
        seq += 1
        try:
            (first, item), (second, audit) = fields(record)
            record_hash = sha(sha(item) + sha(audit))
            chain = sha(chain + record_hash)
            sound = (stored_seq, stored_hash, stored_chain, first, second) == (
                seq, record_hash, chain, 1, 2)
            sound = sound and state.apply(item) == seq
        except (ValueError, IndexError, KeyError, TypeError, Wrong):
            sound = False
        if not sound:
            raise Wrong(f"seq {seq} is the first that is missing or wrong")
    log.close()
    return {
        "logID": str(uuid.UUID(bytes=log_id)), "seq": seq, "chain": chain.hex(),
        "endpoints": len(state.held), "digest": state.digest(),
    }


def rows(log):
    """In order, up to where SQLite can read. One at a time: a cursor that runs ahead loses the row
    before the one that it cannot read."""
    seq = 0
    while True:
        try:
            row = log.execute(
                "SELECT seq, record_hash, chain, record FROM events"
                " WHERE seq > ? ORDER BY seq LIMIT 1", [seq]).fetchone()
        except sqlite3.DatabaseError as error:
            raise Wrong(f"seq {seq + 1} is the first that is missing or wrong: {error}") from None
        if row is None:
            return
        seq = row[0]
        yield row


def recompute_copy(directory):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("log.sqlite", "log.sqlite-wal"):
            if os.path.exists(os.path.join(directory, name)):
                shutil.copy(os.path.join(directory, name), folder)
        return recompute(os.path.join(folder, "log.sqlite"))


def main():
    try:
        print(json.dumps(recompute_copy(sys.argv[1])))
    except (Wrong, OSError, sqlite3.Error) as error:
        sys.exit(f"recompute.py: {sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
