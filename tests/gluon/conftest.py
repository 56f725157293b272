"""The snippets and scripts are run by tests here, not collected as modules with doctests."""

collect_ignore = ["snippets", "scripts"]
