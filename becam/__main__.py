"""``python -m becam``."""

from becam.cli.main import main

main()
