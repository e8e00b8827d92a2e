"""``python -m symntk`` is ``symntk``."""

from symntk.cli import main

if __name__ == "__main__":
    main()
