"""`python -m glueball`: the shell."""

from .cli import main

main(prog_name="glueball")
