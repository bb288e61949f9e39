"""The PROXY protocol's header, written and read by its specification."""

import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TLVS = {0x01: "alpn", 0x02: "authority", 0x05: "unique-id"}
PARTS = {0x21: "version", 0x22: "cn", 0x23: "cipher", 0x24: "signature", 0x25: "key"}


def octets(address):
    return bytes(int(part) for part in address.split("."))


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def written(options):
    """What a load balancer writes, or somebody who claims to be one."""
    if options.proxy == "garbage":
        return SIGNATURE + b"\x21\x11\x00\x03abc"
    if options.proxy == "local":
        return SIGNATURE + b"\x20\x00\x00\x00"
    if options.proxy == "v1":
        return f"PROXY TCP4 {options.claim} 127.0.0.1 4711 443\r\n".encode()
    content = octets(options.claim) + octets("127.0.0.1") + struct.pack("!HH", 4711, 443)
    if options.claim_name:
        name = tlv(0x21, b"TLSv1.3") + tlv(0x22, options.claim_name.encode())
        content += tlv(0x20, struct.pack("!BI", 7, 0) + name)
    return SIGNATURE + b"\x21\x11" + struct.pack("!H", len(content)) + content


def exactly(stream, count):
    read = b""
    while len(read) < count:
        part = stream.recv(count - len(read))
        if not part:
            raise EOFError
        read += part
    return read


def parts(content):
    while content:
        kind, length = struct.unpack("!BH", content[:3])
        yield kind, content[3:3 + length]
        content = content[3 + length:]


def read(stream):
    """The facts of a header of version 2."""
    start = exactly(stream, 16)
    if start[:12] != SIGNATURE:
        return {"header": "none", "detail": repr(start)}
    content = exactly(stream, struct.unpack("!H", start[14:])[0])
    facts = {"header": {0x20: "local", 0x21: "proxy"}[start[12]], "family": start[13]}
    if start[13] == 0x11:
        facts["source"] = ".".join(map(str, content[:4]))
        facts["sourcePort"] = struct.unpack("!H", content[8:10])[0]
        content = content[12:]
    for kind, value in parts(content):
        if kind == 0x20:
            flags, refused = struct.unpack("!BI", value[:5])
            facts["flags"], facts["verified"] = flags, refused == 0
            facts.update({PARTS.get(part, hex(part)): text.decode() for part, text in parts(value[5:])})
        else:
            facts[TLVS.get(kind, hex(kind))] = value.decode("latin-1")
    return facts
