"""``python -m duban`` is the command line."""

from duban.cli.main import main

main()
