"""Tables over recommenders, adapters, data and seeds: measured, tested, written."""
