"""A small IMAP client that costs little itself, and what the system tells of processes."""
import os, re, socket


class Imap:
    def __init__(self, port, user=None, password=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self.number, self.rest = 0, b""
        self.line()
        if user: self.done(f'LOGIN "{user}" "{password}"')

    def line(self):
        while b"\r\n" not in self.rest:
            got = self.socket.recv(1 << 16)
            if not got: raise EOFError("the server hung up")
            self.rest += got
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def send(self, command):
        self.number += 1
        self.socket.sendall(b"A%d " % self.number + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")

    def wait(self, keep=False):
        """Until the command sent last is done: (status, octets received, the end of the answer or all of it)."""
        end = re.compile(rb"(?:^|\r\n)A%d (OK|NO|BAD)[^\r\n]*\r\n$" % self.number)
        tail, octets, kept = self.rest, len(self.rest), [self.rest]
        self.rest = b""
        while not (found := end.search(tail[-4096:])):
            got = self.socket.recv(1 << 20)
            if not got: raise EOFError(f"the server hung up after {tail[-200:]}")
            octets += len(got)
            tail = (tail + got)[-8192:] if len(got) < 8192 else got[-8192:]
            if keep: kept.append(got)
        return found.group(1).decode(), octets, b"".join(kept) if keep else tail[-200:]

    def ask(self, command, keep=False):
        self.send(command)
        return self.wait(keep)

    def done(self, command, keep=False):
        status, octets, text = self.ask(command, keep)
        if status != "OK": raise SystemExit(f"{command[:60]}: {text.decode(errors='replace')}")
        return text

    def count(self, mailbox="INBOX"):
        return int(re.search(rb"MESSAGES (\d+)", self.done(f"STATUS {mailbox} (MESSAGES)", True)).group(1))

    def idle(self):
        self.send("IDLE")
        self.line()

    def close(self): self.socket.close()


def cpu(pids):
    """Seconds of processor time, of children that have ended too."""
    ticks = 0
    for pid in pids:
        try: fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError: continue
        ticks += sum(int(f) for f in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss(pids):
    """KiB: memory that processes share counts once."""
    total = 0
    for pid in pids:
        try: total += int(re.search(r"^Pss:\s+(\d+)", open(f"/proc/{pid}/smaps_rollup").read(), re.M).group(1))
        except (OSError, AttributeError): pass
    return total


def status_kib(pid, field):
    return int(re.search(rf"^{field}:\s+(\d+)", open(f"/proc/{pid}/status").read(), re.M).group(1))


def forget_peak(pid):
    """VmHWM begins anew."""
    with open(f"/proc/{pid}/clear_refs", "w") as f: f.write("5")
