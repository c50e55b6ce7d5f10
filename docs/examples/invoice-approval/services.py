#!/usr/bin/python3
"""services - the world around the accounts department: a bank, and a mail server.

    POST /payments   {"iban": ..., "name": ..., "amount": "12.50", "currency": "EUR", "reference": ...}
                     with the header Idempotency-Key -> 201 {"payment": "P-1"}; the same key again -> 200
                     and the same answer; the same key for something else -> 422
    GET  /payments   every payment, with how often it was asked for
    SMTP             each mail becomes a file FOLDER/mail/NUMBER.eml

Payments are in FOLDER/payments.jsonl, a line each, and are read from there at the start.

The bank is a slow and a bad one: of some payments (--lose: every Nth) the answer gets lost, so the
caller sees 503 although the money has gone; of others (--hold: the 5th, the 12th ...) it waits with the
answer until the caller has hung up. Lines on standard output say what happens:

    services ready URL SMTP-HOST:PORT
    mail FILE        a mail is there
    held N           the Nth payment is booked, its caller waits for the answer
"""

import argparse
import contextlib
import http.server
import json
import os
import pathlib
import select
import socketserver
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1]))
# pylint: disable=wrong-import-position
import example

SAY = threading.Lock()


def say(*words):
    """A line for whoever has started us."""
    with SAY:
        print(*words, flush=True)


# --- the bank -----------------------------------------------------------------------------------

class Bank:
    """The payments by their idempotency keys."""

    def __init__(self, path, hold=(), lose=0):
        self.lock = threading.Lock()
        self.path = path
        self.hold, self.lose = set(hold), lose
        self.payments = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                payment = json.loads(line)
                self.payments[payment["key"]] = {**payment, "asked": 0}

    def pay(self, key, order):
        """(status, answer, what happens to the answer: None, "held" or "lost", number)"""
        with self.lock:
            known = self.payments.get(key)
            if known:
                known["asked"] += 1
                if known["order"] != order:
                    return 422, {"message": "this key was for another payment"}, None, 0
                return 200, {"payment": known["payment"]}, None, 0
            number = len(self.payments) + 1
            payment = {"payment": f"P-{number}", "key": key, "order": order}
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(payment) + "\n")
            self.payments[key] = {**payment, "asked": 1}
            fate = None
            if number in self.hold:
                fate = "held"
            elif self.lose and number % self.lose == 0:
                fate = "lost"
            return 201, {"payment": payment["payment"]}, fate, number


class BankHandler(example.JsonHandler):
    """One connection of the bank."""

    def do_GET(self):
        if self.path == "/payments":
            self.answer(200, {"payments": list(self.server.bank.payments.values())})
        else:
            self.answer(404, {"message": "no such page"})

    def do_POST(self):
        body = self.body()
        key = self.headers.get("Idempotency-Key")
        try:
            order = json.loads(body)
            complete = all(order[name] for name in ("iban", "name", "amount", "currency", "reference"))
        except (ValueError, KeyError, TypeError):
            complete = False
        if self.path != "/payments":
            self.answer(404, {"message": "no such service"})
        elif not key or not complete:
            self.answer(400, {"message": "a payment needs a key, an IBAN, a name, an amount, a currency"
                                         " and a reference"})
        else:
            status, answer, fate, number = self.server.bank.pay(key, order)
            if fate == "held":
                say("held", number)
                self.wait_for_hang_up()
            elif fate == "lost":
                self.answer(503, {"message": "please try again"})
            else:
                self.answer(status, answer)

    def wait_for_hang_up(self):
        select.select([self.connection], [], [])
        self.close_connection = True

    def handle(self):
        with contextlib.suppress(ConnectionError):      # the caller was killed
            super().handle()


class BankServer(http.server.ThreadingHTTPServer):
    """The bank's address."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, bank):
        super().__init__(address, BankHandler)
        self.bank = bank


# --- the mail server ---------------------------------------------------------------------------

class MailHandler(socketserver.StreamRequestHandler):
    """One SMTP session."""

    def handle(self):
        self.say(220, "mail.example.com ready")
        try:
            while line := self.rfile.readline(1000):
                if not self.obey(line.decode("latin-1").strip()):
                    break
        except OSError:
            pass        # the client has gone

    def say(self, code, text):
        self.wfile.write(f"{code} {text}\r\n".encode())

    def obey(self, line):
        """False: that was the last command."""
        verb = line[:4].upper()
        if verb == "DATA":
            self.take_mail()
        elif verb == "QUIT":
            self.say(221, "bye")
            return False
        elif verb in ("HELO", "EHLO", "MAIL", "RCPT", "RSET", "NOOP"):
            self.say(250, "fine")
        else:
            self.say(502, "that I do not know")
        return True

    def take_mail(self):
        self.say(354, "go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".").replace(b"\r\n", b"\n"))
        if line:        # else it broke off
            path = self.server.keep(b"".join(lines))
            self.say(250, "taken")
            say("mail", path)


class MailServer(socketserver.ThreadingTCPServer):
    """Mail becomes files."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address, folder):
        super().__init__(address, MailHandler)
        self.folder = folder
        self.lock = threading.Lock()
        self.count = len(list(folder.glob("*.eml")))

    def keep(self, data):
        with self.lock:
            self.count += 1
            path = self.folder / f"{self.count:04}.eml"
        part = path.with_suffix(".part")
        part.write_bytes(data)
        os.replace(part, path)
        return path


# --- both ----------------------------------------------------------------------------------------

def numbers(text):
    return [int(word) for word in text.split(",") if word]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0, help="of the bank; 0: a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="of the mail server; 0: a free one")
    parser.add_argument("--hold", type=numbers, default=(), metavar="N,N...")
    parser.add_argument("--lose", type=int, default=0, metavar="N")
    options = parser.parse_args()
    mail = options.folder / "mail"
    mail.mkdir(parents=True, exist_ok=True)
    bank = BankServer(("127.0.0.1", options.port),
                      Bank(options.folder / "payments.jsonl", options.hold, options.lose))
    post = MailServer(("127.0.0.1", options.smtp_port), mail)
    for server in (bank, post):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"services ready http://127.0.0.1:{bank.server_address[1]} 127.0.0.1:{post.server_address[1]}")
    sys.stdin.read()        # until whoever started us closes it, or a signal


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
