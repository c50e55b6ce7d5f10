#!/usr/bin/python3
"""people - the approvers, unattended: read a mail, open the link in it, fill in the form, press a button.

    people.py MAIL...       does that for mails that are files, as those in FOLDER/mail of a run
                            with the usual invoices

They see what people see: the page that the link shows. What they think of an invoice is in papers.py.
"""

import email
import email.policy
import html.parser
import http.client
import pathlib
import re
import sys
import urllib.parse

import papers

LINK = re.compile(r"https?://\S+/(?:approval/r/|notify/confirm)\S*")


class Page(html.parser.HTMLParser):
    """The page behind a link: its table, and the names of its form's fields."""

    def __init__(self, text):
        super().__init__()
        self.table, self.fields, self.buttons = {}, set(), 0
        self.within, self.label = None, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.within = tag
        name = dict(attrs).get("name")
        if tag in ("input", "select", "textarea") and name:
            self.fields.add(name)
        elif tag == "button":
            self.buttons += 1

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within == "th":
            self.label = data
        elif self.within == "td":
            self.table[self.label] = data


def browse(method, link, form=None):
    """(status, text) of a page; OSError or HTTPException when nobody is there."""
    parts = urllib.parse.urlsplit(link)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = urllib.parse.urlencode(form) if form is not None else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def filled_in(page, known):
    """What to send for the form of this page; None: leave it alone."""
    if "decision" not in page.fields and "comment" not in page.fields:
        return {}       # one button and nothing else: confirm the subscription
    paper = known[page.table["VAT id"], page.table["Invoice"]]
    if paper.answer == "wait":
        return None
    if paper.answer == "reject":
        return {"decision": "rejected", "comment": paper.comment}
    form = {"decision": "approved", "comment": "", "f.cost_center": "Office"}
    if paper.kind == "total smudged":
        form["f.total"] = f"{paper.cents // 100}.{paper.cents % 100:02}"
        form["comment"] = "The total is what I read on the paper."
    return form


def read(path):
    """A mail that is a file."""
    return email.message_from_bytes(pathlib.Path(path).read_bytes(), policy=email.policy.default)


def link_in(path):
    """The link in a mail; None: one that asks for nothing."""
    found = LINK.search(read(path).get_body(("plain",)).get_content())
    return found and found.group(0)


def open_page(link):
    """The page behind a link; None: it has nothing to press any more, others have decided."""
    status, text = browse("GET", link)
    page = Page(text)
    return page if status == 200 and page.buttons else None


def answer_mail(path, known):
    """Does what the mail asks for; a word for what was done. known: papers by their keys."""
    link = link_in(path)
    if link is None:
        return "read"
    page = open_page(link)
    if page is None:
        return "too late"
    form = filled_in(page, known)
    if form is None:
        return "left alone"
    status, text = browse("POST", link, form)
    if status not in (200, 409, 410):
        raise AssertionError(f"{link} answered {status} to {form}: {text}")
    return form.get("decision", "confirmed")


def main():
    known = {paper.key: paper for paper in papers.draw_papers(50, 1)}
    for path in sys.argv[1:] or sys.exit(__doc__):
        print(path, answer_mail(path, known))


if __name__ == "__main__":
    main()
