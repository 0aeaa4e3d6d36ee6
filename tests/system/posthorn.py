"""What the system tests share: a running posthornd on ports of its own, and small protocol clients."""
import contextlib, functools, imaplib, json, os, re, signal, smtplib, socket, ssl, subprocess, sys, tempfile, threading, time

POSTHORND = os.environ.get("POSTHORND") or sys.exit("POSTHORND must name the program to test")
SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"]
PASSWORD = "correct horse"

LONG_ENOUGH = 120 # seconds, for what comes by itself; at once on a machine that has nothing else to do

TRUST = ssl.create_default_context()
TRUST.check_hostname, TRUST.verify_mode = False, ssl.CERT_NONE # the certificate is the server's own


class Server:
    """A posthornd on loopback ports it picks. `settings` are given as --set; data stays in self.data."""

    def __init__(self, data=None, settings=None, wrapper=(), start=True):
        self._temporary = None if data else tempfile.TemporaryDirectory(prefix="posthorn-test-")
        self.data = data or self._temporary.name
        self.settings = {"auth.plaintext_on_loopback": "true", "auth.iterations": "4096",
                         "server.name": "mx.example.test",
                         **{f"limits.{who}_per_{time}": "0" for who in ("account", "domain") for time in ("minute", "day")},
                         **(settings or {})}
        self.wrapper, self.process, self.ports = list(wrapper), None, {}
        if start: self.start()

    def start(self, fixed_ports=False):
        command = self.wrapper + [POSTHORND, "serve", "--data", self.data]
        for service in SERVICES:
            port = self.ports.get(service, 0) if fixed_ports else 0
            command += ["--set", f"{service}.listen=127.0.0.1:{port}"]
        for key, value in self.settings.items(): command += ["--set", f"{key}={value}"]
        self.log = open(os.path.join(tempfile.gettempdir(), f"posthornd-{os.getpid()}.log"), "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline().split()
        self.started_in = time.monotonic() - began
        if not line or line[0] != "ready":
            raise AssertionError(f"posthornd did not start: exit code {self.process.wait(timeout=10)}, see {self.log.name}")
        self.ports = {n: int(w.rsplit(":", 1)[1]) for n, w in (word.split("=", 1) for word in line[1:])}
        return self

    def ask(self, *arguments, text=None, json_result=False, check=True):
        command = [POSTHORND, *arguments, "--data", self.data] + (["--json"] if json_result else [])
        done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=600)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(arguments)} exits with {done.returncode}: {done.stderr}{done.stdout}")
        return json.loads(done.stdout) if json_result else done if not check else done.stdout

    def add(self, *addresses, domain="example.test", **options):
        if domain not in self.ask("domain", "list"): self.ask("domain", "add", domain)
        for address in addresses:
            extra = [x for k, v in options.items() for x in (f"--{k}", str(v))]
            self.ask("account", "add", f"{address}@{domain}", *extra, text=PASSWORD + "\n")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=LONG_ENOUGH):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(timeout=seconds)
            assert code == 0, f"posthornd ended with {code}"

    def rss_kib(self):
        return int(re.search(r"^VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read(), re.M).group(1))

    def imap(self, user="anna@example.test", password=PASSWORD):
        client = imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=LONG_ENOUGH)
        client.login(user, password)
        return client

    def smtp(self, service="smtp"):
        return smtplib.SMTP("127.0.0.1", self.ports[service], local_hostname="client.example", timeout=LONG_ENOUGH)

    def __enter__(self): return self
    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            if kind: self.kill()
            else: self.stop()


def until(what, check, seconds=LONG_ENOUGH):
    """Polls, for other programs have no way to tell us; gives what was found. `what` is words, or gives them."""
    end = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > end: raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return found


class StandIn:
    """Plays another's server: each connection is talked to on a thread of its own. What talk() needs is set before this begins."""

    def __init__(self, host="127.0.0.1", port=0, backlog=50):
        self.connections, self.trouble = 0, None
        self.socket = socket.create_server((host, port), backlog=backlog)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError): # it was closed
            while True:
                peer = self.socket.accept()[0]
                self.connections += 1
                threading.Thread(target=self.meet, args=(peer,), daemon=True).start()

    def meet(self, peer):
        try: self.talk(peer)
        except OSError: pass # the other side may hang up at any time
        except Exception as trouble: self.trouble = trouble

    def talk(self, peer): raise NotImplementedError

    def __enter__(self): return self
    def __exit__(self, kind, *_):
        self.socket.close()
        if self.trouble and not kind: raise self.trouble


@contextlib.contextmanager
def mounted(image, place):
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try: yield place
    finally: subprocess.run(["umount", "-l", place], check=False)


@contextlib.contextmanager
def file_system(mebibytes):
    """A file system on an image of its own: where it is mounted, and the image."""
    with tempfile.TemporaryDirectory(prefix="posthorn-image-", ignore_cleanup_errors=True) as folder:
        image = f"{folder}/image"
        with open(image, "wb") as f: f.truncate(mebibytes * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        with mounted(image, f"{folder}/mnt") as place: yield place, image


def mbsync(server, folder, *channel):
    """Writes settings for mbsync, and gives the command that makes anna's account and the Maildirs in `folder`/mail alike."""
    os.makedirs(f"{folder}/mail", exist_ok=True)
    with open(f"{folder}/rc", "w") as f: f.write(f"""
FSync no
IMAPAccount home
Host 127.0.0.1
Port {server.ports['imap']}
User anna@example.test
Pass "{PASSWORD}"
TLSType None
AuthMechs LOGIN

IMAPStore far
Account home

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel both
Far :far:
Near :near:
Create Both
Expunge Both
""" + "\n".join(channel) + "\n")
    return ["mbsync", "-q", "-c", f"{folder}/rc", "both"]


def raw(port, timeout=LONG_ENOUGH):
    s = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    return s, s.makefile("rb")

def reply(f):
    """One SMTP reply, all its lines."""
    lines = []
    while True:
        line = f.readline()
        if not line: return b"".join(lines)
        lines.append(line)
        if line[3:4] != b"-": return b"".join(lines)

def subjects(imap, mailbox="INBOX"):
    imap.select(mailbox, readonly=True)
    found = imap.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    return [part[1].decode().strip()[9:] for part in found if isinstance(part, tuple)]

def tool(*command, text=None, timeout=600, env=None, check=True):
    done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=timeout,
                          env={**os.environ, **(env or {})})
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} exits with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout

def within_a_day(test):
    """For what is counted by the day: a test that fails across midnight is run once more."""
    @functools.wraps(test)
    def run_again():
        def day(): return time.localtime().tm_yday, time.gmtime().tm_yday
        began = day()
        try: test()
        except AssertionError:
            if day() == began: raise
            print("  again, for it was midnight", flush=True)
            test()
    return run_again

def run(*tests):
    """Runs the test functions named on the command line, or all; prints a line for each."""
    chosen = [t for t in tests if len(sys.argv) < 2 or t.__name__ in sys.argv[1:]]
    for test in chosen:
        began = time.monotonic()
        print(f"{test.__name__} ...", flush=True)
        test()
        print(f"{test.__name__} passed in {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(chosen)} passed, 0 failed")
