"""What MXNet was recorded with is run by tests here, not collected as modules with doctests."""

collect_ignore = ["recorded", "scripts", "snippets"]
