"""Files: parameters that lie in them, are saved to them, and are loaded from them.

`opening` gives a file's parameters, `saving` writes a model's (`whole`: with its buffers). A load goes
through `sources` (what is read), `renaming` and `matching` (names), `policies` and `judging` (what may be
done), `refusing` and `inferring` (what to say where it does not fit), `loading` (the writing) and `loaded`
(the report). `stored` and `untouched` know afterwards what came from where; `verbs` has the methods of
`ParameterDict`.
"""
