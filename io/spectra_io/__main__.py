"""The command line, as ``python -m spectra_io``."""

from spectra_io.commands.main import main

if __name__ == "__main__":
    main()
