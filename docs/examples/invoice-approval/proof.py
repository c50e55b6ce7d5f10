"""proof - the books against each other: what the bank paid, what the accounts have, what was told.

The bank's list of payments and the table invoice come from two programs that know nothing of each
other. What must hold: a paid invoice has one payment, of its amount, to its IBAN; there is no payment
without a paid invoice; every scan has ended, is archived and was told once.
"""

import collections

WIDTHS = (14, 26, 14, 13, 11, 26, 9, 9)
HEADS = ("scan", "supplier", "number", "total", "ended as", "decided by", "payments", "asked for")


def cents(text):
    """Cents of a bank's amount."""
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest)


class Books:
    """All that is known when everything is over."""

    def __init__(self, told, invoices, payments, archived):
        self.told = told                # messages in bookkeeping's queue, {"id": ..., "message": {...}}
        self.invoices = invoices        # rows of the table
        self.payments = payments        # of the bank
        self.archived = archived        # names in archive/, FOLDER/EXECUTION.pdf
        self.by_key = {(i["supplier"], i["number"]): i for i in invoices}
        self.paid_for = collections.defaultdict(list)
        for payment in payments:
            self.paid_for[payment["order"]["reference"]].append(payment)

    def payments_of(self, key):
        return self.paid_for.get(" ".join(key), [])

    def complaints(self, executions):
        """Sentences, none when all is well. executions: their names and status."""
        ids = collections.Counter(t["message"]["execution"] for t in self.told)
        for name, status in executions.items():
            if status != "SUCCEEDED":
                yield f"the execution {name} is {status}"
            if ids[name] != 1:
                yield f"bookkeeping was told {ids[name]} times of {name}"
            copies = [path for path in self.archived if path.endswith(f"/{name}.pdf")]
            if len(copies) != 1:
                yield f"the scan of {name} is in the archive {len(copies)} times"
        for key, invoice in self.by_key.items():
            found = self.payments_of(key)
            wanted = 1 if invoice["status"] == "paid" else 0
            if len(found) != wanted:
                yield f"{key} is {invoice['status']} and has {len(found)} payments"
            for payment in found:
                order = payment["order"]
                if (cents(order["amount"]), order["iban"]) != (invoice["cents"], invoice["iban"]):
                    yield f"{key} was paid wrongly: {order}"
                if payment["payment"] != invoice["payment"]:
                    yield f"{key} is said to be {invoice['payment']}, the bank says {payment['payment']}"
        for reference in set(self.paid_for) - {" ".join(key) for key in self.by_key}:
            yield f"nobody knows what {reference} was paid for"

    def complaints_about_people(self, papers):
        """The same about what people.py should have made of these papers."""
        ends = {t["message"]["file"]: t["message"]["status"] for t in self.told}
        twice = {p.key for p in papers if p.kind == "sent twice"}
        for key in twice:       # which of them came first is nobody's concern
            found = sorted(ends.get(p.file, "missing") for p in papers if p.key == key)
            if found != ["duplicate"] * (len(found) - 1) + ["paid"]:
                yield f"the scans of {key} have ended as {found}"
        for paper in papers:
            if paper.key not in twice and ends.get(paper.file) != paper.end:
                yield f"{paper.file} ({paper.kind}) has ended as {ends.get(paper.file)}, not {paper.end}"
            invoice = self.by_key.get(paper.key)
            if invoice and invoice["status"] == "paid" and invoice["cents"] != paper.cents:
                yield f"{paper.key} was paid with {invoice['cents']} cents, not {paper.cents}"

    def table(self, papers):
        """Lines: a row for each scan."""
        yield row(HEADS)
        yield row("-" * (width - 1) for width in WIDTHS)
        ends = {t["message"]["file"]: t["message"] for t in self.told}
        for paper in papers:
            message = ends.get(paper.file, {})
            key = message.get("supplier"), message.get("number")
            invoice = self.by_key.get(key) if message.get("status") != "duplicate" else None
            found = self.payments_of(key) if invoice else []
            total = message.get("cents")
            yield row((
                paper.file, paper.supplier["name"] if key[0] else "-", key[1] or "-",
                f"{total / 100:>11,.2f}" if total else f"{'-':>11}", message.get("status", "-"),
                (message.get("decidedBy") or "-").replace("@example.com", ""),
                len(found) or "-", sum(p["asked"] for p in found) or "-"))

    def sums(self):
        ends = collections.Counter(t["message"]["status"] for t in self.told)
        asked = sum(p["asked"] for p in self.payments)
        yield ", ".join(f"{n} {end}" for end, n in ends.most_common())
        yield (f"{len(self.payments)} payments for {ends['paid']} paid invoices; "
               f"the bank was asked {asked} times")


def row(cells):
    return "".join(str(cell)[:width - 1].ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip()
