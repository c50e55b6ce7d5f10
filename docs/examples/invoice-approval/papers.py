"""papers - the invoices that come in: PDF files, and what is written on them.

Everything follows from a seed: the same number of invoices and the same seed give the same files, byte
for byte. Most are ordinary; see KINDS for what is wrong with the others.
"""

import dataclasses
import datetime
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
SUPPLIERS = json.loads((HERE / "suppliers.json").read_text(encoding="utf-8"))
STRANGERS = [
    {"vat_id": "DE299876543", "name": "Seminare Nord GmbH", "language": "de",
     "iban": "DE03909378657975432319"},
    {"vat_id": "DE301122334", "name": "Global Register Service UG", "language": "de",
     "iban": "DE92749118625276018955"},
]
ARTICLES = {"en": ["Desk lamp", "Office chair", "Roses, white", "Network cable", "Whiteboard"],
            "de": ["Papier A4", "Druckerpatrone", "Steckdosenleiste", "Assam, lose", "Ordner"]}
WORDS = {
    "en": {"title": "INVOICE", "vat_id": "VAT ID:", "number": "Invoice number:", "issued": "Invoice date:",
           "net": "Net", "vat": "VAT 19 %", "total": "Total due", "pay": "Please pay to IBAN"},
    "de": {"title": "RECHNUNG", "vat_id": "USt-IdNr.:", "number": "Rechnungsnummer:",
           "issued": "Rechnungsdatum:", "net": "Nettobetrag", "vat": "USt. 19 %",
           "total": "Rechnungsbetrag", "pay": "Zahlbar auf IBAN"},
}

# What may be the matter with an invoice, how many of a hundred are so, and what people do with it.
LEAST = 20      # among so many, each kind is there
KINDS = {
    "ordinary": (46, None, None),
    "above the limit": (14, "approve", None),
    "not ordered": (6, "reject", "We have not ordered this."),
    "very large": (4, "approve", None),
    "total smudged": (6, "approve", None),
    "other IBAN": (6, "reject", "The supplier says on the phone: that is not our account."),
    "new supplier": (4, "approve", None),
    "nobody knows them": (2, "reject", "An entry in a register that nobody needs."),
    "nobody answers": (2, "wait", None),
    "sent twice": (6, None, None),      # the scan before it once more, under another name
    "no invoice": (2, None, None),      # an advertisement
    "cut off": (2, None, None),         # the scanner stopped
}
# How each of them ends.
ENDS = {"reject": "refused", "wait": "expired", "sent twice": "duplicate", "no invoice": "unreadable",
        "cut off": "unreadable"}


@dataclasses.dataclass
class Paper:
    """An invoice: what is written on it, and what a person knows about it."""

    file: str
    kind: str
    supplier: dict
    number: str
    issued: str
    cents: int
    iban: str

    @property
    def answer(self):
        """What people do when they are asked: approve, reject, wait; None: nobody asks."""
        return KINDS[self.kind][1]

    @property
    def comment(self):
        return KINDS[self.kind][2]

    @property
    def end(self):
        """The status that it must get, when people are the ones of people.py."""
        return ENDS.get(self.kind) or ENDS.get(self.answer) or "paid"

    @property
    def key(self):
        return self.supplier["vat_id"], self.number


# --- what is on them ---------------------------------------------------------------------------

def kinds(count, draw):
    """A kind for each of so many invoices: all kinds, in their shares, well mixed."""
    chosen = []
    for kind, (share, _, _) in KINDS.items():
        if kind != "ordinary":
            chosen += [kind] * max(1, round(share * count / 100))
    chosen += ["ordinary"] * (count - len(chosen))
    draw.shuffle(chosen)
    first = chosen.index("ordinary")    # what is sent twice needs one before it
    chosen[0], chosen[first] = chosen[first], chosen[0]
    return chosen


def cents_for(kind, supplier, draw):
    limit = supplier.get("free_up_to", 50000)
    if kind == "very large":
        return draw.randrange(1000001, 4000000)
    if kind in ("above the limit", "not ordered", "nobody answers"):
        return draw.randrange(limit + 1, 1000000)
    return draw.randrange(1900, limit + 1)


def draw_papers(count, seed):
    """The invoices, in the order in which they come."""
    draw = random.Random(seed)
    papers = []
    for place, kind in enumerate(kinds(count, draw), 1):
        file = f"scan-{place:03}.pdf"
        if kind == "sent twice":
            before = draw.choice([p for p in papers if p.kind == "ordinary"])
            papers.append(dataclasses.replace(before, file=file, kind=kind))
            continue
        supplier = draw.choice(SUPPLIERS)
        if kind in ("new supplier", "nobody knows them"):
            supplier = STRANGERS[kind == "nobody knows them"]
        day = datetime.date(2026, 9, 1) + datetime.timedelta(days=draw.randrange(60))
        number = f"{supplier['vat_id'][:2]}-{day.year}-{place:04}"
        iban = supplier["iban"]
        if kind == "other IBAN":
            iban = draw.choice([s["iban"] for s in SUPPLIERS if s is not supplier])
        papers.append(Paper(file, kind, supplier, number, day.isoformat(),
                            cents_for(kind, supplier, draw), iban))
    return papers


def money(cents, language):
    text = f"{cents // 100:,}.{cents % 100:02}"
    if language == "de":
        return text.translate(str.maketrans(",.", ".,")) + " EUR"
    return "EUR " + text


def lines(paper):
    """What to print: (x, y, size, text) in points from the lower left."""
    language = paper.supplier["language"]
    words, draw = WORDS[language], random.Random(paper.number)
    net = round(paper.cents / 1.19)
    day = paper.issued
    if language == "de":
        day = ".".join(reversed(day.split("-")))
    total = money(paper.cents, language)
    if paper.kind == "total smudged":       # a coffee cup stood on one digit
        place = draw.choice([i for i, c in enumerate(total) if c.isdigit()])
        total = total[:place] + "#" + total[place + 1:]
    yield 60, 780, 15, paper.supplier["name"]
    yield 400, 780, 15, words["title"]
    yield 60, 762, 9, f"{words['vat_id']} {paper.supplier['vat_id']}"
    yield 60, 700, 10, f"{words['number']} {paper.number}"
    yield 60, 684, 10, f"{words['issued']} {day}"
    yield 60, 630, 10, f"{draw.randrange(1, 12)} x {draw.choice(ARTICLES[language])}"
    rows = [(words["net"], money(net, language)),
            (words["vat"], money(paper.cents - net, language)), (words["total"], total)]
    for row, (label, amount) in enumerate(rows):
        yield 60, 590 - 18 * row, 10, label
        yield 400, 590 - 18 * row, 10, amount
    groups = " ".join(paper.iban[i:i + 4] for i in range(0, len(paper.iban), 4))
    yield 60, 500, 10, f"{words['pay']} {groups}"


def advertisement():
    yield 60, 780, 20, "Great offers!"
    yield 60, 740, 12, "Everything must go. Only this week, only for you."


# --- PDF ------------------------------------------------------------------------------------------

def pdf(printed):
    """A PDF file of one page with these lines."""
    drawn = []
    for x, y, size, text in printed:
        text = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        drawn.append(f"BT /F {size} Tf {x} {y} Td ({text}) Tj ET\n")
    stream = "".join(drawn).encode("cp1252")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
                   % (len(objects) + 1, table, len(objects) + 1, len(data)))


def scan(paper):
    """The bytes of its file."""
    if paper.kind == "cut off":
        return pdf(lines(paper))[:60]
    return pdf(advertisement() if paper.kind == "no invoice" else lines(paper))


def put_into(folder, name, content):
    """Writes a file; its name stands for a whole file at all times."""
    part = folder / (name + ".part")
    part.write_bytes(content)
    part.rename(folder / name)
