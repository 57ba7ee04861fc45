# Runs a command in a terminal: terminal.py COLUMNS COMMAND [ARGUMENTS]
# What is written to its stdin is typed there, and what the terminal shows is its stdout. Its exit status is that of the
# command, or 128 + n if signal n ended it.

import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
    os.execvp(command[0], command)

sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 4096)
        except OSError:  # pty(7): EIO when the command has closed its side
            data = b""
        if data == b"":
            sources.remove(source)
        else:
            os.write(1 if source == terminal else terminal, data)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if status >= 0 else 128 - status)
