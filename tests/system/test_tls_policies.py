#!/usr/bin/env python3
"""TLS on the way out: what the settings, MTA-STS and DANE ask for, against peers with good and wrong certificates and
against those who take TLS away; signed zones by ldns, served by nsd, checked by unbound."""
import gzip, hashlib, http.server, json
from test_relay import *


class Authority:
    """Makes certificates; `file` is what is to be trusted."""
    def __init__(self, name="Test authority"):
        self.folder = tempfile.mkdtemp(prefix="authority-")
        self.file, self.key = os.path.join(self.folder, "ca.pem"), os.path.join(self.folder, "ca.key")
        self.request(name, self.file, self.key, "-addext", "basicConstraints=critical,CA:TRUE")

    def request(self, name, certificate, key, *options):
        tool("openssl", "req", "-quiet", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-out", certificate, "-keyout", key, *options)

    def certify(self, *names):
        """A file with key, certificate and the authority's."""
        base = os.path.join(self.folder, names[0].replace("*", "star"))
        self.request(names[0], base + ".pem", base + ".key", "-CA", self.file, "-CAkey", self.key,
                     "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names), "-addext", "basicConstraints=critical,CA:FALSE")
        with open(base + ".all", "w") as f:
            for part in (base + ".key", base + ".pem", self.file): f.write(open(part).read())
        return base + ".all"

    def digest(self, certificate=None):
        """SHA-256 of the public key, as a TLSA record has it."""
        key = tool("openssl", "x509", "-in", certificate or self.file, "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.encode(), capture_output=True, check=True)
        return hashlib.sha256(der.stdout).hexdigest()

    def __enter__(self): return self
    def __exit__(self, *_): shutil.rmtree(self.folder, ignore_errors=True)


class TlsPeer(StandIn):
    """An SMTP server with STARTTLS on the loopback address and port given."""
    def __init__(self, certificate=None, host="127.0.0.1", port=0, requiretls=False, broken=False):
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.requiretls, self.broken = requiretls, broken
        self.mails, self.commands = [], []
        super().__init__(host, port)

    def talk(self, peer):
        secure, f = False, peer.makefile("rwb")
        def say(text): f.write(text.encode() + b"\r\n"); f.flush()
        say("220 peer.example ESMTP")
        while line := f.readline():
            line = line.decode().strip()
            self.commands.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                more = ("250-STARTTLS\r\n" if self.context and not secure else "") + ("250-REQUIRETLS\r\n" if self.requiretls and secure else "")
                say("250-peer.example\r\n" + more + "250 8BITMIME")
            elif verb == "STARTTLS":
                say("220 go on")
                if self.broken: return peer.close()
                f.close()
                peer = self.context.wrap_socket(peer, server_side=True)
                secure, f = True, peer.makefile("rwb")
            elif verb == "DATA":
                say("354 go on")
                mail = b""
                while (part := f.readline()) not in (b".\r\n", b""): mail += part
                self.mails.append(("tls" if secure else "clear", mail.decode()))
                say("250 2.0.0 taken")
            elif verb == "QUIT": return say("221 bye")
            else: say("250 ok")

    def ways(self): return [way for way, _ in self.mails]


class PolicyServer:
    """https://mta-sts.DOMAIN/.well-known/mta-sts.txt for many domains; `files` by host name."""
    def __init__(self, certificate, files):
        outer = self
        self.files, self.asked, self.posted, self.status = files, [], [], 201
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.headers["Host"].split(":")[0]
                outer.asked.append((host, self.path))
                found = outer.files.get(host)
                status, text, kind = found if isinstance(found, tuple) else (200, found, "text/plain") if found else (404, "", "text/plain")
                self.send_response(status)
                if status in (301, 302): self.send_header("Location", text)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append((self.headers["Host"].split(":")[0], self.path, self.headers["Content-Type"], body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            def log_message(self, *_): pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self): return self
    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def nsd(zones, folder):
    """nsd on a free port with zone files by name; returns (process, port)."""
    port, conf = free_port(), os.path.join(folder, "nsd.conf")
    with open(conf, "w") as f:
        f.write(f'server:\n  ip-address: 127.0.0.1@{port}\n  username: ""\n  chroot: ""\n  zonesdir: "{folder}"\n  database: ""\n'
                f'  pidfile: "{folder}/nsd.pid"\n  xfrdfile: "{folder}/xfrd.state"\n  zonelistfile: "{folder}/zone.list"\n'
                f'  server-count: 1\nremote-control:\n  control-enable: no\n')
        for name, file in zones.items(): f.write(f"zone:\n  name: {name}\n  zonefile: {file}\n")
    process = subprocess.Popen([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until("nsd answers", lambda: process.poll() is None and can_connect(port))
    return process, port


HEAD = "$ORIGIN example.\n$TTL 60\n@ IN SOA ns hostmaster 1 60 60 60 60\n@ IN NS ns\nns A 127.0.0.1\n"


class Zone:
    """The zone `example`, not signed."""
    def __init__(self, text):
        self.folder = tempfile.mkdtemp(prefix="zone-")
        with open(os.path.join(self.folder, "example.zone"), "w") as f: f.write(HEAD + text)
        self.process, self.port = nsd({"example": "example.zone"}, self.folder)
    def __enter__(self): return self
    def __exit__(self, *_):
        self.process.terminate(); self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class SignedZone:
    """The zone `example`, signed, behind an unbound that checks it; `spoil(signed text) -> text` breaks what it likes."""
    def __init__(self, text, spoil=lambda signed: signed):
        self.folder = tempfile.mkdtemp(prefix="signed-")
        zone = os.path.join(self.folder, "example.zone")
        with open(zone, "w") as f: f.write(HEAD + text)
        def make(*command): return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()
        key = make("ldns-keygen", "-a", "ECDSAP256SHA256", "example")
        make("ldns-signzone", "-f", "example.signed", "example.zone", key)
        signed = os.path.join(self.folder, "example.signed")
        with open(signed) as f: text = spoil(f.read())
        with open(signed, "w") as f: f.write(text)
        self.nsd, upstream = nsd({"example": "example.signed"}, self.folder)
        self.port, conf = free_port(), os.path.join(self.folder, "unbound.conf")
        with open(conf, "w") as f:
            f.write(f'server:\n  interface: 127.0.0.1@{self.port}\n  do-daemonize: no\n  username: ""\n  chroot: ""\n  use-syslog: no\n'
                    f'  directory: "{self.folder}"\n  pidfile: ""\n  do-not-query-localhost: no\n  trust-anchor-file: "{key}.key"\n'
                    f'  module-config: "validator iterator"\n  val-clean-additional: yes\n'
                    f'remote-control:\n  control-enable: no\n'
                    f'stub-zone:\n  name: "example"\n  stub-addr: 127.0.0.1@{upstream}\n')
        self.unbound = subprocess.Popen([shutil.which("unbound") or "/usr/sbin/unbound", "-c", conf, "-d"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("unbound answers", lambda: self.unbound.poll() is None and can_connect(self.port))
    def __enter__(self): return self
    def __exit__(self, *_):
        for process in (self.unbound, self.nsd):
            process.terminate(); process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def server_for(dns, port, **more):
    return Server(settings={**FAST, "relay.retry_schedule": "1h", "relay.port": str(port), "dns.server": f"127.0.0.1:{dns.port}", **more})


def entry_for(server, domain):
    return until(f"an attempt at {domain}", lambda: [e for e in entries(server) if e["attempts"] and e["domain"] == domain])[0]


def sent_to(server, address):
    def look(): return [s for s in server.ask("trace", address, json_result=True)["steps"] if s["step"] == "sent" and s["recipient"] == address]
    return until(f"sent to {address}: {[e['lastError'] for e in entries(server)]}", look)[0]


def keeps_to_the_settings():
    zone = "good MX 10 mx.good\nmx.good A 127.0.0.1\nplain MX 10 mx.plain\nmx.plain A 127.0.0.2\nother MX 10 mx.other\nmx.other A 127.0.0.1\n"
    with Authority() as authority, Zone(zone) as dns, TlsPeer(authority.certify("mx.good.example")) as good, \
            TlsPeer(host="127.0.0.2", port=good.port) as plain, \
            server_for(dns, good.port, **{"relay.authorities": authority.file,
                       "relay.tls_policy": "good.example=verify plain.example=encrypt other.example=verify"}) as server:
        server.add("anna")
        send(server, "ben@good.example", "ben@plain.example", "ben@other.example")
        assert sent_to(server, "ben@good.example")["tls"] == "TLSv1.3, verified by policy"
        assert good.ways() == ["tls"]
        assert "4.7.4" in (error := entry_for(server, "plain.example")["lastError"]) and "settings" in error, error
        assert "4.7.5" in (error := entry_for(server, "other.example")["lastError"]) and "ostname mismatch" in error, error
        shown = server.ask("queue", "show", [e for e in entries(server) if e["domain"] == "other.example"][0]["id"], json_result=True)
        assert "ostname mismatch" in shown["lastDialogue"], shown
        assert plain.mails == [] and len(good.mails) == 1
        clean(server)
    with Server() as server:
        wrong = server.ask("settings", "set", "relay.tls_policy", "bank.example=verfy", check=False)
        assert wrong.returncode != 0 and "verfy" in wrong.stderr, wrong


STS = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {age}\r\n"

def sts(mx, mode="enforce", age=86400): return STS.format(mode=mode, mx=mx, age=age)

STS_DOMAINS = ["good", "wild", "stripped", "wrong", "elsewhere", "testing", "none", "redirect", "html", "broken", "missing", "big"]

def sts_zone(domains=STS_DOMAINS, records=True):
    zone = ""
    for d in domains:
        zone += f"{d} MX 10 mx.{d}\nmta-sts.{d} A 127.0.0.1\n"
        zone += f"mx.{d} A {'127.0.0.2' if d in ('stripped', 'testing') else '127.0.0.1'}\n"
        if records: zone += f'_mta-sts.{d} TXT "v=STSv1; id=1;"\n'
    return zone


def keeps_to_mta_sts():
    files = {f"mta-sts.{d}.example": sts(f"mx.{d}.example") for d in STS_DOMAINS}
    files["mta-sts.wild.example"] = sts("*.wild.example")
    files["mta-sts.elsewhere.example"] = sts("mx.good.example")
    files["mta-sts.testing.example"] = sts("nobody.example", mode="testing")
    files["mta-sts.none.example"] = "version: STSv1\nmode: none\nmax_age: 60\n"
    files["mta-sts.redirect.example"] = (302, "/elsewhere", "text/plain")
    files["mta-sts.html.example"] = (200, sts("nobody.example"), "text/html")
    files["mta-sts.broken.example"] = "hello"
    files["mta-sts.big.example"] = sts("nobody.example") + "x: y\n" * 20_000
    del files["mta-sts.missing.example"]
    names = ["mx.good.example", "mx.wild.example"]
    with Authority() as authority, Zone(sts_zone()) as dns, TlsPeer(authority.certify(*names)) as good, \
            TlsPeer(host="127.0.0.2", port=good.port) as plain, \
            PolicyServer(authority.certify("policies", *(f"mta-sts.{d}.example" for d in STS_DOMAINS)), files) as policies, \
            server_for(dns, good.port, **{"relay.authorities": authority.file, "relay.mta_sts_port": str(policies.port)}) as server:
        server.add("anna")
        send(server, *(f"ben@{d}.example" for d in STS_DOMAINS))
        for domain in ("good", "wild"):
            assert sent_to(server, f"ben@{domain}.example")["tls"] == "TLSv1.3, verified by MTA-STS", domain
        assert ("mta-sts.good.example", "/.well-known/mta-sts.txt") in policies.asked, policies.asked
        for domain in ("testing", "none", "redirect", "html", "broken", "missing", "big"):
            assert "verified" not in sent_to(server, f"ben@{domain}.example")["tls"], domain
        # STARTTLS taken away; a certificate of another name; a mail server that the policy does not name.
        for domain, code, word in (("stripped", "4.7.4", "MTA-STS"), ("wrong", "4.7.5", "ostname mismatch"), ("elsewhere", "4.7.5", "MTA-STS")):
            error = entry_for(server, f"{domain}.example")["lastError"]
            assert code in error and word in error, (domain, error)
        assert plain.ways() == ["clear"] and "ben@testing.example" in plain.mails[0][1]
        assert "/elsewhere" not in [path for _, path in policies.asked]
        listed = {p["domain"]: p for p in server.ask("tls", "list", json_result=True)["policies"]}
        assert listed["good.example"]["mode"] == "enforce" and listed["good.example"]["source"] == "MTA-STS", listed
        assert listed["testing.example"]["mode"] == "testing" and "broken.example" not in listed, listed
        assert "mx.good.example" in server.ask("tls", "list")
        clean(server)


def keeps_a_policy_that_can_not_be_fetched_again():
    files = {"mta-sts.good.example": sts("mx.good.example")}
    with Authority() as authority, Authority() as nobody, Zone(sts_zone(["good"])) as dns, Zone(sts_zone(["good"], records=False)) as bare, \
            TlsPeer(authority.certify("mx.good.example")) as good, PolicyServer(authority.certify("mta-sts.good.example"), files) as policies:
        settings = {"relay.authorities": authority.file, "relay.mta_sts_port": str(policies.port)}
        with server_for(dns, good.port, **settings) as server:
            server.add("anna")
            send(server, "ben@good.example")
            assert "MTA-STS" in sent_to(server, "ben@good.example")["tls"]
            server.stop()
            # The record is gone, the policy can't be had, and somebody stands in for the server.
            impostor = good.context
            good.context = None
            del files["mta-sts.good.example"]
            server.settings["dns.server"] = f"127.0.0.1:{bare.port}"
            server.start()
            send(server, "eva@good.example")
            assert "MTA-STS" in entry_for(server, "good.example")["lastError"]
            server.stop()
            good.context = impostor
            server.start()
            server.ask("queue", "retry", entries(server)[0]["id"])
            assert "MTA-STS" in sent_to(server, "eva@good.example")["tls"]
            assert set(good.ways()) == {"tls"}
        # A policy server with a certificate of nobody's is not believed.
        with PolicyServer(nobody.certify("mta-sts.good.example"), {"mta-sts.good.example": sts("nobody.example")}) as false, \
                server_for(dns, good.port, **{**settings, "relay.mta_sts_port": str(false.port)}) as server:
            server.add("anna")
            send(server, "ben@good.example")
            assert "verified" not in sent_to(server, "ben@good.example")["tls"]
            assert false.asked == []


def dane_zone(port, records):
    """mx.DOMAIN on the address given, with these TLSA records."""
    zone = ""
    for domain, (address, tlsa) in records.items():
        zone += f"{domain} MX 10 mx.{domain}\n"
        if address: zone += f"mx.{domain} A {address}\n"
        for one in tlsa: zone += f"_{port}._tcp.mx.{domain} TLSA {one}\n"
    return zone

BOGUS, SPOILT = "ab" * 32, "cd" * 32


def keeps_to_dane():
    with Authority() as authority, contextlib.ExitStack() as stack:
        certificate = authority.certify("mx.good.example", "mx.ta.example", "mx.target.example")
        peer = stack.enter_context(TlsPeer(certificate))
        plain = stack.enter_context(TlsPeer(host="127.0.0.2", port=peer.port))
        own, root = authority.digest(certificate), authority.digest()
        records = {
            "good": ("127.0.0.1", [f"3 1 1 {own}"]), "ta": ("127.0.0.1", [f"2 1 1 {root}"]), "roll": ("127.0.0.1", [f"3 1 1 {'00' * 32}", f"3 1 1 {own}"]),
            "wrong": ("127.0.0.1", [f"3 1 1 {'00' * 32}"]), "othername": ("127.0.0.1", [f"2 1 1 {root}"]),
            "bogus": ("127.0.0.1", [f"3 1 1 {BOGUS}"]), "unusable": ("127.0.0.1", [f"0 1 1 {root}"]), "none": ("127.0.0.1", []),
            # Aliases: the records are the other name's, the certificate is for that name; or they are the alias's own.
            "alias": (None, []), "target": ("127.0.0.1", [f"2 1 1 {root}"]), "ownalias": (None, [f"3 1 1 {own}"]), "aliaswrong": (None, []),
            "stripped": ("127.0.0.2", [f"3 1 1 {own}"]), "noauth": ("127.0.0.2", [f"1 1 1 {own}"]), "clear": ("127.0.0.2", [])}
        zone = dane_zone(peer.port, records)
        zone += "mx.alias CNAME mx.target\nmx.ownalias CNAME mx.none\nmx.aliaswrong CNAME mx.wrong\n"
        # Of the two servers of this one the better one's records are bogus: the other gets the mail.
        zone += f"two MX 5 mx.bogus\ntwo MX 10 mx.good\n"
        dns = stack.enter_context(SignedZone(zone, lambda signed: signed.replace(BOGUS, SPOILT)))
        with server_for(dns, peer.port, **{"dns.trusted": "true"}) as server:
            server.add("anna")
            send(server, *(f"ben@{d}.example" for d in [*records, "two"]))
            for domain in ("good", "ta", "roll", "two", "alias", "ownalias"):
                assert sent_to(server, f"ben@{domain}.example")["tls"] == "TLSv1.3, verified by DANE", domain
            assert "mx.good.example" in sent_to(server, "ben@two.example")["client"]
            for domain in ("unusable", "none"): assert sent_to(server, f"ben@{domain}.example")["tls"] == "TLSv1.3", domain
            assert sent_to(server, "ben@clear.example")["tls"] == ""
            for domain, code, word in (("wrong", "4.7.5", "TLSA"), ("aliaswrong", "4.7.5", "TLSA"), ("othername", "4.7.5", "ostname mismatch"), ("bogus", "4.7.5", "DANE"),
                                       ("stripped", "4.7.4", "DANE"), ("noauth", "4.7.4", "DANE")):
                error = entry_for(server, f"{domain}.example")["lastError"]
                assert code in error and word in error, (domain, error)
            assert plain.ways() == ["clear"] and set(peer.ways()) == {"tls"}
            clean(server)
        # Nobody may be believed who says that he checked, unless the settings say so.
        with server_for(dns, peer.port) as server:
            server.add("anna")
            send(server, "ben@wrong.example")
            assert "verified" not in sent_to(server, "ben@wrong.example")["tls"]


def waits_when_the_zone_is_bogus():
    with Authority() as authority, TlsPeer(authority.certify("mx.good.example")) as peer:
        zone = dane_zone(peer.port, {"good": ("127.0.0.1", [])})
        with SignedZone(zone, lambda signed: signed.replace("127.0.0.1", "127.0.0.9")) as dns, \
                server_for(dns, peer.port, **{"dns.trusted": "true"}) as server:
            server.add("anna")
            send(server, "ben@good.example")
            assert "4.4.3" in entry_for(server, "good.example")["lastError"]
            assert peer.mails == []


def send_with(server, *recipients, options=(), header="", tls=True):
    smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], local_hostname="client.example", timeout=60)
    if tls: smtp.starttls(context=TRUST)
    smtp.login("anna@example.test", PASSWORD)
    smtp.sendmail("anna@example.test", recipients, f"{header}Subject: secret\r\n\r\nx\r\n".encode(), mail_options=list(options))
    smtp.quit()


def keeps_to_what_the_sender_asks_for():
    with Authority() as authority, contextlib.ExitStack() as stack:
        certificate = authority.certify("mx.good.example", "mx.plain.example", "implicit.example")
        peer = stack.enter_context(TlsPeer(certificate, requiretls=True))
        simple = stack.enter_context(TlsPeer(certificate, host="127.0.0.2", port=peer.port))
        clear = stack.enter_context(TlsPeer(host="127.0.0.3", port=peer.port))
        own = authority.digest(certificate)
        records = {"good": ("127.0.0.1", [f"3 1 1 {own}"]), "plain": ("127.0.0.2", [f"3 1 1 {own}"]), "nothing": ("127.0.0.3", []),
                   "wrong": ("127.0.0.1", [f"3 1 1 {'00' * 32}"])}
        dns = stack.enter_context(SignedZone(dane_zone(peer.port, records) + "implicit A 127.0.0.1\n"))
        with server_for(dns, peer.port, **{"dns.trusted": "true", "relay.authorities": authority.file}) as server:
            server.add("anna")
            with contextlib.suppress(smtplib.SMTPSenderRefused):
                send_with(server, "ben@good.example", options=["REQUIRETLS"], tls=False)
                raise AssertionError("REQUIRETLS is taken without TLS")
            send_with(server, "ben@good.example", "ben@implicit.example", options=["REQUIRETLS"])
            assert "verified by DANE" in sent_to(server, "ben@good.example")["tls"]
            assert "verified by REQUIRETLS" in sent_to(server, "ben@implicit.example")["tls"]
            assert [c for c in peer.commands if c.startswith("MAIL") and c.endswith(" REQUIRETLS")], peer.commands
            send_with(server, "ben@plain.example", "ben@nothing.example", "ben@wrong.example", options=["REQUIRETLS"])
            def gather():
                return {part["Final-Recipient"].split("@")[1]: part["Status"] for report in inbox(server)
                        for part in report.get_payload()[1].get_payload()[1:]}
            until("three reports", lambda: len(gather()) == 3)
            assert set(gather().values()) == {"5.7.30"}, gather()
            assert simple.mails == [] and clear.mails == []
            # What wants to arrive above all does.
            send_with(server, "eva@wrong.example", header="TLS-Required: No\r\n")
            assert "verified" not in sent_to(server, "eva@wrong.example")["tls"]
            clean(server)


def tells_domains_how_it_went():
    left = 86_400 - time.time() % 86_400
    if left < 300: time.sleep(left + 1) # a report is of one day (UTC)
    files = {"mta-sts.good.example": sts("mx.good.example"), "mta-sts.wrong.example": sts("mx.wrong.example"),
             "mta-sts.testing.example": sts("mx.testing.example", mode="testing")}
    zone = sts_zone(["good", "wrong"]) + "testing MX 10 mx.testing\nmx.testing A 127.0.0.1\nmta-sts.testing A 127.0.0.1\n" \
        '_mta-sts.testing TXT "v=STSv1; id=1;"\nsilent MX 10 mx.good\nplain MX 10 mx.plain\nmx.plain A 127.0.0.2\n'
    for domain in ("good", "wrong", "testing", "plain"):
        zone += f'_smtp._tls.{domain} TXT "v=TLSRPTv1; rua=mailto:tls@{domain}.example"\n'
    zone += "web MX 10 mx.good\nreports A 127.0.0.1\n"
    zone += "_smtp._tls.wrong TXT \"other\"\n"
    with Authority() as authority, PolicyServer(authority.certify("policies", *files), files) as policies, \
            Zone(zone + f'_smtp._tls.web TXT "v=TLSRPTv1; rua=https://reports.example:{policies.port}/tls?of=web"\n') as dns, \
            TlsPeer(authority.certify("mx.good.example")) as peer, TlsPeer(host="127.0.0.2", port=peer.port) as plain, \
            server_for(dns, peer.port, **{"relay.authorities": authority.file, "relay.mta_sts_port": str(policies.port)}) as server:
        server.add("anna")
        send(server, *(f"ben@{d}.example" for d in ("good", "wrong", "testing", "silent", "plain", "web")))
        for domain in ("good", "testing", "silent", "plain", "web"): sent_to(server, f"ben@{domain}.example")
        entry_for(server, "wrong.example")
        policies.status = 503
        server.ask("tls", "report")
        until("a report by HTTPS is refused", lambda: policies.posted)
        policies.status = 201
        # What was not taken is brought again.
        host, path, kind, body = until("it is taken", lambda: (server.ask("tls", "report"), policies.posted[1:])[1])[0]
        assert (host, path, kind) == ("reports.example", "/tls?of=web", "application/tlsrpt+gzip"), policies.posted
        brought = json.loads(gzip.decompress(body))
        assert [p["policy"]["policy-domain"] for p in brought["policies"]] == ["web.example"], brought
        def reports():
            found = {}
            for _, mail in [*peer.mails, *plain.mails]:
                message = email.message_from_string(mail)
                if "TLS-Report-Domain" in message: found[message["TLS-Report-Domain"]] = message
            return found
        got = until(f"three reports and no more: {list(reports())}", lambda: len(reports()) == 4 and reports())
        assert set(got) == {"good.example", "testing.example", "plain.example", "wrong.example"}, got
        def read(domain):
            message = got[domain]
            assert message.get_content_type() == "multipart/report" and message.get_param("report-type") == "tlsrpt"
            assert message["TLS-Required"] == "No" and message["To"] == f"tls@{domain}", message.as_string()
            attached = message.get_payload()[1]
            assert attached.get_content_type() == "application/tlsrpt+gzip", attached.as_string()
            return json.loads(gzip.decompress(attached.get_payload(decode=True)))
        def only(domain):
            report = read(domain)
            assert report["date-range"]["start-datetime"].endswith("T00:00:00Z") and len(report["policies"]) == 1, report
            return report["policies"][0]
        good, wrong, testing, clear = (only(f"{d}.example") for d in ("good", "wrong", "testing", "plain"))
        assert good["policy"]["policy-type"] == "sts" and good["policy"]["mx-host"] == ["mx.good.example"], good
        assert good["summary"] == {"total-successful-session-count": 1, "total-failure-session-count": 0}, good
        for one in (wrong, testing):
            details = one["failure-details"][0]
            assert details["result-type"] == "certificate-host-mismatch" and details["failed-session-count"] == 1, one
        assert clear["policy"]["policy-type"] == "no-policy-found" and clear["failure-details"][0]["result-type"] == "starttls-not-supported", clear
        def is_silent():
            before = len(policies.posted)
            server.ask("tls", "report")
            time.sleep(0.3)
            return len(policies.posted) == before
        until("what is taken is not brought again", is_silent)
        clean(server)


if __name__ == "__main__":
    run(keeps_to_the_settings, keeps_to_mta_sts, keeps_a_policy_that_can_not_be_fetched_again, keeps_to_dane,
        waits_when_the_zone_is_bogus, keeps_to_what_the_sender_asks_for, tells_domains_how_it_went)
