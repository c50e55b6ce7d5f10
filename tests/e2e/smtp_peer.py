#!/usr/bin/python3
"""smtp_peer - an SMTP server for tests, made of aiosmtpd: prints its port, then each mail that it took as a
line of JSON. Needs the argument of a JSON object: cert and key (PEM files) for TLS, implicit: TLS from the
first byte, user and password: nobody else may send.

Who a mail is for says how it goes: "nobody" is refused for good, "later" for now, "silence" gets
no answer after the data, "stuck" gets its mail but no answer to QUIT."""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, syntax


class Peer(SMTP):
    """Answers no QUIT when the mail was for "stuck"."""

    stuck = False

    @syntax("QUIT")
    async def smtp_QUIT(self, arg):
        if self.stuck:
            await asyncio.sleep(3600)
        await super().smtp_QUIT(arg)


class Handler:
    """Takes mails and prints them."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name == "nobody":
            server.stuck = address.endswith("@stuck.example")
            return "550 5.1.1 No such user here"
        if name == "later":
            return "451 4.3.2 Please try again later"
        server.stuck = name == "stuck"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if any(address.startswith("silence@") for address in envelope.rcpt_tos):
            await asyncio.sleep(3600)
        user = session.auth_data.login.decode() if session.auth_data else None
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "user": user,
                          "tls": session.ssl is not None,
                          "data": envelope.original_content.decode("latin-1")}), flush=True)
        return "250 2.0.0 Taken"


async def main():
    options = json.loads(sys.argv[1])
    context = None
    if "cert" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["cert"], options["key"])

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (options["user"], options["password"])
        return AuthResult(success=good, auth_data=data if good else None)

    def connection():
        implicit = options.get("implicit", False)
        more = {}
        if "user" in options:
            more = {"authenticator": authenticate, "auth_required": True,
                    "auth_require_tls": context is not None and not implicit}
        return Peer(Handler(), hostname="mail.test", decode_data=False,
                    tls_context=None if implicit else context, **more)

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if options.get("implicit") else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
