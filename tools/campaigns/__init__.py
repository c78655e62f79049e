"""Long checks on real processes, one module for each. `tools/campaign` is their entry."""
