#!/usr/bin/env python3
"""Checks an exported record with nothing but a hash library: written from the published formats (RFC 6962, RFC 8032,
C2SP signed-note, tlog-checkpoint, tlog-tiles) and the documentation of entries, sharing nothing with Loopline.

usage: check.py FOLDER [KEY]     prints the root and exits 0 if the record is what was signed, else 3
"""

import base64
import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def refuse(why):
    print(f"does not hold: {why}", file=sys.stderr)
    sys.exit(3)


# Ed25519, RFC 8032 section 5.1: points in extended coordinates (X, Y, Z, T).
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, p)
        p, n = add(p, p), n >> 1
    return result


def point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * I % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(public, message, signature):
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def checkpoint(note, keys):
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    held = 0
    for line in signatures.splitlines():
        dash, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        for known in keys:
            known_name, _, known_key = known.split("+", 2)
            public = base64.b64decode(known_key)
            identity = hashlib.sha256(known_name.encode() + b"\n" + public).digest()[:4]
            if dash == "\u2014" and name == known_name and raw[:4] == identity:
                if not signed_by(public[1:], text.encode(), raw[4:]):
                    refuse("a signature does not fit")
                held += 1
    if not held:
        refuse("no known key has signed the checkpoint")
    return origin, int(size), base64.b64decode(root)


def place(index):
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    return "/".join(parts)


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


def message(entry):
    """The sequence, the subject and the payload of an entry."""
    at = 1
    at += 1 + entry[at]
    sequence = int.from_bytes(entry[at : at + 8], "big")
    length = int.from_bytes(entry[at + 8 : at + 10], "big")
    subject = entry[at + 10 : at + 10 + length].decode()
    at += 10 + length
    headers, at = entry[at], at + 1
    for _ in range(headers):
        at += 1 + entry[at]
        at += 2 + int.from_bytes(entry[at : at + 2], "big")
    return sequence, subject, entry[at:]


def main(folder, given):
    folder = pathlib.Path(folder)
    keys = [given] if given else (folder / "keys").read_text().split()
    origin, size, root = checkpoint((folder / "checkpoint").read_text(), keys)
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        name = place(index) + ("" if width == 256 else f".p/{width}")
        rest = (folder / "tile/entries" / name).read_bytes()
        before = len(entries)
        while rest:
            length = int.from_bytes(rest[:2], "big")
            entries.append(rest[2 : 2 + length])
            rest = rest[2 + length :]
        if len(entries) - before != width:
            refuse(f"bundle {name} does not hold {width} entries")
        tile = (folder / "tile/0" / name).read_bytes()
        if tile != b"".join(leaf(entry) for entry in entries[before:]):
            refuse(f"tile 0/{name} does not fit its entries")
    hashes = [leaf(entry) for entry in entries]
    if root_of(hashes) != root:
        refuse("the entries are not those that were signed")
    older = folder / "checkpoints"
    for file in sorted(older.iterdir()) if older.is_dir() else []:
        other, length, before = checkpoint(file.read_text(), keys)
        if other != origin or length > size or root_of(hashes[:length]) != before:
            refuse(f"{file.name} is not an earlier state of this record")
    last, things = 0, {}
    for entry in entries:
        sequence, subject, payload = message(entry)
        if sequence <= last:
            refuse(f"message {sequence} comes after {last}")
        last = sequence
        event = json.loads(payload)
        if int(event["previous"]) != things.get(subject, 0):
            refuse(f"message {sequence} does not follow the one before it on {subject}")
        things[subject] = sequence
    print(base64.b64encode(root).decode())


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None)
