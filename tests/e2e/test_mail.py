#!/usr/bin/python3
"""test_mail - mail that plugins send (through the module probe.c) to a real SMTP server, aiosmtpd: what arrives,
what is refused for good or for now, TLS and passwords, and that a slow server holds up nobody."""

import functools
import json
import re
import shutil
import subprocess
import time

import pawltest
import smtp
from pawltest import Skip, check, contains, equal, wait_for

MAIL = "arn:pawl:states:::probe:mail"
UMLAUTS = "Ihre Bestellung über 3 € ist da " + "\U0001f600" * 40


@functools.cache
def database():
    return pawltest.Postgres()


@functools.cache
def peer():
    return smtp.Peer()


@functools.cache
def secure_peer(**options):
    folder = pawltest.temporary_folder()
    if not shutil.which("openssl"):
        raise Skip("needs the openssl command (Debian: openssl)")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    made = smtp.Peer(cert=str(folder / "cert.pem"), key=str(folder / "key.pem"), **options)
    made.cert = folder / "cert.pem"
    return made


def start(**options):
    return pawltest.Pawld(database=database().new_database(), modules=["probe"], **options)


@functools.cache
def daemon():
    return start(smtp_server=f"smtp://127.0.0.1:{peer().port}",
                 mail_from="Pawl <pawl@flows.example>")


@functools.cache
def machine(server):
    return server.client().create("mail", {"StartAt": "M", "States": {
        "M": {"Type": "Task", "Resource": MAIL, "End": True}}})


def send(server=None, **parameters):
    """What became of the mail: (sent, permanent, message)."""
    server = server or daemon()
    mail = {"To": ["ann@example.com"], "Subject": "Hello", "Text": "Hello Ann", **parameters}
    end = server.client().run(machine(server), mail)
    equal(end["status"], "SUCCEEDED", str(end))
    result = json.loads(end["output"])
    return result["sent"], result["permanent"], result["message"]


@check("a mail arrives whole: addresses, subject, date, id, text and HTML")
def _():
    equal(send(To=["ann@example.com", '"Lee, Bob" <bob@example.com>', "Jörg <j@example.com>"],
               Subject=UMLAUTS, Text="Grüße\n.\n..dots\nend" + "x" * 2000 + "\n",
               Html="<p>Grüße &amp; €</p>"), (True, False, ""))
    mail = peer().next()
    equal((mail["from"], mail["to"]), ("pawl@flows.example",
                                       ["ann@example.com", "bob@example.com", "j@example.com"]))
    message = mail["message"]
    equal([(a.display_name, a.addr_spec) for a in message["To"].addresses],
          [("", "ann@example.com"), ("Lee, Bob", "bob@example.com"), ("Jörg", "j@example.com")])
    equal([(a.display_name, a.addr_spec) for a in message["From"].addresses],
          [("Pawl", "pawl@flows.example")])
    equal(message["Subject"], UMLAUTS)
    equal((message["MIME-Version"], message.get_content_type()), ("1.0", "multipart/alternative"))
    assert abs(message["Date"].datetime.timestamp() - time.time()) < 60, message["Date"]
    assert re.fullmatch(r"<[0-9a-f-]{36}@flows\.example>", message["Message-ID"])
    text, html = message.iter_parts()
    equal((text.get_content_type(), html.get_content_type()), ("text/plain", "text/html"))
    equal(text.get_content().replace("\r\n", "\n"), "Grüße\n.\n..dots\nend" + "x" * 2000 + "\n")
    equal(html.get_content().rstrip("\n"), "<p>Grüße &amp; €</p>")
    assert max(len(line) for line in mail["data"].split("\r\n")) <= 100, "a line is long"
    assert mail["data"].isascii() and "\n" not in mail["data"].replace("\r\n", "")


@check("a sender of one's own and further headers are used")
def _():
    equal(send(From="Other <other@flows.example>", Headers={
        "Message-ID": "<1@x.example>", "X-Note": "für Sie", "Date": "Thu, 01 Jan 2026 00:00:00 +0000"}),
          (True, False, ""))
    mail = peer().next()
    message = mail["message"]
    equal((mail["from"], message["From"].addresses[0].display_name), ("other@flows.example", "Other"))
    equal((message["Message-ID"], message["X-Note"]), ("<1@x.example>", "für Sie"))
    equal((message.get_all("Message-ID"), len(message.get_all("Date"))), (["<1@x.example>"], 1))
    equal(message["Date"].datetime.year, 2026)
    equal([part.get_content_type() for part in message.iter_parts()], ["text/plain"])


@check("nothing in addresses, subject or headers becomes a line of the head")
def _():
    before = len(peer().taken)
    for parameters, part in (({"Subject": "a\r\nBcc: evil@x.example"}, "The subject holds"),
                             ({"Subject": "a\nb"}, "The subject holds"),
                             ({"To": ["a@b.example\r\nBcc: evil@x.example"]}, "An address is neither"),
                             ({"To": ["x\nBcc: evil@x.example <a@b.example>"]}, "The name of an"),
                             ({"To": ["a@b.example> SIZE=1"]}, "An address is neither"),
                             ({"To": ["a@b.example, evil@x.example"]}, "An address is neither"),
                             ({"From": "a@b.example\nBcc: x@y.example"}, "An address is neither"),
                             ({"Headers": {"X-A": "b\r\nBcc: evil@x.example"}}, "A header holds"),
                             ({"Headers": {"X-A: y\r\nBcc": "x"}}, "A header has a name"),
                             ({"Headers": {"Bcc": "evil@x.example"}}, "cannot be set"),
                             ({"To": []}, "no recipient")):
        sent, permanent, message = send(**parameters)
        equal((sent, permanent), (False, True), str(parameters))
        contains(message, part)
    equal(len(peer().taken), before)


@check("5xx is for good, 4xx is not, and the server's words are told")
def _():
    sent, permanent, message = send(To=["nobody@example.com"])
    equal((sent, permanent), (False, True))
    equal(message, f"127.0.0.1:{peer().port} answered: 550 5.1.1 No such user here")
    sent, permanent, message = send(To=["later@example.com"])
    equal((sent, permanent), (False, False))
    contains(message, "451 4.3.2 Please try again later")
    # all or nobody
    equal(send(To=["ann@example.com", "nobody@example.com"])[:2], (False, True))
    equal(peer().taken, [])
    metrics = daemon().client().get("/metrics").body.decode()
    contains(metrics, 'pawl_mails_total{result="refused"}')
    contains(metrics, 'pawl_mails_total{result="sent"} 2')


@check("a server that does not answer, or is not there, is a time-out and no end")
def _():
    sent, permanent, message = send(To=["silence@example.com"], TimeoutMs=400)
    equal((sent, permanent, message), (False, False, f"127.0.0.1:{peer().port}: Timed out"))
    with start(smtp_server="smtp://127.0.0.1:1", mail_from="a@b.example") as server:
        sent, permanent, message = send(server)
        equal((sent, permanent), (False, False))
        contains(message, "127.0.0.1:1: ")


@check("a server that does not answer QUIT holds up nobody, nor does one that gets no mail through")
def _():
    client = daemon().client()
    began = time.monotonic()
    equal(send(To=["stuck@example.com"]), (True, False, ""))
    equal(send(To=["nobody@stuck.example"])[:2], (False, True))
    equal(client.get("/health").status, 200)
    assert time.monotonic() - began < 10, "libcurl waited for the answer to QUIT"
    equal(peer().next()["to"], ["stuck@example.com"])
    metrics = client.get("/metrics").body.decode()
    assert "pawl_plugin_blocked_total{" not in metrics, metrics
    # the longest turn of the loop so far is far below a second
    below = re.search(r'pawl_loop_lag_seconds_bucket\{le="1"\} (\d+)', metrics).group(1)
    equal(re.search(r"pawl_loop_lag_seconds_count (\d+)", metrics).group(1), below)


@check("a mail that is cancelled, or under way when pawld stops, harms nobody")
def _():
    with start(smtp_server=f"smtp://127.0.0.1:{peer().port}", mail_from="a@b.example") as server:
        client = server.client()
        end = client.run(machine(server), {"To": ["silence@example.com"], "Cancel": True})
        equal(end["error"], "Probe.Cancelled")
        client.start(machine(server), {"To": ["silence@example.com"], "Subject": "s"})
        wait_for(lambda: b'pawl_tasks_total{resource="arn:pawl:states:::probe:mail"} 2' in
                 client.get("/metrics").body, what="the mail to begin")
    assert not server.is_running()


@check("many mails at the same time all arrive")
def _():
    client = daemon().client()
    runs = [client.start(machine(daemon()), {"To": [f"n{n}@example.com"], "Subject": str(n),
                                             "Text": "x"}) for n in range(60)]
    for run in runs:
        equal(json.loads(client.wait(run)["output"])["sent"], True)
    got = {peer().next()["to"][0] for _ in range(60)}
    equal(got, {f"n{n}@example.com" for n in range(60)})


@check("without smtp_server or a sender mail fails at once and says what to set; SIGHUP sets it")
def _():
    with start(config="") as server:
        equal(send(server), (False, False, "Mail is not configured: set smtp_server in pawl.conf"))
        server.config_path.write_text(f'smtp_server = "smtp://127.0.0.1:{peer().port}"\n',
                                      encoding="utf-8")
        server.process.send_signal(pawltest.signal.SIGHUP)
        wait_for(lambda: send(server)[2] == "Mail has no sender: set mail_from in pawl.conf",
                 what="the reload")
        equal(send(server, From="a@b.example"), (True, False, ""))
        equal(peer().next()["from"], "a@b.example")


@check("with smtp_user the password goes over TLS that is checked, or not at all")
def _():
    guarded = secure_peer(user="pawl", password="s3cret")
    common = {"smtp_server": f"smtp://localhost:{guarded.port}", "mail_from": "a@b.example",
              "smtp_user": "pawl", "smtp_password": "s3cret"}
    with start(**common, smtp_ca_file=str(guarded.cert)) as server:
        equal(send(server), (True, False, ""))
        mail = guarded.next()
        equal((mail["user"], mail["tls"]), ("pawl", True))
        assert "s3cret" not in server.log()
    with start(**common) as server:         # nobody vouches for the certificate
        sent, permanent, message = send(server)
        equal((sent, permanent), (False, False))
        contains(message.lower(), "certificate")
    with start(**{**common, "smtp_password": "wrong"}, smtp_ca_file=str(guarded.cert)) as server:
        sent, permanent, message = send(server)
        equal((sent, permanent), (False, False))
        assert "wrong" not in server.log()
    plain = {**common, "smtp_server": f"smtp://127.0.0.1:{peer().port}"}
    with start(**plain) as server:          # it offers no TLS
        sent, permanent, message = send(server)
        equal((sent, permanent), (False, False))
        contains(message, "STARTTLS")


@check("smtp_tls: try takes what there is, require insists, smtps begins with it")
def _():
    offering = secure_peer()
    url = f"smtp://127.0.0.1:{offering.port}"
    for tls, ca_file, expected in (("try", "", True), ("none", "", False),
                                   ("require", str(offering.cert), True)):
        with start(smtp_server=url, mail_from="a@b.example", smtp_tls=tls,
                   smtp_ca_file=ca_file) as server:
            equal(send(server), (True, False, ""), tls)
            equal(offering.next()["tls"], expected, tls)
    with start(smtp_server=f"smtp://127.0.0.1:{peer().port}", mail_from="a@b.example",
               smtp_tls="require") as server:
        equal(send(server)[:2], (False, False))
    implicit = secure_peer(implicit=True)
    with start(smtp_server=f"smtps://localhost:{implicit.port}", mail_from="a@b.example",
               smtp_ca_file=str(implicit.cert)) as server:
        equal(send(server), (True, False, ""))
        equal(len(implicit.next()["to"]), 1)
    with start(smtp_server=f"smtps://localhost:{implicit.port}",
               mail_from="a@b.example") as server:
        equal(send(server)[:2], (False, False))


pawltest.main()
