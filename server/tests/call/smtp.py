# A mail server for tests: aiosmtpd, with STARTTLS and a sign-in. Prints its port, then each message that it takes as a line of JSON.
# Arguments: certificate, key, how many messages are put off first.
import json
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

certificate, key, put_off = sys.argv[1], sys.argv[2], int(sys.argv[3])


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
            "tls": session.ssl is not None,
            "user": session.auth_data if isinstance(session.auth_data, str) else None,
        }
        print(json.dumps(told), flush=True)
        return "250 taken" if taken else "451 later, please"


def authenticate(server, session, envelope, mechanism, data):
    fine = data.login == b"calm-ops" and data.password == b"hunter2-of-the-mail"
    return AuthResult(success=fine, handled=False, auth_data="calm-ops" if fine else None)


class Server(Controller):
    def factory(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return SMTP(
            self.handler,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
            hostname="localhost",
        )

    def _trigger_server(self):
        # The port is not known before: nobody is asked whether it answers.
        pass


server = Server(Handler(), hostname="127.0.0.1", port=0)
server.start()
print(server.server.sockets[0].getsockname()[1], flush=True)
while True:
    time.sleep(60)
