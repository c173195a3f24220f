# Runs a command at a terminal: at-terminal.py <columns> <rows> <command…>. Standard input has steps, a line of JSON each:
# {"until": text} waits for output, {"type": text}, {"size": [columns, rows]}, {"signal": number}. Writes all output.
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)


def resize(columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read(seconds):
    if not select.select([terminal], [], [], seconds)[0]:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    output.extend(data)
    return len(data) > 0


output, seen = bytearray(), 0
resize(columns, rows)
for step in map(json.loads, sys.stdin.readlines()):
    if "until" in step:
        end, wanted = time.time() + 30, step["until"].encode()
        while output.find(wanted, seen) < 0 and time.time() < end and read(0.1):
            pass
        seen = len(output)
    elif "type" in step:
        os.write(terminal, step["type"].encode())
    elif "size" in step:
        resize(*step["size"])
    else:
        os.kill(pid, step["signal"])
while read(10):
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(bytes(output))
sys.stdout.buffer.flush()
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 99)
