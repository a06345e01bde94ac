"""``python -m twostage``."""

from twostage.cli.app import main

if __name__ == "__main__":
    main()
