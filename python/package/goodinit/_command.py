"""The command ``goodinit``."""

import signal
import sys

from goodinit import _native


def main() -> int:
    """Runs the command line and returns the exit code."""
    # The program has handlers of its own; Python's would raise KeyboardInterrupt after it has ended in order.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.main(["goodinit", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
