"""Seeing: statistics, snapshots, differences, plots and reports of parameters.

`statistics` measures, `sides` reads whatever can be compared, `differences` compares, `snapshots` keeps
values for it, `reporting` gathers rows for a report; `verbs` has the methods of `ParameterDict`.
"""
