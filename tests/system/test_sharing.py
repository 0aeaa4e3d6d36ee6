#!/usr/bin/env python3
"""Mailboxes shared between people: rights, namespaces and news, with Python's imaplib, curl and mbsync."""
import threading
from posthorn import *

ANNA, BOB, CARL = (f"{who}@example.test" for who in ("anna", "bob", "carl"))
MAIL = b"From: a@example.test\r\nSubject: %s\r\nMessage-ID: <%s@x>\r\n\r\nbody\r\n"


def mail(name): return MAIL % (name.encode(), name.encode())

def good(answer):
    assert answer[0] == "OK", answer
    return answer[1]

def refused(answer, code):
    assert answer[0] == "NO" and code.encode() in answer[1][0], (code, answer)

def attempt(function, *arguments):
    """The answer, where imaplib would raise."""
    try: return function(*arguments)
    except imaplib.IMAP4.error as error: return "NO", [str(error).encode()]

def q(name): return f'"{name}"'

def names(client, pattern="*"):
    return [re.search(rb'"/" "(.*)"$', line)[1].decode() for line in good(client.list('""', q(pattern))) if line]

def fetch_flags(client, what="1:*"):
    return [set(imaplib.ParseFlags(line)) - {b"\\Recent"} for line in good(client.fetch(what, "(FLAGS)")) if line]

for command in ("GETMETADATA", "SETMETADATA", "LISTRIGHTS"): imaplib.Commands[command] = ("AUTH", "SELECTED")


class Idler:
    """IDLEs on a mailbox."""
    def __init__(self, server, user, mailbox):
        self.sock, self.file = raw(server.ports["imap"])
        self.file.readline()
        for command in (f'LOGIN {user} "{PASSWORD}"', f"SELECT {q(mailbox)}"): self.command(command)
        self.sock.sendall(b"i IDLE\r\n")
        assert self.file.readline().startswith(b"+")

    def command(self, text):
        self.sock.sendall(b"a " + text.encode() + b"\r\n")
        while not (line := self.file.readline()).startswith(b"a "): assert line, text
        assert line.startswith(b"a OK"), line

    def wait(self, wanted):
        """Until such a line is told."""
        while not re.search(wanted, line := self.file.readline()): assert line, wanted

    def close(self): self.sock.close()


def an_office_shares_its_mail():
    with Server() as server:
        server.add("anna", "bob", "carl")
        server.ask("group", "add", "team", ANNA, BOB)
        server.ask("shared", "add", "office@example.test", "--name", "Office")
        server.ask("mailbox", "share", "office@example.test", "--to", "group:team", "--may", "write")
        assert "group:team (lrswite)" in server.ask("mailbox", "list", "office@example.test")
        refusal = server.ask("account", "passwd", "office@example.test", text="secret word\n", check=False)
        assert refusal.returncode and "nobody signs in" in refusal.stderr + refusal.stdout, refusal
        try: server.imap("office@example.test", "")
        except imaplib.IMAP4.error: pass
        else: raise AssertionError("somebody signed in to a shared mailbox")
        with server.smtp() as smtp: smtp.sendmail("x@elsewhere.example", ["office@example.test"], mail("order"))
        anna, bob, carl = (server.imap(who) for who in (ANNA, BOB, CARL))
        inbox = "Shared/office@example.test/INBOX"
        assert inbox in names(anna) and inbox in names(bob)
        assert not [n for n in names(carl) if "office" in n]
        refused(carl.select(q(inbox)), "NONEXISTENT")
        idler = Idler(server, BOB, inbox)
        good(anna.select(q(inbox)))
        good(anna.store("1", "+FLAGS", "(\\Flagged)"))
        idler.wait(rb"FETCH .*\\Flagged")
        with server.smtp() as smtp: smtp.sendmail("x@elsewhere.example", ["office@example.test"], mail("another"))
        idler.wait(rb"2 EXISTS")
        good(anna.store("1", "+FLAGS", "(\\Deleted)"))
        good(anna.expunge())
        idler.wait(rb"1 EXPUNGE")
        # What is taken back is gone at once, for who is in it as well.
        server.ask("group", "update", "team", ANNA)
        idler.wait(rb"BYE")
        idler.close()
        refused(bob.select(q(inbox)), "NONEXISTENT")
        good(anna.select(q(inbox)))
        assert server.ask("check", json_result=True)["faults"] == []
        with tempfile.TemporaryDirectory() as folder:
            server.ask("export", f"{folder}/out")
            with Server() as other:
                other.ask("import", f"{folder}/out")
                client = other.imap(ANNA)
                assert inbox in names(client)
                assert other.ask("check", json_result=True)["faults"] == []
                client.logout()


def each_has_read_what_he_has():
    with Server() as server:
        server.add("anna", "bob")
        server.ask("shared", "add", "office@example.test")
        server.ask("mailbox", "share", "office@example.test", "--to", "anyone", "--may", "write")
        server.ask("mailbox", "update", "office@example.test", "INBOX", "--own-seen", "yes")
        inbox = "Shared/office@example.test/INBOX"
        for name in ("one", "two", "three"):
            with server.smtp() as smtp: smtp.sendmail("x@elsewhere.example", ["office@example.test"], mail(name))
        anna, bob = server.imap(ANNA), server.imap(BOB)
        unseen = lambda client: int(re.search(rb"UNSEEN (\d+)", good(client.status(q(inbox), "(UNSEEN)"))[0])[1])
        for client in (anna, bob): good(client.select(q(inbox)))
        good(anna.fetch("1", "(BODY[])"))
        assert fetch_flags(anna) == [{b"\\Seen"}, set(), set()], fetch_flags(anna)
        assert fetch_flags(bob) == [set(), set(), set()]
        assert (unseen(anna), unseen(bob)) == (2, 3)
        good(bob.store("2:3", "+FLAGS", "(\\Seen \\Flagged)"))
        good(anna.noop())
        anna.untagged_responses.clear() # with what bob flagged
        assert fetch_flags(anna) == [{b"\\Seen"}, {b"\\Flagged"}, {b"\\Flagged"}], fetch_flags(anna)
        assert good(anna.search(None, "UNSEEN")) == [b"2 3"] and good(bob.search(None, "SEEN")) == [b"2 3"]
        good(anna.append(q(inbox), "(\\Seen)", None, mail("four")))
        assert fetch_flags(anna, "4") == [{b"\\Seen"}]
        good(bob.noop())
        bob.untagged_responses.clear()
        assert fetch_flags(bob, "4") == [set()]
        good(bob.copy("2", "INBOX"))
        good(bob.copy("1", q(inbox)))
        assert (unseen(anna), unseen(bob)) == (3, 3)
        good(bob.store("2", "+FLAGS", "(\\Deleted)"))
        good(bob.expunge())
        assert (unseen(anna), unseen(bob)) == (2, 3)
        server.kill()
        server.start()
        anna = server.imap(ANNA)
        good(anna.select(q(inbox), readonly=True))
        assert good(anna.search(None, "SEEN")) == [b"1 3"]
        assert server.ask("check", json_result=True)["faults"] == []


def rights_decide_every_command():
    with Server() as server:
        server.add("anna", "bob")
        anna, bob = server.imap(ANNA), server.imap(BOB)
        good(anna.create("Work"))
        for name in ("one", "two", "three"): good(anna.append("Work", None, None, mail(name)))
        work = f"Other Users/{ANNA}/Work"
        assert b"ACL" in good(bob.capability())[0] and b"RIGHTS=texk" in good(bob.capability())[0]
        assert good(bob.namespace())[0] == b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))'
        # What can't be seen is as what is not there.
        for command in (lambda n: bob.select(q(n)), lambda n: bob.status(q(n), "(MESSAGES)"), lambda n: bob.getacl(q(n)),
                        lambda n: bob.myrights(q(n)), lambda n: bob.delete(q(n)), lambda n: bob.setacl(q(n), BOB, "lr"),
                        lambda n: bob.append(q(n), None, None, mail("x")), lambda n: bob.create(q(n + "/sub")),
                        lambda n: bob.rename(q(n), "Mine"), lambda n: bob.getquotaroot(q(n))):
            hidden, missing = attempt(command, work), attempt(command, f"Other Users/{ANNA}/Nothing")
            assert hidden[0] == "NO" and hidden == missing, (hidden, missing)
        good(anna.setacl("Work", BOB, "lr"))
        assert good(anna.getacl("Work"))[0] == f'"Work" {ANNA} lrswipkxteacd {BOB} lr'.encode()
        assert good(bob.myrights(q(work)))[0].endswith(b' lr')
        assert names(bob, "Other Users/%") == [f"Other Users/{ANNA}"] and work in names(bob)
        good(bob.subscribe(q(work)))
        assert work in good(bob.lsub('""', "Other*"))[0].decode()
        assert b"[READ-ONLY]" in good(bob._simple_command("SELECT", q(work)))[0]
        bob.state = "SELECTED" # imaplib's own select() gives up when it can't write
        assert bob.untagged_responses["PERMANENTFLAGS"] == [b"()"]
        bob.untagged_responses.pop("READ-ONLY", None)
        good(bob.fetch("1", "(BODY[])"))
        assert fetch_flags(bob) == [set(), set(), set()]
        for command in (lambda: bob.store("1", "+FLAGS", "(\\Seen)"), bob.expunge, lambda: bob.copy("1", q(work)),
                        lambda: bob.append(q(work), None, None, mail("x")), lambda: bob.create(q(work + "/sub")),
                        lambda: bob.delete(q(work)), lambda: bob.rename(q(work), q(work + "2")), lambda: bob.getacl(q(work)),
                        lambda: bob.xatom("MOVE", "1", "INBOX"), lambda: bob._simple_command("LISTRIGHTS", q(work), BOB),
                        lambda: bob.setacl(q(work), BOB, "a")):
            refused(attempt(command), "NOPERM")
        # Rights given meanwhile count at once.
        good(anna.setacl("Work", BOB, "+swi"))
        good(bob.store("1", "+FLAGS", "(\\Seen \\Deleted)"))
        assert fetch_flags(bob)[0] == {b"\\Seen"}
        refused(attempt(bob.store, "1", "+FLAGS", "(\\Deleted)"), "NOPERM")
        good(bob.append(q(work), "(\\Seen \\Deleted $Work)", None, mail("four")))
        assert fetch_flags(bob, "4") == [{b"\\Seen", b"$Work"}]
        good(bob.copy("1", "INBOX"))
        good(anna.setacl("Work", BOB, "+tex"))
        good(bob.store("1:2", "+FLAGS", "(\\Deleted)"))
        good(bob.expunge())
        good(anna.setacl("Work", BOB, "-e"))
        good(bob.store("1", "+FLAGS", "(\\Deleted)"))
        good(bob.close())
        assert good(anna.status("Work", "(MESSAGES DELETED)"))[0].endswith(b"(MESSAGES 2 DELETED 1)")
        # New mailboxes are open to whom their parent is.
        good(anna.setacl("Work", BOB, "+k"))
        good(bob.create(q(work + "/Sub")))
        assert b"lrswikxt" in good(anna.getacl("Work/Sub"))[0]
        # The owner can't shut himself out.
        good(anna.setacl("Work", ANNA, '""'))
        assert good(anna.myrights("Work"))[0].endswith(b' la')
        refused(anna.select("Work"), "NOPERM")
        good(anna.deleteacl("Work", BOB))
        assert f"{work}/Sub" in names(bob) and attempt(bob.status, q(work), "(MESSAGES)")[0] == "NO"
        good(anna.deleteacl("Work/Sub", BOB))
        assert work not in names(bob)
        good(anna.setacl("Work", ANNA, "lrswipkxtea"))
        good(anna.select("Work"))
        assert server.ask("check", json_result=True)["faults"] == []


def the_owner_of_the_target_pays():
    with Server() as server:
        server.add("anna", quota="20K").add("bob")
        anna, bob = server.imap(ANNA), server.imap(BOB)
        good(anna.setacl("INBOX", BOB, "lrswi"))
        big, inbox = mail("big") + b"x" * 15000 + b"\r\n", f"Other Users/{ANNA}/INBOX"
        good(bob.append("INBOX", None, None, big))
        good(bob.select("INBOX"))
        good(bob.copy("1", q(inbox)))
        refused(attempt(bob.copy, "1", q(inbox)), "OVERQUOTA")
        refused(attempt(bob.append, q(inbox), None, None, big), "OVERQUOTA")
        root = good(bob.getquotaroot(q(inbox)))
        assert ANNA.encode() in root[0][0] and b"STORAGE 15 20" in root[1][0], root


def messages_are_counted():
    with Server() as server:
        server.add("anna", messages=3).add("bob", administrator="yes")
        anna, bob = server.imap(ANNA), server.imap(BOB)
        for word in (b"QUOTA=RES-STORAGE", b"QUOTA=RES-MESSAGE", b"QUOTASET"): assert word in good(anna.capability())[0], word
        for i in range(3): good(anna.append("INBOX", None, None, mail(f"m{i}")))
        refused(attempt(anna.append, "INBOX", None, None, mail("m3")), "OVERQUOTA")
        good(anna.select("INBOX"))
        refused(attempt(anna.copy, "1", "Sent"), "OVERQUOTA")
        try:
            with server.smtp() as smtp: smtp.sendmail("x@elsewhere.example", [ANNA], mail("m4"))
        except smtplib.SMTPRecipientsRefused as refusal: assert refusal.recipients[ANNA][0] in (452, 552), refusal
        else: raise AssertionError("a full mailbox took mail")
        assert good(anna.getquota(ANNA)) == [f'"{ANNA}" (MESSAGE 3 3)'.encode()]
        refused(attempt(anna.setquota, ANNA, "(MESSAGE 100)"), "NOPERM")
        refused(attempt(anna.getquota, BOB), "NONEXISTENT")
        assert good(bob.setquota(ANNA, "(STORAGE 512 MESSAGE 4)"))[0].endswith(b"(STORAGE 1 512 MESSAGE 3 4)")
        good(anna.append("INBOX", None, None, mail("m3")))
        good(anna.store("1", "+FLAGS", "(\\Deleted)"))
        assert re.search(rb"DELETED 1 DELETED-STORAGE \d\d+\)", good(anna.status("INBOX", "(DELETED DELETED-STORAGE)"))[0])
        good(anna.expunge())
        account = [a for a in server.ask("account", "list", json_result=True)["accounts"] if a["address"] == ANNA][0]
        assert (account["quotaMessages"], account["usedMessages"]) == (4, 3), account
        server.kill()
        server.start()
        assert server.ask("check", json_result=True)["faults"] == []


def notes_are_kept_beside_mailboxes():
    with Server() as server:
        server.add("anna", administrator="yes").add("bob", "carl")
        anna, bob, carl = (server.imap(who) for who in (ANNA, BOB, CARL))
        get = lambda client, name, entries: good(client._untagged_response(*client._simple_command("GETMETADATA", q(name), entries), "METADATA"))
        put = lambda client, name, entries: client._simple_command("SETMETADATA", q(name), entries)
        good(anna.create("Work"))
        good(anna.setacl("Work", BOB, "lr"))
        work = f"Other Users/{ANNA}/Work"
        good(put(anna, "Work", '(/shared/comment "for all" /private/comment "for me")'))
        assert get(bob, work, "(/shared/comment /private/comment)") == [f'"{work}" (/shared/comment "for all" /private/comment NIL)'.encode()]
        good(put(bob, work, '(/private/comment "bob\'s")'))
        assert get(anna, "Work", "/private/comment") == [b'"Work" (/private/comment "for me")']
        refused(attempt(put, carl, work, '(/shared/comment "x")'), "NONEXISTENT")
        refused(attempt(put, bob, "", '(/shared/comment "x")'), "NOPERM")
        good(put(anna, "", '(/shared/comment "Welcome" /shared/admin "mailto:anna@example.test")'))
        assert get(carl, "", "/shared/comment") == [b'"" (/shared/comment "Welcome")']
        refused(put(anna, "Work", '(/private/big {70000+}\r\n%s)' % ("x" * 70000)), "METADATA MAXSIZE 65536")
        for i in range(99): good(put(anna, "Work", f'(/private/vendor/n{i} "{i}")'))
        refused(put(anna, "Work", '(/private/vendor/more "x")'), "METADATA TOOMANY")
        answer = anna._simple_command("GETMETADATA", '(MAXSIZE 1 DEPTH infinity)', q("Work"), "/private")
        assert b"LONGENTRIES 6" in good(answer)[0]
        # What others set is told to who asks for it; it goes with a mailbox that is renamed, and ends with it.
        watcher = Idler(server, ANNA, "Work")
        watcher.sock.sendall(b"DONE\r\n")
        watcher.wait(rb"^i OK")
        watcher.command("ENABLE METADATA")
        good(put(anna, "Work", '(/shared/comment "new")'))
        watcher.sock.sendall(b"a NOOP\r\n")
        watcher.wait(rb'METADATA "Work" /shared/comment')
        watcher.close()
        good(anna.rename("Work", "Labour"))
        anna.untagged_responses.clear()
        assert get(anna, "Labour", "/shared/comment") == [b'"Labour" (/shared/comment "new")']
        listed = bob._simple_command("LIST", '""', "Other*", "RETURN (MYRIGHTS METADATA (/shared/comment))")
        good(listed)
        assert b"lr" in bob.untagged_responses["MYRIGHTS"][0] and b'"new"' in bob.untagged_responses["METADATA"][0]
        good(anna.delete("Labour"))
        good(anna.create("Labour"))
        anna.untagged_responses.clear()
        assert get(anna, "Labour", "/shared/comment") == [b'"Labour" (/shared/comment NIL)']
        assert server.ask("check", json_result=True)["faults"] == []


def programs_work_on_what_is_shared():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna", "bob")
        anna = server.imap(ANNA)
        good(anna.create("Work"))
        good(anna.setacl("Work", BOB, "lrswite"))
        for i in range(20): good(anna.append("Work", None, None, mail(f"m{i}")))
        url = f"imap://127.0.0.1:{server.ports['imap']}/Other%20Users/{ANNA.replace('@', '%40')}/Work"
        assert "Subject: m3" in tool("curl", "-s", "-u", f"{BOB}:{PASSWORD}", f"{url};MAILINDEX=4")
        os.mkdir(f"{folder}/mail")
        with open(f"{folder}/rc", "w") as rc: rc.write(f"""
IMAPStore far
Host 127.0.0.1
Port {server.ports['imap']}
User {BOB}
Pass "{PASSWORD}"
TLSType None
AuthMechs LOGIN

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/inbox

Channel work
Far ":far:Other Users/{ANNA}/Work"
Near :near:work
Create Near
Expunge Both
SyncState *
""")
        sync = lambda: tool("mbsync", "-c", f"{folder}/rc", "work")
        sync()
        box = f"{folder}/mail/work"
        files = lambda: [f"{box}/{sub}/{f}" for sub in ("cur", "new") for f in os.listdir(f"{box}/{sub}")]
        assert len(files()) == 20
        seen = files()[0]
        os.rename(seen, f"{box}/cur/{os.path.basename(seen).split(':')[0]}:2,S")
        os.remove(files()[1])
        with open(f"{box}/new/extra.1", "wb") as extra: extra.write(mail("from bob").replace(b"\r\n", b"\n"))
        sync()
        assert good(anna.status("Work", "(MESSAGES UNSEEN)"))[0] in (b'"Work" (MESSAGES 20 UNSEEN 19)', b'"Work" (MESSAGES 20 UNSEEN 18)')
        server.kill()
        server.start(fixed_ports=True)
        sync()
        assert len(files()) == 20
        assert server.ask("check", json_result=True)["faults"] == []


if __name__ == "__main__":
    run(an_office_shares_its_mail, each_has_read_what_he_has, rights_decide_every_command, the_owner_of_the_target_pays, messages_are_counted,
        notes_are_kept_beside_mailboxes, programs_work_on_what_is_shared)
