#!/usr/bin/env python3
"""posthornd's command line against a running server and without one: results, messages, exit codes."""
import json, os, poplib, select, signal, smtplib, socket, subprocess, tempfile
from posthorn import *

WRONG_CALL = 64 # as sysexits.h has it


def refused(server, *arguments, text=None, says=""):
    done = server.ask(*arguments, text=text, check=False)
    assert done.returncode not in (0, None) and done.returncode > 0, f"{arguments} succeeded: {done.stdout}"
    assert says.lower() in done.stderr.lower(), f"{arguments}: {done.stderr!r} does not tell of {says!r}"
    assert done.stderr.startswith("posthornd: ") or done.stderr.startswith("error"), done.stderr
    return done.returncode


def keeps_domains_accounts_and_aliases():
    with Server() as server:
        server.ask("domain", "add", "example.test")
        refused(server, "domain", "add", "example.test", says="already")
        refused(server, "domain", "add", "exa mple", says="domain")
        server.ask("account", "add", "anna@example.test", "--quota", "1000000", "--name", "Anna", text=PASSWORD + "\n")
        refused(server, "account", "add", "anna@example.test", text=PASSWORD + "\n", says="taken")
        refused(server, "account", "add", "ben@nowhere.test", text=PASSWORD + "\n", says="nowhere.test")
        refused(server, "account", "add", "ben@example.test", text="", says="password")
        accounts = server.ask("account", "list", json_result=True)["accounts"]
        assert [(a["address"], a["quotaOctets"]) for a in accounts] == [("anna@example.test", 1000000)], accounts
        server.ask("alias", "add", "info@example.test", "anna@example.test")
        assert "info@example.test" in server.ask("alias", "list")
        refused(server, "alias", "add", "info@example.test", "anna@example.test", says="taken")
        server.ask("account", "passwd", "anna@example.test", text="another one\n")
        server.imap(password="another one").logout()
        server.ask("alias", "remove", "info@example.test")
        refused(server, "alias", "remove", "info@example.test", says="no")
        refused(server, "domain", "remove", "example.test", says="account")
        server.ask("account", "remove", "anna@example.test")
        server.ask("domain", "remove", "example.test")
        assert server.ask("domain", "list", json_result=True)["domains"] == []


def tells_what_listens():
    with Server(settings={"smtp.listen": "[::]:0", "imap.listen": "0.0.0.0:0", "pop3.listen": ""}) as server:
        services = {s["name"]: s for s in server.ask("status", json_result=True)["services"]}
        assert len(services) == 7, services
        for name, service in services.items():
            assert service["listening"] == (name != "pop3"), service
            assert service["port"] == server.ports.get(name, 0), service
        text = server.ask("status")
        assert "not open" not in text, text
        with socket.create_connection(("127.0.0.1", server.ports["smtp"]), timeout=LONG_ENOUGH) as s: assert s.recv(3) == b"220"


def takes_no_password_from_its_arguments():
    with Server() as server:
        server.ask("domain", "add", "example.test")
        for arguments in (["account", "add", "anna@example.test", "secret"], ["account", "add", "anna@example.test", "--password", "x"]):
            done = server.ask(*arguments, text=PASSWORD + "\n", check=False)
            assert done.returncode == WRONG_CALL, done


def changes_settings_while_it_runs():
    with Server() as server:
        assert server.ask("settings", "get", "smtp.max_message_size").strip().split()[-1].isdigit()
        refused(server, "settings", "set", "no.such.setting", "1", says="no.such.setting")
        refused(server, "settings", "set", "smtp.max_message_size", "many", says="number")
        refused(server, "settings", "set", "server.name", "other.test", says="command line") # given by --set, which wins
        server.ask("settings", "set", "smtp.max_message_size", "100000")
        with server.smtp() as smtp:
            smtp.ehlo()
            assert smtp.esmtp_features["size"] == "100000", smtp.esmtp_features
        server.ask("settings", "unset", "smtp.max_message_size")
        with server.smtp() as smtp:
            smtp.ehlo()
            assert smtp.esmtp_features["size"] != "100000"
        settings = server.ask("settings", "list", json_result=True)["settings"]
        assert {"key", "value", "label"} <= set(settings[0]) and len(settings) > 30, settings[0]


def answers_where_mail_is_and_why_it_was_refused():
    with Server() as server:
        server.add("anna")
        with server.smtp() as smtp:
            smtp.sendmail("ben@elsewhere.example", ["anna@example.test"], "Subject: the subject\r\n\r\nhello\r\n")
            try: smtp.sendmail("ben@elsewhere.example", ["nobody@example.test"], "x")
            except smtplib.SMTPRecipientsRefused: pass
        steps = server.ask("trace", "the subject", json_result=True)["steps"]
        assert {s["step"] for s in steps} == {"received", "delivered"}, steps
        until("the refusal is in the trace", lambda: "5.1.1" in server.ask("trace", "nobody@example.test"))
        for port, kind in ((server.ports["imap"], "IMAP"), (server.ports["pop3"], "POP3")):
            try:
                if kind == "IMAP": server.imap(password="wrong")
                else:
                    pop = poplib.POP3("127.0.0.1", port)
                    pop.user("anna@example.test"); pop.pass_("wrong")
                raise AssertionError("a wrong password was taken")
            except (imaplib.IMAP4.error, poplib.error_proto): pass
            found = until(f"the {kind} sign-in is in the trace",
                          lambda: kind + " sign-in" in (told := server.ask("trace", "anna@example.test")) and told)
            assert "wrong" in found, found


def shows_and_ends_conversations():
    with Server() as server:
        server.add("anna")
        imap = server.imap()
        imap.select("INBOX")
        sessions = server.ask("sessions", json_result=True)["sessions"]
        mine = [s for s in sessions if s.get("user") == "anna@example.test"]
        assert len(mine) == 1, sessions
        server.ask("session", "close", str(mine[0]["id"]))
        try:
            for _ in range(3): imap.noop()
            raise AssertionError("the conversation goes on")
        except (imaplib.IMAP4.abort, OSError): pass


def saves_and_moves_everything():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna", "ben", quota=5000000)
        server.ask("alias", "add", "info@example.test", "anna@example.test")
        for i in range(20):
            with server.smtp() as smtp: smtp.sendmail("x@y.example", ["anna@example.test"], f"Subject: m{i}\r\n\r\nhello\r\n")
        server.ask("backup", f"{folder}/copy.db")
        refused(server, "backup", f"{folder}/copy.db", says="there already")
        server.ask("export", f"{folder}/rows")
        assert server.ask("check", json_result=True)["faults"] == []
        server.stop()
        assert "anna@example.test" in server.ask("account", "list") # works without a running server
        names = [n for n in os.listdir(server.data) if n.endswith(".db")]
        assert len(names) == 1, os.listdir(server.data)
        other = f"{folder}/restored"
        os.mkdir(other)
        os.rename(f"{folder}/copy.db", f"{other}/{names[0]}")
        with Server(data=other) as restored:
            imap = restored.imap()
            assert sorted(subjects(imap)) == sorted(f"m{i}" for i in range(20))
            imap.logout()
        fresh = Server(data=f"{folder}/fresh", start=False)
        fresh.ask("import", f"{folder}/rows")
        with Server(data=f"{folder}/fresh") as imported:
            imap = imported.imap()
            assert sorted(subjects(imap)) == sorted(f"m{i}" for i in range(20))
            imap.logout()
            assert "info@example.test" in imported.ask("alias", "list")
            assert imported.ask("check", json_result=True)["faults"] == []


def tells_when_nothing_runs():
    with tempfile.TemporaryDirectory() as data:
        server = Server(data=data, start=False)
        refused(server, "status", says="no server is running")
        done = server.ask("nonsense", check=False)
        assert done.returncode == WRONG_CALL and "nonsense" in done.stderr, done
        done = server.ask("domain", "add", check=False)
        assert done.returncode == WRONG_CALL, done
        text = subprocess.run([POSTHORND, "--help"], capture_output=True, text=True)
        assert text.returncode == 0
        for word in ("serve", "status", "domain add", "account passwd", "alias list", "settings set", "queue release", "trace",
                     "sessions", "log", "backup", "check", "export", "import", "--json", "--data"):
            assert word in text.stdout, word
        for asked in (["help", "--json"], ["--help", "--json"]):
            told = json.loads(subprocess.run([POSTHORND, *asked], capture_output=True, text=True, check=True).stdout)
            assert any(c["name"] == "domain add" for c in told["commands"]) and told["generalOptions"], told
        told = json.loads(subprocess.run([POSTHORND, "domain", "add", "--help", "--json"], capture_output=True, text=True, check=True).stdout)
        assert [c["name"] for c in told["commands"]] == ["domain add"], told


def ends_cleanly_and_only_once():
    with Server() as server:
        server.add("anna")
        second = subprocess.run([POSTHORND, "serve", "--data", server.data], capture_output=True, text=True, timeout=60)
        assert second.returncode != 0 and second.stderr.strip(), second
        waiting, f = raw(server.ports["smtp"])
        f.readline()
        log = subprocess.Popen([POSTHORND, "log", "--follow", "--data", server.data], stdout=subprocess.PIPE, text=True)
        for sign in (signal.SIGTERM, signal.SIGINT):
            server.process.send_signal(sign)
            assert server.process.wait(timeout=LONG_ENOUGH) == 0
            if sign == signal.SIGTERM:
                rest = f.read()
                assert rest.startswith(b"421"), rest
                log.wait(timeout=LONG_ENOUGH)
                server.start()
        server.start()
        server.ask("stop")
        assert server.process.wait(timeout=LONG_ENOUGH) == 0


def a_stopped_server_sends_nothing():
    """Commands work on the data directory then, and only look after what waits."""
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        with Server(settings={"relay.smart_host": f"127.0.0.1:{peer.getsockname()[1]}", "smtp.trusted_networks": "127.0.0.0/8"}) as server:
            with server.smtp() as smtp: smtp.sendmail("a@b.example", ["x@far.example"], "Subject: m\r\n\r\nx\r\n")
            server.stop()
            peer.listen()
            for _ in range(10):
                assert len(server.ask("queue", "list", json_result=True)["entries"]) == 1
            server.ask("queue", "retry", "--all")
            assert len(server.ask("queue", "list", json_result=True)["entries"]) == 1
            assert not select.select([peer], [], [], 0)[0], "somebody was sent to"
            server.start() # now it goes
            assert select.select([peer], [], [], LONG_ENOUGH)[0]


if __name__ == "__main__":
    run(a_stopped_server_sends_nothing, keeps_domains_accounts_and_aliases, tells_what_listens, takes_no_password_from_its_arguments,
        changes_settings_while_it_runs,
        answers_where_mail_is_and_why_it_was_refused, shows_and_ends_conversations, saves_and_moves_everything,
        tells_when_nothing_runs, ends_cleanly_and_only_once)
