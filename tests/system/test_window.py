"""The tray app, without a screen: it looks after a posthornd that is stopped, killed and started again, and hosts its own."""
import os, signal, subprocess, tempfile

from posthorn import LONG_ENOUGH, Server, run, until

POSTHORN = os.environ["POSTHORN"]


class Window:
    def __init__(self, data, *arguments):
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        self.process = subprocess.Popen([POSTHORN, "--data", data, *arguments], env=environment, stderr=subprocess.DEVNULL)

    def lives(self): return self.process.poll() is None

    def ends(self):
        self.process.terminate()
        return self.process.wait(timeout=LONG_ENOUGH)

    def __enter__(self): return self
    def __exit__(self, *_):
        if self.lives(): self.process.kill()
        self.process.wait()


def connections(server):
    """How many local sockets the server has that are connected, as the system tells; it is not asked."""
    folder, own = f"/proc/{server.process.pid}/fd", set()
    for name in os.listdir(folder):
        try: own.add(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError: pass
    lines = [line.split() for line in open("/proc/net/unix").read().splitlines()[1:]]
    return sum(line[5] == "03" and f"socket:[{line[6]}]" in own for line in lines)


def outlives_the_server_it_looks_after():
    with Server() as server:
        alone = connections(server)
        with Window(server.data, "--attach") as window:
            until("the window looks", lambda: connections(server) > alone)
            for _ in range(2):
                server.process.send_signal(signal.SIGSTOP)
                server.kill()
                server.start()
                until("the window looks again", lambda: not window.lives() or connections(server) > alone)
                assert window.lives(), f"the window ended with {window.process.returncode}"
            assert window.ends() == 0


def looks_after_a_server_that_runs_already():
    with Server() as server:
        alone = connections(server)
        with Window(server.data) as window:
            until("the window looks", lambda: connections(server) > alone)
            assert window.ends() == 0
        assert server.ask("status") # and leaves it alone


def stops_its_own_server_cleanly():
    with tempfile.TemporaryDirectory(prefix="posthorn-test-") as data:
        server = Server(data=data, start=False)
        settings = [word for name in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")
                    for word in ("--set", f"{name}.listen=127.0.0.1:0")]
        with Window(data, *settings) as window:
            until("the server runs", lambda: server.ask("status", check=False).returncode == 0)
            server.ask("domain", "add", "example.test")
            assert window.ends() == 0
        with Server(data=data) as after:
            assert "example.test" in after.ask("domain", "list")


if __name__ == "__main__":
    run(outlives_the_server_it_looks_after, looks_after_a_server_that_runs_already, stops_its_own_server_cleanly)
