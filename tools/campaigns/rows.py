"""All rows of tools/bench by name, in the order of the page."""

from campaigns import (
    count_figures, fanout_figures, figures, resilience_figures, routing_figures, snapshot_figures)

ROWS = {
    **figures.FIGURES,
    "fan1": fanout_figures.marginal,
    "fan2": fanout_figures.rate,
    "fan3": fanout_figures.wire_bytes,
    "fan4": snapshot_figures.one_agent,
    "fan5": snapshot_figures.crowd,
    "fan6": fanout_figures.paced,
    "fan7": fanout_figures.many_counters,
    "fan8": snapshot_figures.memory,
    "fan9": resilience_figures.restarted,
    "fan10": resilience_figures.stuck,
    "fan11": routing_figures.pinned,
    "fan12": routing_figures.selectors,
    "fan13": snapshot_figures.start_up,
    "fan14": routing_figures.tree,
    "fan16": fanout_figures.client,
    "counts": count_figures.counts,
}
# The tables of the page; a run of tools/bench is recorded when it has all rows of one.
TABLES = {
    "writes": list(figures.FIGURES),
    "fanout": [name for name in ROWS if name not in figures.FIGURES],
}
# What --quick runs unless it is told: counts, which are held to limits, and ratios, which are shown.
QUICK = ["fan1", "fan2", "fan3", "fan4", "fan5", "counts"]
