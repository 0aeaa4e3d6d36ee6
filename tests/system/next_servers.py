"""Servers that mail is handed on to: Postfix and Exim, on loopback ports they are given, in folders of their own."""
import os, pwd, shutil, socket, subprocess, tempfile, time

EXIM = next((p for p in (shutil.which("exim4"), "/opt/exim/usr/sbin/exim4") if p and os.path.exists(p)), None)

MAIN_CF = """compatibility_level = 3.10
myhostname = postfix.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{back}
virtual_alias_domains =
virtual_alias_maps = inline:{{ {aliases} }}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {refused} }}, permit_mynetworks, reject
smtputf8_autodetect_classes = all
alias_maps =
alias_database =
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
minimal_backoff_time = 5s
queue_run_delay = 5s
"""

EXIM_CONF = """primary_hostname = exim.example
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
deliver_drop_privilege = true
acl_smtp_rcpt = check_rcpt
begin acl
check_rcpt:
  deny message = 5.1.1 no such user
       local_parts = nobody
  accept
begin routers
{aliases}back:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = back
begin transports
back:
  driver = smtp
  port = {back}
  allow_localhost
begin retry
* * F,1h,5s
begin rewrite
begin authenticators
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def check(*command):
    with tempfile.TemporaryFile("w+") as output: # not a pipe, which a daemon would keep open
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        output.seek(0)
        text = output.read().strip()
    if done.returncode: raise AssertionError(f"{' '.join(command)} exits with {done.returncode}: {text}")
    return text


class NextServer:
    """Takes all mail on self.port; `aliases` are sent to their target, and all of it back to the port `back`."""

    def __init__(self, back, aliases=None, refused=()):
        if os.geteuid(): raise AssertionError("other mail servers start as root only")
        self.back, self.aliases, self.refused = back, aliases or {}, refused
        self.port, self.folder = free_port(), tempfile.mkdtemp(prefix="posthorn-next-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)

    def __enter__(self):
        self.begin()
        for _ in range(2400):
            try: socket.create_connection(("127.0.0.1", self.port)).close(); return self
            except OSError: time.sleep(0.05)
        raise AssertionError(f"nobody answers at port {self.port}: {self.log()}")

    def __exit__(self, kind, *_):
        if kind: print(self.log()[-3000:], flush=True)
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return "".join(open(os.path.join(self.folder, f), errors="replace").read() for f in os.listdir(self.folder) if f.endswith("log"))


class Postfix(NextServer):
    def begin(self):
        for path in ("postfix", "queue"): os.makedirs(f"{self.folder}/{path}", exist_ok=True)
        table = lambda pairs: ", ".join("{ %s = %s }" % pair for pair in pairs) or "{ x = x }"
        open(f"{self.folder}/postfix/main.cf", "w").write(MAIN_CF.format(
            folder=self.folder, back=self.back, aliases=table(self.aliases.items()),
            refused=table((a, "550 5.1.1 no such user") for a in self.refused)))
        services = []
        for line in open("/usr/share/postfix/master.cf.dist"):
            words = line.split()
            if not words or line.startswith("#"): continue
            if line[0].isspace(): services.append(line.rstrip())
            elif words[0] == "smtp" and words[1] == "inet": services.append(f"127.0.0.1:{self.port} inet n - n - - smtpd")
            else: services.append(" ".join(words[:4] + ["n"] + words[5:])) # no service changes its root
        open(f"{self.folder}/postfix/master.cf", "w").write("\n".join(services) + "\n")
        check("postfix", "-c", f"{self.folder}/postfix", "start")

    def end(self): subprocess.run(["postfix", "-c", f"{self.folder}/postfix", "stop"], capture_output=True)


class Exim(NextServer):
    USER = "Debian-exim" # the program has it built in

    def begin(self):
        if not EXIM: raise AssertionError("Exim is neither installed nor unpacked in /opt/exim (tests/run does that)")
        try: pwd.getpwnam(self.USER)
        except KeyError: check("useradd", "--system", "--no-create-home", self.USER)
        os.makedirs(f"{self.folder}/spool")
        conf = f"{self.folder}/exim.conf"
        open(conf, "w").write(EXIM_CONF.format(exim=EXIM, folder=self.folder, port=self.port, back=self.back,
                                               aliases="".join(map(self.router, self.aliases.items()))))
        os.chmod(conf, 0o644)
        shutil.chown(self.folder, self.USER, self.USER)
        shutil.chown(f"{self.folder}/spool", self.USER, self.USER)
        self.process = subprocess.Popen([EXIM, "-C", conf, "-bdf", "-q5s"], stdout=subprocess.DEVNULL,
                                        stderr=open(f"{self.folder}/stderrlog", "w"))

    def router(self, alias):
        local, domain = alias[0].split("@")
        return f"to_{local}:\n  driver = redirect\n  local_parts = {local}\n  domains = {domain}\n  data = {alias[1]}\n"

    def end(self):
        self.process.terminate()
        self.process.wait()
