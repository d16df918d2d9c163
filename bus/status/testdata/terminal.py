# terminal.py COMMAND...: runs a command in a terminal of 80 columns, which is then made
# one of 40, and ends it by an interrupt, as a person does.
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import time
import unicodedata


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


pid, master = pty.fork()
if pid == 0:
    time.sleep(0.2)  # until the terminal has its size
    os.execvp(sys.argv[1], sys.argv[2:] and sys.argv[1:])
resize(24, 80)
end = time.time() + 120
output = b""


def read():
    global output
    try:
        more = os.read(master, 65536)
    except OSError:  # so Linux says that the other side is closed
        more = b""
    output += more
    return bool(more)


def drawn(columns):
    """Whether a whole drawing fits, with publishers in it."""
    for drawing in output.decode("utf-8", "replace").split("\x1b[H")[1:-1]:
        lines = re.sub("\x1b\\[[?0-9;]*[A-Za-z]", "", drawing).replace("\r", "").split("\n")
        if "bridge.feed" in drawing and columns / 2 < max(map(width, lines)) <= columns:
            return True
    return False


if "--watch" in sys.argv:
    for columns in 80, 40:
        resize(24, columns)
        while not drawn(columns):
            if time.time() > end or not read():
                sys.exit("nothing came that fits in %d columns: %r" % (columns, output[-2000:]))
    os.kill(pid, signal.SIGINT)
while read():
    pass
_, status = os.waitpid(pid, 0)
if "--watch" in sys.argv:
    if not output.endswith(b"\x1b[?25h"):
        sys.exit("the cursor does not come back: %r" % output[-100:])
    print("it fits in 80 and in 40 columns, and the cursor is back")
else:
    sys.stdout.write(output.decode("utf-8", "replace"))
sys.exit(os.waitstatus_to_exitcode(status))
