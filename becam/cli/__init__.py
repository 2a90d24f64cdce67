"""The command line: `becam --help`."""
