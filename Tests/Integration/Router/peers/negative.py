"""Handshakes that go wrong on purpose, and some that look wrong and aren't, by tlslite-ng.

Each is a client that puts something else in the place of one of its messages.
"""

import os
import socket
from dataclasses import dataclass
from typing import Callable

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import AlertDescription, AlertLevel, ContentType, ExtensionType, HandshakeType
from tlslite.errors import TLSAbruptCloseError, TLSLocalAlert, TLSRemoteAlert
from tlslite.extensions import (
    KeyShareEntry, PreSharedKeyExtension, PskIdentity, PskKeyExchangeModesExtension, TLSExtension)
from tlslite.messages import (
    Alert, Certificate, CertificateVerify, ChangeCipherSpec, ClientHello, ClientKeyExchange, Finished, Message)

from exchange import dial, ending, say

TLS12, TLS13 = (3, 3), (3, 4)
P256, P521, X25519 = 23, 25, 29
LARGEST = 1 << 14
# TLS_FALLBACK_SCSV (RFC 7507): this is a second try.
FALLBACK = 0x5600


class Client(TLSConnection):
    """Sends in the place of each message what `instead` makes of it: messages, and bytes as they are."""

    def __init__(self, plain, instead):
        super().__init__(plain)
        self.instead = instead

    def _sendMsg(self, msg, *words, **named):
        if isinstance(msg, Certificate):
            # The last flight goes as a whole, so that its end is sent whatever the router makes of its beginning.
            self.sock.buffer_writes = True
        for part in self.instead(self, msg):
            if isinstance(part, bytes):
                self.sock.sendall(part)
            else:
                yield from super()._sendMsg(part, *words, **named)


@dataclass
class Case:
    instead: Callable = lambda client, sent: [sent]
    # The newest version that is offered.
    newest: tuple = TLS13
    # Whose key signs, where it isn't the certificate's.
    signer: str = ""
    certified: bool = True
    # A session of before is resumed.
    resumes: bool = False
    # Key shares that are sent, by their names; those that tlslite-ng chooses.
    shares: list | None = None
    # What is done once the handshake is complete and something was said.
    after: Callable | None = None


# MARK: Bytes

def record(kind, body, version=TLS12):
    return bytes([kind, *version]) + len(body).to_bytes(2, "big") + bytes(body)


def message(kind, body, length=None):
    """A message of the handshake, in a record."""
    length = len(body) if length is None else length
    return record(ContentType.handshake, bytes([kind]) + length.to_bytes(3, "big") + bytes(body))


CHANGE = record(ContentType.change_cipher_spec, b"\1")
DATA = record(ContentType.application_data, b"too early")


def alert(level, description):
    return record(ContentType.alert, bytes([level, description]))


# MARK: Changes

def on(kind, action):
    """Acts on the messages of a class, and lets the others go as they are."""
    return lambda client, sent: action(client, sent) if isinstance(sent, kind) else [sent]


def before(kind, *parts):
    return on(kind, lambda client, sent: [*parts, sent])


def replaced(kind, *parts):
    return on(kind, lambda client, sent: list(parts))


def hello(*changes):
    """Changes the hello before it is hashed and sent."""
    def action(_, message):
        for change in changes:
            change(message)
        return [message]
    return on(ClientHello, action)


def written(change):
    """Changes the bytes of the hello's body."""
    return on(ClientHello, lambda client, sent: [message(HandshakeType.client_hello, change(bytes(sent.write()[4:])))])


def one_byte_less_of_ciphers(body):
    at = 35 + body[34]
    count = int.from_bytes(body[at:at + 2], "big")
    return body[:at] + (count - 1).to_bytes(2, "big") + body[at + 2:at + 1 + count] + body[at + 2 + count:]


def setting(**fields):
    def change(message):
        for name, value in fields.items():
            setattr(message, name, value)
    return change


def found(message, kind):
    return next((extension for extension in message.extensions if extension.extType == kind), None)


def without(*kinds):
    def change(message):
        message.extensions = [extension for extension in message.extensions if extension.extType not in kinds]
    return change


def extension(kind, body):
    return TLSExtension(extType=kind).create(kind, bytearray(body))


def with_extension(kind, body):
    return lambda message: message.extensions.append(extension(kind, body))


def version(number):
    return hello(setting(client_version=number), without(ExtensionType.supported_versions))


def versions(*numbers):
    return hello(lambda message: setattr(found(message, ExtensionType.supported_versions), "versions", list(numbers)))


def ciphers(*suites):
    return hello(setting(cipher_suites=list(suites)))


def groups(*numbers):
    def change(message):
        found(message, ExtensionType.supported_groups).groups = list(numbers)
    return change


def share(group, key):
    def change(message):
        found(message, ExtensionType.key_share).client_shares = [KeyShareEntry().create(group, bytearray(key))]
    return change


def signatures(*schemes):
    def change(message):
        found(message, ExtensionType.signature_algorithms).sigalgs = list(schemes)
    return hello(without(ExtensionType.signature_algorithms_cert), change)


def tickets(message):
    """Offers a session that nobody gave, by a ticket of TLS 1.3."""
    without(ExtensionType.psk_key_exchange_modes)(message)
    identity = PskIdentity().create(bytearray(os.urandom(200)), 0)
    message.extensions += [PskKeyExchangeModesExtension().create([1]),
                           PreSharedKeyExtension().create([identity], [bytearray(os.urandom(32))])]


def early_data(count):
    """Takes that session for one with early data, and sends so many records of it at once."""
    def action(client, message):
        message.extensions.append(extension(ExtensionType.early_data, b""))
        tickets(message)
        client.sock.buffer_writes = True
        yield message
        yield record(ContentType.application_data, os.urandom(1000)) * count
        client.sock.flush()
        client.sock.buffer_writes = False
    return on(ClientHello, action)


def forge_binder(message):
    found(message, ExtensionType.pre_shared_key).binders[0][0] ^= 1


def forge_finished(_, message):
    message.verify_data[0] ^= 1
    return [message]


def half(client, message):
    whole = bytes(message.write())
    client.sock.sendall(record(ContentType.handshake, whole[:len(whole) // 2]))
    client.sock.socket.shutdown(socket.SHUT_WR)
    return []


def bytewise(client, message):
    client.recordSize = 1
    return [message]


def certificate(change):
    """Changes the certificate that is sent, and by nothing else than its bytes."""
    def action(client, sent):
        der = change(bytes(sent.cert_chain.x509List[0].bytes))
        entry = len(der).to_bytes(3, "big") + der + (b"\0\0" if client.version == TLS13 else b"")
        body = (b"\0" if client.version == TLS13 else b"") + len(entry).to_bytes(3, "big") + entry
        whole = bytes([HandshakeType.certificate]) + len(body).to_bytes(3, "big") + body
        return [Message(ContentType.handshake, bytearray(whole))]
    return action


def oversized(size):
    def action(client, _):
        client.recordSize = client._send_record_limit = size
        return [Message(ContentType.handshake, bytearray(size))]
    return action


def strip_versions(_, message):
    """What somebody between the two would do: the client doesn't know."""
    sent = list(message.extensions)
    without(ExtensionType.supported_versions)(message)
    whole = bytes(message.write())
    message.extensions = sent
    return [record(ContentType.handshake, whole)]


def old_hello(*_):
    """SSL 2, for SSL 3: three ciphers and a challenge."""
    body = bytes([1, 3, 0, 0, 9, 0, 0, 0, 16]) + bytes.fromhex("00002f 000035 010080") + bytes(16)
    return [bytes([0x80, len(body)]) + body]


def greased(message):
    """RFC 8701"""
    message.cipher_suites.insert(0, 0x1a1a)
    message.extensions.insert(0, extension(0x2a2a, b""))
    found(message, ExtensionType.supported_groups).groups.insert(0, 0x3a3a)


def says(part):
    """Sends it as it is, under the keys that hold."""
    def after(client):
        for _ in TLSConnection._sendMsg(client, part, update_hashes=False):
            pass
    return after


def update_keys(client):
    client.sock.buffer_writes = True
    for _ in range(200):
        for _ in client.send_keyupdate_request(0):
            pass
    client.sock.flush()


HELLO = ClientHello().create(TLS12, bytearray(32), bytearray(), [0xc02b], extensions=[])

CASES = {
    # Hellos for versions that aren't offered.
    "ssl 2": Case(on(ClientHello, old_hello)),
    "ssl 3": Case(version((3, 0))),
    "tls 1.0": Case(version((3, 1))),
    "tls 1.1": Case(version((3, 2))),
    "old versions listed": Case(versions((3, 2), (3, 1), (3, 0))),
    "a version to come": Case(versions((3, 9))),
    "fallback": Case(hello(lambda message: message.cipher_suites.append(FALLBACK)), newest=TLS12),
    # Nothing in common.
    "null ciphers": Case(ciphers(0x0000, 0x0001, 0x0002, 0x003b, 0xc006, 0xc010), newest=TLS12),
    "export ciphers": Case(ciphers(0x0003, 0x0006, 0x0008, 0x000e, 0x0011, 0x0014), newest=TLS12),
    "rc4": Case(ciphers(0x0004, 0x0005, 0xc007, 0xc011), newest=TLS12),
    "3des": Case(ciphers(0x000a, 0x0016, 0xc008, 0xc012), newest=TLS12),
    "cbc": Case(ciphers(0xc009, 0xc00a, 0xc023, 0xc024, 0xc013, 0xc014, 0x002f, 0x0035), newest=TLS12),
    "rsa key exchange": Case(ciphers(0x009c, 0x009d), newest=TLS12),
    "anonymous": Case(ciphers(0x0034, 0x006c, 0xc018, 0xc019), newest=TLS12),
    "ccm": Case(ciphers(0x1304, 0x1305)),
    "tiny groups": Case(hello(groups(1, 2, 15, 16, 17, 18)), newest=TLS12),
    "other groups": Case(hello(groups(P521, 256), share(P521, b"\4" + bytes(132)))),
    "sha-1": Case(signatures((2, 3), (2, 1)), newest=TLS12),
    "sha-1 in 1.3": Case(signatures((2, 3), (2, 1))),
    "rsa alone": Case(signatures((4, 1), (8, 4)), newest=TLS12),
    "rsa alone in 1.3": Case(signatures((4, 1), (8, 4))),
    # Hellos that contradict themselves.
    "deflate alone": Case(hello(setting(compression_methods=[1])), newest=TLS12),
    "deflate in 1.3": Case(hello(setting(compression_methods=[1, 0]))),
    "no compression method": Case(hello(setting(compression_methods=[])), newest=TLS12),
    "no signature algorithms": Case(hello(without(13, 50))),
    "no key share": Case(hello(without(ExtensionType.key_share))),
    "no groups": Case(hello(without(ExtensionType.supported_groups))),
    "an extension twice": Case(hello(with_extension(ExtensionType.extended_master_secret, b""))),
    "an unknown extension twice": Case(hello(*[with_extension(0x7777, b"")] * 2)),
    "a share of zeroes": Case(hello(groups(X25519), share(X25519, bytes(32)))),
    "a share beside the curve": Case(hello(groups(P256), share(P256, b"\4" + bytes(63) + b"\1"))),
    "a share of another length": Case(hello(groups(X25519), share(X25519, bytes(31)))),
    "a ticket before the end": Case(hello(tickets, with_extension(0x7777, b""))),
    "bytes behind the hello": Case(written(lambda body: body + b"\0")),
    "a hello cut short": Case(written(lambda body: body[:-1])),
    "a long session id": Case(written(lambda body: body[:34] + bytes([33]) + bytes(33) + body[35 + body[34]:])),
    "a length too small": Case(on(ClientHello, lambda client, sent: [
        message(HandshakeType.client_hello, bytes(sent.write()[4:]), len(sent.write()) - 20)])),
    "half a hello": Case(on(ClientHello, half)),
    "an odd list of ciphers": Case(written(one_byte_less_of_ciphers)),
    "a forged binder": Case(hello(forge_binder), resumes=True),
    # What isn't a hello, or isn't all.
    "finished first": Case(replaced(ClientHello, message(HandshakeType.finished, bytes(32)))),
    "data first": Case(replaced(ClientHello, DATA)),
    "change first": Case(replaced(ClientHello, CHANGE)),
    "heartbeat first": Case(replaced(ClientHello, record(24, b"\1\x40\0"))),
    "unknown type first": Case(replaced(ClientHello, record(99, bytes(50)))),
    "http": Case(replaced(ClientHello, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
    "version of a record": Case(replaced(ClientHello, record(ContentType.handshake, bytes(50), version=(9, 9)))),
    "a record too long": Case(replaced(ClientHello, record(ContentType.handshake, bytes(LARGEST + 1)))),
    "a message too long": Case(replaced(ClientHello, message(HandshakeType.client_hello, bytes(50), 0xffffff))),
    "data within a hello": Case(replaced(ClientHello, message(HandshakeType.client_hello, bytes(50), 100), DATA)),
    "empty records": Case(replaced(ClientHello, record(ContentType.handshake, b"") * 1000)),
    "warnings": Case(replaced(ClientHello, alert(AlertLevel.warning, AlertDescription.user_canceled) * 1000)),
    "half an alert": Case(replaced(ClientHello, record(ContentType.alert, b"\2"))),
    "close_notify": Case(replaced(ClientHello, alert(AlertLevel.warning, AlertDescription.close_notify))),
    "close_notify after a hello": Case(before(Certificate, Alert().create(AlertDescription.close_notify, 1)),
                                       newest=TLS12),
    "a fatal alert": Case(replaced(ClientHello, alert(AlertLevel.fatal, AlertDescription.internal_error))),
    "a hello stripped of versions": Case(on(ClientHello, strip_versions)),
    # Who can't prove what the certificate says.
    "no certificate": Case(certified=False),
    "no certificate in 1.2": Case(certified=False, newest=TLS12),
    "another's key": Case(signer="robot-2"),
    "another's key in 1.2": Case(signer="robot-2", newest=TLS12),
    "no proof": Case(replaced(CertificateVerify)),
    "no proof in 1.2": Case(replaced(CertificateVerify), newest=TLS12),
    "finished alone": Case(replaced((Certificate, CertificateVerify))),
    "key exchange alone in 1.2": Case(replaced((Certificate, CertificateVerify)), newest=TLS12),
    "a forged finished": Case(on(Finished, forge_finished)),
    "a forged finished in 1.2": Case(on(Finished, forge_finished), newest=TLS12),
    "a short finished": Case(on(Finished, lambda client, sent: [Message(22, bytearray(b"\x14\0\0\1x"))])),
    "a short finished in 1.2": Case(on(Finished, lambda client, sent: [Message(22, bytearray(b"\x14\0\0\1x"))]),
                                    newest=TLS12),
    "no finished": Case(replaced(Finished, Message(ContentType.application_data, bytearray(b"early")))),
    "a proof by sha-1": Case(on(CertificateVerify, lambda client, sent: [
        sent.create(sent.signature, (2, 3))])),
    "a garbled certificate": Case(on(Certificate, certificate(lambda der: b"\x30\x03abc"))),
    "a changed certificate": Case(on(Certificate, certificate(lambda der: der[:-1] + bytes([der[-1] ^ 1])))),
    "a changed certificate in 1.2": Case(on(Certificate, certificate(lambda der: der[:-1] + bytes([der[-1] ^ 1]))),
                                         newest=TLS12),
    "a huge certificate": Case(on(Certificate, lambda client, sent: [
        Message(22, bytearray(b"\x0b\x03\x00\x00" + bytes(0x30000)))])),
    # What comes at the wrong place.
    "data for a certificate": Case(before(Certificate, Message(ContentType.application_data, bytearray(b"early")))),
    "data for a certificate in 1.2": Case(before(Certificate, DATA), newest=TLS12),
    "change before the key": Case(before(ClientKeyExchange, CHANGE), newest=TLS12),
    "change of two": Case(before(Certificate, record(ContentType.change_cipher_spec, b"\2"))),
    "change of two in 1.2": Case(on(ChangeCipherSpec, lambda client, sent: [
        record(ContentType.change_cipher_spec, b"\2")]), newest=TLS12),
    "changes": Case(before(Certificate, CHANGE * 1000)),
    "no change in 1.2": Case(replaced(ChangeCipherSpec), newest=TLS12),
    "a key beside the curve in 1.2": Case(on(ClientKeyExchange, lambda client, sent: [
        sent.createECDH(bytearray(len(sent.ecdh_Yc)))]), newest=TLS12),
    "a forged record": Case(before(Certificate, record(ContentType.application_data, bytes(64)))),
    "a forged record in 1.2": Case(replaced(Finished, record(ContentType.handshake, bytes(64))), newest=TLS12),
    "a sealed record too long": Case(on(Certificate, oversized(LARGEST + 1))),
    "a sealed record far too long": Case(on(Certificate, oversized(LARGEST + 3000))),
    "a sealed record too long in 1.2": Case(on(Finished, oversized(LARGEST + 1)), newest=TLS12),
    "a sealed record of nothing": Case(before(Certificate, record(ContentType.application_data, b""))),
    "unknown type": Case(before(Certificate, Message(99, bytearray(8)))),
    "a plain record": Case(before(Certificate, record(ContentType.handshake, b"\x0b\0\0\0"))),
    "too much early data": Case(early_data(20)),
    # Once the client is let in.
    "renegotiation": Case(after=says(HELLO), newest=TLS12),
    "a second hello": Case(after=says(HELLO)),
    "updates of keys": Case(after=update_keys),
    # What looks odd, and has to be taken.
    "ordinary": Case(),
    "ordinary in 1.2": Case(newest=TLS12),
    "records of a byte": Case(bytewise),
    "records of a byte in 1.2": Case(bytewise, newest=TLS12),
    "grease": Case(hello(greased)),
    "no share yet": Case(shares=[]),
    "an unknown ticket": Case(hello(tickets)),
    "an unknown ticket in 1.2": Case(hello(without(ExtensionType.session_ticket),
                                           with_extension(ExtensionType.session_ticket, os.urandom(200))),
                                     newest=TLS12),
    "early data": Case(early_data(4)),
    "a session": Case(resumes=True),
}


def chain(name):
    parsed = X509CertChain()
    with open(f"pki/{name}.crt") as file:
        parsed.parsePemList(file.read())
    return parsed


def key(name):
    with open(f"pki/{name}.key") as file:
        return parsePEMKey(file.read(), private=True)


def handshake(options, case, client, session=None):
    settings = HandshakeSettings()
    settings.maxVersion = case.newest
    # tlslite-ng would compress its certificate without being asked to.
    settings.certificate_compression_send = ()
    if case.shares is not None:
        settings.keyShares = case.shares
    identity = (chain(options.identity), key(case.signer or options.identity)) if case.certified else (None, None)
    client.handshakeClientCert(*identity, session=session, settings=settings, serverName=options.name)


def talk(options, client):
    client.write(options.text.encode())
    return client.read(min=len(options.text), max=len(options.text))


def session(options, case):
    """The ticket comes before the echo."""
    client = Client(dial(options), Case.instead)
    handshake(options, Case(newest=case.newest), client)
    talk(options, client)
    client.close()
    return client.session


def attempt(options, case):
    resumed = session(options, case) if case.resumes else None
    plain = dial(options)
    facts = {"port": plain.getsockname()[1]}
    client = Client(plain, case.instead)
    try:
        handshake(options, case, client, resumed)
        facts["version"] = client.getVersionName()
        answer = talk(options, client) if case.after or not options.silent else b""
        if case.after:
            case.after(client)
        if options.silent:
            # Nothing is said, so that nothing is in the way of an alert.
            answer = client.read(min=1, max=1)
        return dict(facts, outcome="answered" if answer else "ended", detail=answer.decode(), resumed=client.resumed)
    except TLSRemoteAlert as error:
        closed = error.description == AlertDescription.close_notify
        return dict(facts, outcome="ended" if closed else "alert", detail=AlertDescription.toStr(error.description))
    except TLSLocalAlert as error:
        return dict(facts, outcome="untrusted", detail=AlertDescription.toStr(error.description))
    except TLSAbruptCloseError:
        return dict(facts, outcome="ended", detail="")
    except OSError as error:
        outcome, detail = ending(error)
        return dict(facts, outcome=outcome, detail=detail)
    finally:
        plain.close()


def negative(options):
    for name in options.case or CASES:
        say(event=name, **attempt(options, CASES[name]))
