#!/usr/bin/env python3
"""demo.py POSTHORND [--once] [--data DIR]: starts posthornd on loopback ports, sends a message and fetches it back."""
import argparse, imaplib, os, poplib, signal, smtplib, ssl, subprocess, sys, tempfile, time
from email.message import EmailMessage

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("posthornd")
parser.add_argument("--once", action="store_true")
parser.add_argument("--data")
options = parser.parse_args()
posthornd = os.path.abspath(options.posthornd)
temporary = None if options.data else tempfile.TemporaryDirectory(prefix="posthorn-demo-")
data = options.data or temporary.name

def say(text): print(text, flush=True)

def ask(*arguments, text=None):
    done = subprocess.run([posthornd, *arguments, "--data", data], input=text, text=True, capture_output=True)
    if done.returncode:
        raise SystemExit(f"posthornd {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout

services = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"]
command = [posthornd, "serve", "--data", data]
for service in services:
    command += ["--set", f"{service}.listen=127.0.0.1:0"]
say(f"Starting posthornd in {data}")
server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

def stop(*_):
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=20)
    if temporary: temporary.cleanup()
    sys.exit(0)

signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
line = server.stdout.readline().split()
if not line or line[0] != "ready":
    raise SystemExit(f"posthornd did not start (exit code {server.wait(timeout=5)})")
port = {name: int(where.rsplit(":", 1)[1]) for name, where in (word.split("=", 1) for word in line[1:])}

if "example.test" not in ask("domain", "list"):
    ask("domain", "add", "example.test")
    for person in "anna", "ben":
        ask("account", "add", f"{person}@example.test", text=f"{person}-secret\n")
    say("Made the domain example.test with the accounts anna@example.test and ben@example.test")

trust = ssl.create_default_context()
trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE # the certificate is Posthorn's own
mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "Anna <anna@example.test>", "Ben <ben@example.test>", "Hello from Posthorn"
mail.set_content("This message went through submission with TLS and came back by IMAP and POP3.\n")
with smtplib.SMTP_SSL("127.0.0.1", port["submissions"], context=trust) as smtp:
    smtp.login("anna@example.test", "anna-secret")
    smtp.send_message(mail)
say("Sent a message from anna to ben: submission with TLS, signed in")
with imaplib.IMAP4_SSL("127.0.0.1", port["imaps"], ssl_context=trust) as imap:
    imap.login("ben@example.test", "ben-secret")
    imap.select("INBOX", readonly=True)
    found = imap.search(None, "SUBJECT", '"Hello from Posthorn"')[1][0].split()
    subject = imap.fetch(found[-1], "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1].decode().strip()
say(f"Fetched it by IMAP: {subject}")
pop = poplib.POP3_SSL("127.0.0.1", port["pop3s"], context=trust)
pop.user("ben@example.test"); pop.pass_("ben-secret")
count = pop.stat()[0]
lines = pop.retr(count)[1]
pop.quit()
say(f"Fetched it by POP3: {len(lines)} lines, {next(l.decode() for l in lines if l.lower().startswith(b'subject:'))}")

say(f"""
Settings for a mail program on this computer (the certificate is Posthorn's own: accept it)
  user name      anna@example.test    password  anna-secret
                 ben@example.test               ben-secret
  IMAP           127.0.0.1, port {port['imaps']} (TLS) or {port['imap']} (STARTTLS)
  POP3           127.0.0.1, port {port['pop3s']} (TLS) or {port['pop3']} (STARTTLS)
  sending        127.0.0.1, port {port['submissions']} (TLS) or {port['submission']} (STARTTLS)
  other servers  127.0.0.1, port {port['smtp']} (SMTP)
Look after it from another terminal: {posthornd} status --data {data}
""")
if options.once: stop()
say("Running until Ctrl-C")
server.wait()
