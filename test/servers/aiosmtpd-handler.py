"""What aiosmtpd's own command line runs: refuses no-…, and keeps one line for each message and recipient."""

import email
import sys


class Keep:
    def __init__(self, path):
        self.path = path

    @classmethod
    def from_cli(cls, parser, *args):
        return cls(args[0])

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("no-"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)
        with open(self.path, "a", encoding="utf-8") as file:
            for address in envelope.rcpt_tos:
                file.write(f"{address} {message['Message-ID']}\n")
        return "250 OK"
