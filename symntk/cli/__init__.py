"""The command line: ``symntk COMMAND MODEL ...``.

Only click is imported at startup; each command imports the parts of the package that it calls.
Exit codes: 0 done, 1 a check that failed, 2 a wrong call (with a message on stderr), 3 a defect of
symntk itself.
"""

from symntk.cli.program import main

__all__ = ["main"]
