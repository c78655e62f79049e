"""Which of the inputs that were found are kept in the repository: few and small, and together as
much of the coverage as that allows."""

import os

MOST_FILES = 11
MOST_BYTES = 2_048


def chosen(features):
    """Names out of a dictionary of names and (bytes, features), greedily: each next one adds most."""
    left = {name: value for name, value in features.items() if value[0] <= MOST_BYTES}
    seen, names = set(), []
    while left and len(names) < MOST_FILES:
        best = max(sorted(left), key=lambda name: (len(left[name][1] - seen), -left[name][0]))
        if not left[best][1] - seen:
            break
        seen |= left.pop(best)[1]
        names.append(best)
    return names


def features_of(control_file):
    """Of a control file that libFuzzer's -merge has written."""
    names, features = [], {}
    with open(control_file, encoding="utf-8") as file:
        lines = file.read().splitlines()
    count = int(lines[0])
    names = lines[2:2 + count]
    for line in lines[2 + count:]:
        words = line.split()
        if words and words[0] in ("FT", "COV"):
            index, found = int(words[1]), set((words[0], word) for word in words[2:])
            features[names[index]] = features.get(names[index], set()) | found
    return {name: (os.path.getsize(name), found) for name, found in features.items()
            if os.path.exists(name)}
