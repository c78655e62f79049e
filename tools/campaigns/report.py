"""What a campaign found: checks and figures, as a table and as one line of JSON."""

import datetime
import json
import os
import platform
import subprocess
import sys
import time


class Failed(Exception):
    """Something is not as it must be; the campaign ends here."""


class Report:
    def __init__(self, name, parameters):
        self.name = name
        self.parameters = parameters
        self.results = {}
        self.rows = []
        self.failures = []
        self.begun = time.monotonic()

    def step(self, text):
        print(f"campaign {self.name}: {time.monotonic() - self.begun:6.1f} s  {text}",
              file=sys.stderr, flush=True)

    def fact(self, name, value, shown=None):
        """A figure of the results."""
        self.results[name] = value
        self.rows.append((name, str(value) if shown is None else shown))

    def check(self, name, holds, detail=""):
        """A claim; a false one is remembered, and the campaign goes on."""
        if not holds:
            self.failures.append(f"{name}: {detail}" if detail else name)
        self.rows.append((name, ("ok  " if holds else "NO  ") + str(detail)))
        return holds

    def equal(self, name, values):
        """All values of a dictionary are the same."""
        first = next(iter(values.values()))
        holds = all(value == first for value in values.values())
        self.check(name, holds, f"{len(values)} holders, {str(first)[:16]}…" if holds else values)

    def table(self):
        width = max((len(name) for name, _ in self.rows), default=0)
        lines = [f"campaign {self.name}  " + json.dumps(self.parameters)]
        lines += [f"  {name.ljust(width)}  {text}" for name, text in self.rows]
        lines.append("  all of it held" if not self.failures else
                     f"  {len(self.failures)} did not hold:")
        lines += ["    " + failure for failure in self.failures]
        return "\n".join(lines)

    def line(self, root):
        return {
            "campaign": self.name, "date": now(), "host": host(), "commit": commit(root),
            "parameters": self.parameters, "held": not self.failures,
            "failures": self.failures, "seconds": round(time.monotonic() - self.begun, 1),
            "results": self.results,
        }


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def host():
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) // (1 << 20)
    return {
        "cores": os.cpu_count(), "kernel": platform.release(), "memoryGiB": memory,
        "load": round(os.getloadavg()[0], 2),
    }


def commit(root):
    def git(*arguments):
        return subprocess.run(["git", "-C", root, *arguments], capture_output=True,
                              text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "Sources")
    return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")


def append(path, line):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
