"""The snippets are run by ../recording.py, not collected as modules with doctests."""

collect_ignore_glob = ["*.py"]
