"""Data directories that a leader must refuse, each with its code."""

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess

from campaigns.bad_case import BadInput, Case, ending
from campaigns.processes import STOP_SECONDS, Node

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
# What stands behind it runs where the folder is on a file system that cannot be written.
READ_ONLY = ["unshare", "--mount", "sh", "-c",
             'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"']


class BadDirectories(BadInput):
    name = "bad data directories"

    def run(self, target, round):
        sound = self.sound(round)
        for name, codes, make in self.directories():
            folder = self.fleet.path(f"directory-{round}-{name.replace(' ', '-')}")
            shutil.copytree(sound, folder)
            before = contents(make(folder))
            yield self.case(name, codes, folder, wrapper=())
            # Whoever is refused may look for what was lost: it is all there still.
            changed = sorted(dict(before.items() ^ contents(folder).items()))
            yield Case(f"{name}: left as it was", "the same",
                       f"changed: {changed}" if changed else "the same")
        yield self.case("in use", ("directory-in-use",), target.data)
        yield self.case("without parent", ("parent-missing",), self.fleet.path("no/such"))
        upstream = ["follower", "--upstream", target.address]
        yield Case("of another log than the upstream's", ("wrong-log",), *start(
            self.fleet, sound, command=upstream))
        yield from self.unwritable(sound, round)

    def sound(self, round):
        """The directory of a node that has been stopped, with a few events in its log."""
        node = Node(self.fleet, f"sound-{round}", ["leader"]).start()
        text = self.fleet.run("generate", "--count", 20).output
        self.fleet.run("apply", "-f", "-", server=node.address, input=text).succeeded()
        node.stop()
        return node.data

    def directories(self):
        yield "an empty log", ("empty-file",), emptied
        yield "another SQLite database in place of the log", ("damaged",), another_database
        yield "another SQLite database", ("not-ours",), lambda folder: removed(
            another_database(folder), "anchor")
        yield "no database", ("damaged",), noise
        yield "a log from a newer version", ("newer-version",), newer
        yield "a log that is a folder", ("unavailable",), folder_for_log
        yield "no anchor", ("anchor-missing",), lambda folder: removed(folder, "anchor")
        yield "an anchor and no log", ("damaged",), lambda folder: removed(
            folder, "log.sqlite")
        yield "of somebody else", ("not-ours",), foreign

    def unwritable(self, sound, round):
        if os.geteuid() or not shutil.which("setpriv"):
            # Not root: our own directory without the right to write does the same.
            wrapper = ()
        else:
            wrapper = NOBODY
        folder = self.fleet.path(f"read-only-{round}")
        shutil.copytree(sound, folder)
        open_to_all(self.fleet.folder, folder)
        yield self.case("read-only", ("read-only-directory",), folder, wrapper)
        mounted = self.fleet.path(f"read-only-mount-{round}")
        shutil.copytree(sound, mounted)
        wrapped = [*READ_ONLY, mounted]
        # Only root may mount, and not in every container.
        if subprocess.run([*wrapped, "true"], capture_output=True).returncode == 0:
            yield self.case(
                "on a read-only file system", ("read-only-directory",), mounted, wrapped)
            yield self.case("new on a read-only file system", ("read-only-directory",),
                            os.path.join(mounted, "node"), wrapped)
        parent = self.fleet.path(f"read-only-parent-{round}")
        os.mkdir(parent, 0o555)
        yield self.case("in a read-only parent", ("read-only-directory",),
                        os.path.join(parent, "node"), wrapper)
        os.chmod(folder, 0o700)
        os.chmod(parent, 0o700)

    def case(self, name, codes, folder, wrapper=()):
        return Case(name, codes, *start(self.fleet, folder, wrapper))


def start(fleet, folder, wrapper=(), command=("leader",)):
    """What a node says that is started on the directory, and the code of it; it must not go on,
    and its end must be its own."""
    node = Node(fleet, "refused", command, data=folder, wrapper=wrapper)
    if os.path.exists(node.log):
        os.remove(node.log)
    node.launch()
    ready = node.ready_line()
    if ready is not None and command != ("leader",):
        # A follower with a log serves at once, until it has heard what its upstream holds.
        try:
            node.process.wait(STOP_SECONDS)
            ready = None
        except subprocess.TimeoutExpired:
            pass
    if ready is not None:
        node.kill()
        return f"got ready: {ready.decode().strip()}", "ready"
    if node.process.returncode != 1:
        return ending(node.process.returncode) + ": " + node.last_words()[-300:], "end"
    for line in node.last_words().splitlines():
        if line.startswith("error: "):
            return line.removeprefix("error: "), line.split(": ")[1]
    return "no coded error: " + node.last_words()[-300:], "none"


def contents(folder):
    """What a restore would be made of; the lock and the index of the WAL are nobody's loss."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in set(names) - {"lock", "log.sqlite-shm"}:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def emptied(folder):
    removed(folder, "log.sqlite-wal")
    os.truncate(os.path.join(folder, "log.sqlite"), 0)
    return folder


def another_database(folder):
    removed(removed(folder, "log.sqlite-wal"), "log.sqlite")
    database = sqlite3.connect(os.path.join(folder, "log.sqlite"))
    database.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, something TEXT)")
    database.execute("INSERT INTO events VALUES (1, 'else')")
    database.commit()
    database.close()
    return folder


def noise(folder):
    removed(folder, "log.sqlite-wal")
    with open(os.path.join(folder, "log.sqlite"), "wb") as file:
        file.write(os.urandom(1 << 16))
    return folder


def newer(folder):
    database = sqlite3.connect(os.path.join(folder, "log.sqlite"))
    version = database.execute("PRAGMA user_version").fetchone()[0]
    database.execute(f"PRAGMA user_version = {version + 1}")
    database.close()
    return folder


def folder_for_log(folder):
    removed(removed(folder, "log.sqlite-wal"), "log.sqlite")
    os.mkdir(os.path.join(folder, "log.sqlite"))
    return folder


def foreign(folder):
    """A directory that holds other things than a node's."""
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    with open(os.path.join(folder, "diary.txt"), "w") as file:
        file.write("dear diary\n")
    return folder


def removed(folder, name):
    try:
        os.remove(os.path.join(folder, name))
    except FileNotFoundError:
        # A node that was stopped may have left no such file.
        pass
    return folder


def open_to_all(*folders):
    """Another user may come here and read, and write nothing."""
    for folder in folders:
        mode = os.stat(folder).st_mode
        os.chmod(folder, mode | stat.S_IXOTH | stat.S_IROTH | stat.S_IXGRP | stat.S_IRGRP)
    last = folders[-1]
    for name in os.listdir(last):
        os.chmod(os.path.join(last, name), 0o444)
    os.chmod(last, 0o555)


CLASSES = [BadDirectories]
