"""The command line of a clone: `python cli.py COMMAND`, the same as the command `xdrl` of the package."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - what comes next would be a traceback
    sys.exit("error: expected Python 3.11 or newer, got {}.{}".format(*sys.version_info[:2]))

from xdrl.__main__ import main

if __name__ == "__main__":
    main()
