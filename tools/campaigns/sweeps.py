"""Sweeps that run inside the tests: each call of a disk fails, each byte of a log is damaged."""

import json
import os
import re
import subprocess

from campaigns.report import Failed

# How many lots of what is left to chance are drawn for each place; --quick takes a sample of places.
COUNT = (3, 0)


def sweep(context, report, tests):
    """Runs the tests that match, whole or as a sample, and reports what each sweep came to."""
    results = context.fleet.path("sweeps.jsonl")
    open(results, "w", encoding="utf-8").close()
    # Memory: what is durable is decided by the faulty disk and not by this one.
    environment = dict(os.environ, CATTAIL_SWEEP_RESULTS=results, TMPDIR=context.fleet.folder)
    if context.options.count:
        environment["CATTAIL_SWEEP"] = str(context.options.count)
    filters = [word for test in tests for word in ("--filter", test)]
    # It builds nothing, so a build beside it need not be waited for.
    done = subprocess.run(
        ["swift", "test", "--ignore-lock", "-c", "release", "--skip-build", "--disable-xctest",
         *filters],
        cwd=context.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    with open(context.fleet.path("tests.log"), "w", encoding="utf-8") as file:
        file.write(done.stdout)
    found = re.search(r"Test run with (\d+) tests? .*(passed|failed)", done.stdout)
    if not found:
        raise Failed("the test process ended before its summary: it trapped, or is not built")
    issues = re.findall(r"recorded an issue.*", done.stdout)
    report.check("nothing acknowledged is lost, nothing is made up, nothing traps",
                 done.returncode == 0, issues[:3] or f"{found.group(1)} tests")
    with open(results, encoding="utf-8") as file:
        sweeps = sorted((json.loads(line) for line in file), key=lambda line: line["sweep"])
    report.check("each sweep reported", len(sweeps) > 0, f"{len(sweeps)} of them")
    for line in sweeps:
        report.fact(line["sweep"], {"runs": line["runs"], **line["outcomes"]},
                    f"{line['runs']} runs: " + json.dumps(line["outcomes"]))
