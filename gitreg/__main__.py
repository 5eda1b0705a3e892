"""``python -m gitreg``: the command line."""

from gitreg.cli.boundary import main

if __name__ == "__main__":
    main()
