"""Initialising: rules become a plan, which is carried out, and remembered as a recipe.

`planning` matches rules and finds every mistake, with `resolving` (which initializer, which fans) and
`buffers`; `plan` is what it makes, and carries it out with `filling` and `making`; `recipe` is a plan free of
its model.
"""
