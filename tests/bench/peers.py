"""Postfix delivering to Dovecot by LMTP: what Posthorn is measured beside. Their settings, queue and mail live in a
folder of their own and they listen on loopback ports they are given, so that nothing of this system's mail is touched;
starting them needs root."""
import glob, os, pwd, shutil, socket, subprocess, tempfile, time

PASSWORD = "pass" # any user of example.com exists

MAIN_CF = """compatibility_level = 3.10
myhostname = mx.example.com
mydestination = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = example.com
virtual_mailbox_maps = static:x
virtual_transport = lmtp:unix:{folder}/lmtp
lmtp_destination_concurrency_limit = 8
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_client_connection_count_limit = 0
default_process_limit = 200
alias_maps =
alias_database =
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
"""

DOVECOT_CONF = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/run
state_dir = {folder}/state
protocols = imap pop3 lmtp
listen = 127.0.0.1
mail_driver = sdbox
mail_path = ~/sdbox
mail_home = {folder}/mail/%{{user}}
mail_uid = {user}
mail_gid = {user}
mail_max_userip_connections = 10000
lmtp_user_concurrency_limit = unlimited
ssl = no
auth_allow_cleartext = yes
log_path = {folder}/dovecot.log
passdb static {{
  password = {password}
}}
userdb static {{
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  process_min_avail = 2
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    user = postfix
    mode = 0600
  }}
}}
default_client_limit = 4096
default_process_limit = 1000
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
    if done.returncode: raise SystemExit(f"{' '.join(command)} exits with {done.returncode}: {text}")
    return text


def open_to_all(path):
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o755)


class Peers:
    """`with Peers() as peers:` they run and serve SMTP on peers.smtp and IMAP on peers.imap."""
    USER = "vmail"

    def __init__(self, relay=None): self.relay = relay # "[127.0.0.1]:2525": where Postfix sends what is for elsewhere

    def __enter__(self):
        if os.geteuid(): raise SystemExit("Postfix and Dovecot start as root only (--no-peer measures without them)")
        self.folder = tempfile.mkdtemp(prefix="posthorn-peers-", dir="/var/tmp")
        self.smtp, self.imap, self.pop3 = free_port(), free_port(), free_port()
        self.configure()
        check("postfix", "-c", f"{self.folder}/postfix", "start")
        check("dovecot", "-c", f"{self.folder}/dovecot.conf")
        for port in (self.smtp, self.imap): self.wait_for(port)
        return self

    def configure(self):
        try: pwd.getpwnam(self.USER)
        except KeyError: check("useradd", "--system", "--no-create-home", self.USER)
        for path in ("", "/postfix", "/queue", "/mail"): open_to_all(self.folder + path)
        facts = {"folder": self.folder, "user": self.USER, "password": PASSWORD, "imap": self.imap, "pop3": self.pop3}
        shutil.chown(f"{self.folder}/mail", self.USER)
        open(f"{self.folder}/postfix/main.cf", "w").write(MAIN_CF.format(**facts) + (f"relayhost = {self.relay}\n" if self.relay else ""))
        open(f"{self.folder}/dovecot.conf", "w").write(DOVECOT_CONF.format(**facts))
        services = []
        for line in open("/usr/share/postfix/master.cf.dist"):
            words = line.split()
            if not words or line.startswith("#"): continue
            if line[0].isspace(): services.append(line.rstrip())
            elif words[0] == "smtp" and words[1] == "inet": services.append(f"{self.smtp} inet n - n - - smtpd")
            else: services.append(" ".join(words[:4] + ["n"] + words[5:])) # no service changes its root
        open(f"{self.folder}/postfix/master.cf", "w").write("\n".join(services) + "\n")

    def wait_for(self, port):
        for _ in range(200):
            try: return socket.create_connection(("127.0.0.1", port)).close()
            except OSError: time.sleep(0.05)
        raise SystemExit(f"nobody answers at port {port}: see {self.folder}")

    def versions(self):
        return f"Postfix {check('postconf', '-c', f'{self.folder}/postfix', '-h', 'mail_version')} with Dovecot {check('dovecot', '--version').split()[0]}"

    def import_maildir(self, user, maildir):
        """The messages of a Maildir of this file system, into the user's INBOX; the Maildir is gone after it."""
        home = f"{self.folder}/mail/{user}"
        os.makedirs(home)
        os.rename(maildir, f"{home}/Maildir")
        check("chown", "-R", self.USER, home)
        check("doveadm", "-c", f"{self.folder}/dovecot.conf", "import", "-u", user, f"maildir:{home}/Maildir", "", "ALL")
        shutil.rmtree(f"{home}/Maildir")

    def pids(self):
        """Dovecot's processes: what serves IMAP."""
        master = open(f"{self.folder}/run/master.pid").read().strip()
        found = [master]
        for path in glob.glob("/proc/[0-9]*/stat"):
            try: stat = open(path).read()
            except OSError: continue
            if stat.rsplit(")", 1)[1].split()[1] == master: found.append(stat.split()[0])
        return found

    def __exit__(self, *_):
        subprocess.run(["doveadm", "-c", f"{self.folder}/dovecot.conf", "stop"], capture_output=True)
        subprocess.run(["postfix", "-c", f"{self.folder}/postfix", "stop"], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
