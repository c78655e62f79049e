"""Agents: `cattail watch -o json` and the reference client, read line by line as they print."""

import collections
import json
import subprocess
import sys
import threading

from campaigns.processes import Usage, wait_until
from campaigns.report import Failed


class Watcher(Usage):
    """One watching process. What it says of itself is what counts: `digest` is computed by it
    from the items that it holds."""

    def __init__(self, fleet, name, command):
        self.fleet = fleet
        self.name = name
        self.command = command
        self.log = fleet.path(name + ".log")
        self.seq = -1
        self.digest = None
        self.in_sync = False
        self.puts = 0
        self.deletes = 0
        self.ways = collections.Counter()
        self.statuses = collections.Counter()
        self.reports = []
        self.process = None
        self.history = None

    def recording(self, path):
        """Keeps what is printed, for `histories`."""
        self.history = open(path, "a", encoding="utf-8")
        return self

    def record(self, kind, seq=0, word=""):
        if self.history:
            self.history.write(f"{kind} {seq} {word}\n")

    def start(self):
        self.in_sync = False
        self.record("begin")
        with open(self.log, "ab") as errors:
            self.process = self.fleet.start(
                self.command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self.read, args=[self.process], daemon=True)
        self.reader.start()
        return self

    def read(self, process):
        for line in process.stdout:
            try:
                self.take(json.loads(line))
            except ValueError:
                self.statuses["not JSON"] += 1

    def take(self, line):
        kind = line.get("type")
        if kind == "mark":
            self.seq = line["seq"]
            if line.get("digest"):
                self.digest = line["digest"]
            self.record(kind, self.seq, line.get("digest") or "")
        elif kind == "put":
            self.puts += 1
            self.record(kind, line["seq"], line["key"])
        elif kind == "delete":
            self.deletes += 1
            self.record(kind, line["seq"], line["key"])
        elif kind == "status":
            status = line["status"]
            self.statuses[status] += 1
            if status == "resync":
                self.ways[line["how"]] += 1
                self.record(status, line["seq"], line["how"])
            if status.startswith("digest"):
                self.reports.append(line)
            if status == "in-sync":
                self.in_sync = True
                self.seq = max(self.seq, line.get("seq", -1))
            elif status in ("connecting", "disconnected", "resync"):
                self.in_sync = False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        if self.history:
            self.history.flush()

    def reaches(self, seq, seconds=120):
        """Waits until it is in sync at `seq` or later; its digest there."""
        def there():
            if self.process.poll() is not None:
                with open(self.log, errors="replace") as file:
                    raise Failed(f"{self.name} ended with {self.process.returncode}:"
                                 f" {file.read()[-1000:]}")
            return self.in_sync and self.seq >= seq and self.digest
        wait_until(there, f"{self.name} to reach seq {seq} (it is at {self.seq})", seconds)
        return self.digest


def scope(selection):
    """The options of a selection, which both clients take alike."""
    options = []
    for name in ("selector", "node"):
        if selection.get(name):
            options += ["--" + name, selection[name]]
    return options


def swift_watch(fleet, name, server, selection=None, state=True, wrapper=()):
    selection = selection or {}
    command = [*wrapper, fleet.binary, "watch", "-o", "json", "--server", server, *scope(selection)]
    command += ["-n", selection["namespace"]] if selection.get("namespace") else ["-A"]
    if state:
        command += ["--state", fleet.path(name + ".state")]
    return Watcher(fleet, name, command)


def python_watch(fleet, name, server, client, selection=None, more=()):
    selection = selection or {}
    command = [sys.executable, client, "watch", "--server", server, *scope(selection)]
    if selection.get("namespace"):
        command += ["--namespace", selection["namespace"]]
    return Watcher(fleet, name, [*command, *more])
