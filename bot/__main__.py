"""Where `fenghuo` and `python -m bot` begin."""

import gc


def main() -> None:
    """Import the program and run it."""
    # What imports make stays, so looking through it for garbage is a quarter of the start, for nothing.
    gc.disable()
    # Here, since a worker process imports this module anew, and needs a tenth of what stands behind.
    from bot.cli import main as program

    gc.freeze()
    gc.enable()
    program()


if __name__ == "__main__":
    main()
