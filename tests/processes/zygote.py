"""Fork workers quickly: everything is imported once, then each line of input begins one and prints its process id.

A line is the words of a command line as JSON. The child is a real process that runs our own command line.
"""

import json
import os
import signal
import sys


def main():
    from monitor_core import cli
    from monitor_core.jobs import handlers

    assert handlers.HANDLERS
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are reaped by the system
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            os._exit(cli.main(json.loads(line)))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
