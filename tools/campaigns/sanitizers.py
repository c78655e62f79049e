"""All tests in builds of their own, under the sanitizer of addresses and that of threads (G12): no
report, neither by the tests' process nor by a command that they start.
"""

import glob
import os
import re
import subprocess

from campaigns.report import Failed

# Rounds of each.
COUNT = (1, 1)
# What is known of each: the variable with its options, and those.
SANITIZERS = {
    # Metadata of types lives as long as the process: that is no leak.
    "address": ("ASAN_OPTIONS", "detect_leaks=0"),
    # A race is reported and the run goes on, so that one run shows all of them.
    "thread": ("TSAN_OPTIONS", "halt_on_error=0:second_deadlock_stack=1"),
}
TEST_SECONDS = 3_600


def run(context, report):
    for name in [name for name in SANITIZERS if context.options.only in name]:
        built(context, name)
        for _ in range(context.options.count):
            tested(context, report, name)


def flags(context, name):
    return ["-c", "release", "--sanitize", name, "--scratch-path",
            os.path.join(context.root, f".build-{name}")]


def built(context, name):
    done = subprocess.run(
        ["swift", "build", "--build-tests", *flags(context, name)], cwd=context.root,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failed(f"the build for {name} failed: {done.stdout[-2_000:]}")


def tested(context, report, name):
    variable, options = SANITIZERS[name]
    reports = context.fleet.path(f"report-{name}")
    environment = dict(os.environ, SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="4")
    environment[variable] = f"{options}:log_path={reports}"
    # What a test leaves goes with the run's folder.
    environment["TMPDIR"] = context.fleet.folder
    done = subprocess.run(
        ["swift", "test", "--skip-build", "--disable-xctest", *flags(context, name)],
        cwd=context.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=TEST_SECONDS)
    with open(context.fleet.path(f"tests-{name}.log"), "w", encoding="utf-8") as file:
        file.write(done.stdout)
    found = re.search(r"Test run with (\d+) tests? .*(passed|failed)", done.stdout)
    if not found:
        raise Failed(f"the tests under {name} ended before their summary")
    written = sorted(glob.glob(reports + ".*"))
    report.check(f"the sanitizer of {name} reports nothing", not written, first_line(written))
    issues = re.findall(r"recorded an issue.*", done.stdout)
    report.check(f"the tests pass under it ({name})", done.returncode == 0,
                 issues[:5] or f"{found.group(1)} tests")
    report.fact(f"{name}: tests, reports, issues",
                [int(found.group(1)), len(written), len(issues)])


def first_line(paths):
    """What the first report says it found."""
    for path in paths:
        with open(path, errors="replace", encoding="utf-8") as file:
            for line in file:
                if "ERROR:" in line or "WARNING:" in line:
                    return f"{len(paths)} processes, the first: {line.strip()}"
    return f"{len(paths)} processes"
