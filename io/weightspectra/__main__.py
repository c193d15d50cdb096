"""The command line, as ``python -m weightspectra``."""

from weightspectra import main

if __name__ == "__main__":
    main()
