# A mail server for tests: aiosmtpd, with STARTTLS and a sign-in. Prints its port, then each message that it takes as a line of JSON.
# Arguments: certificate, key, how many messages are put off first, how many seconds it takes for a report.
import asyncio
import email
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

certificate, key, put_off, slow = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])


class Handler:
    def __init__(self):
        self.left = put_off

    async def handle_DATA(self, server, session, envelope):
        message = envelope.content.decode("utf-8", "replace")
        taken = self.left == 0
        self.left = max(0, self.left - 1)
        told = {
            "taken": taken,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "message": message,
            "text": email.message_from_bytes(envelope.content).get_payload(decode=True).decode(),
            "tls": session.ssl is not None,
            "user": session.auth_data if isinstance(session.auth_data, str) else None,
        }
        print(json.dumps(told), flush=True)
        if "stability summary" in message:
            await asyncio.sleep(slow)
        return "250 taken" if taken else "451 later, please"


def authenticate(server, session, envelope, mechanism, data):
    fine = data.login == b"calm-ops" and data.password == b"hunter2-of-the-mail"
    return AuthResult(success=fine, handled=False, auth_data="calm-ops" if fine else None)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def serve():
    handler = Handler()

    def connection():
        return SMTP(
            handler,
            tls_context=tls(),
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
            hostname="localhost",
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
