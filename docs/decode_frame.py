#!/usr/bin/env python3
"""Prints a stored frame as JSON: decode_frame.py FRAME [DICTIONARY_FRAME]

Written from wire-format.md and frame.proto alone, with nothing but Python 3.8 or later. Frames of samples need the
frame of their dictionary. Packed parts need zstd: the module compression.zstd (Python 3.14), the package zstandard, or
the command zstd.
"""
import hashlib
import json
import math
import shutil
import struct
import subprocess
import sys

LANES = {1: "critical", 2: "live", 3: "history", 4: "capture", 5: "raw"}
CONTENTS = {1: "samples", 2: "dictionary", 3: "ledger", 4: "void", 5: "start", 6: "clock",
            7: "capture", 8: "piece", 9: "aggregates", 10: "events"}
SAMPLE_TYPES = ["none", "int16", "int32", "float32", "float64"]
CAPTURE_TRIGGERS = ["", "schedule", "limit", "file"]
TYPES = [None, "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
         "float32", "float64", "string", "bytes", "time", "enum"]
KINDS = [None, "measurement", "counter", "state", "event-value", "setpoint", "text"]
CLOCKS = [None, "device", "gateway"]
RULES = [None, "full", "change", "dead-band", "swinging-door"]
REASONS = [None, "gateway down", "device unreachable", "device overload", "link lost", "lost at source",
           "sampled slower than asked", "filtered at source", "queue full", "rejected", "clock quarantined",
           "told within bound", "thinned", "evicted", "frame corrupt", "journal lost", "hub restored",
           "restored copy", "paused by a person", "settings changed", "sent one way"]


def unzstd(data):
    try:
        from compression import zstd
        return zstd.decompress(data)
    except ImportError:
        pass
    try:
        import zstandard
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except ImportError:
        pass
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-d", "-c", "-q"], input=data, stdout=subprocess.PIPE, check=True).stdout
    sys.exit("zstd is not here: use Python 3.14, install the package zstandard, or install the command zstd")


class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise ValueError("it ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 0x7F) << shift
            if part < 0x80:
                return value
            shift += 7

    def zigzag(self):
        code = self.varint()
        return code >> 1 if code % 2 == 0 else -((code + 1) >> 1)

    def block(self):
        return self.take(self.varint())

    def double(self):
        return struct.unpack("<d", self.take(8))[0]

    def single(self):
        return struct.unpack("<f", self.take(4))[0]

    def left(self):
        return len(self.data) - self.at


def fields(data):
    """Number, value and place of each field. Varints and fixed64 as int, fixed32 as int, blocks as bytes."""
    source = Input(data)
    while source.left():
        at = source.at
        key = source.varint()
        kind = key & 7
        if kind == 0:
            value = source.varint()
        elif kind == 1:
            value = int.from_bytes(source.take(8), "little")
        elif kind == 2:
            value = source.block()
        elif kind == 5:
            value = int.from_bytes(source.take(4), "little")
        else:
            raise ValueError("wire type %d does not exist" % kind)
        yield key >> 3, value, at


def message(data):
    return {number: value for number, value, _ in fields(data)}


def signed(code):
    return code >> 1 if code % 2 == 0 else -((code + 1) >> 1)


def as_double(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


CRC_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ 0x82F63B78 if byte & 1 else byte >> 1
    CRC_TABLE.append(byte)


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def read_frame(data):
    """Head, body and content CRC of a frame whose CRC is right."""
    read, places = {}, {}
    for number, value, at in fields(data):
        read[number], places[number] = value, at
    chain_at, crc_at, body_at = places[13], places[14], places[15]
    content_crc = crc32c(data[body_at:], crc32c(data[:chain_at]))
    if crc32c(data[chain_at:crc_at], content_crc) != read[14]:
        raise ValueError("the CRC of the frame is wrong")
    version = (read[1] >> 7) + 1
    content = read[1] >> 3 & 15
    if version != 1 or content not in CONTENTS:
        raise ValueError("version %d or content %d is not known" % (version, content))
    first = signed(read.get(8, 0))
    last = first + signed(read.get(9, 0))
    raw_from = read.get(12, 0)
    head = {
        "gateway": read[2].decode(), "epoch": read[3].hex(), "lane": LANES[read[1] & 7], "seq": read[4],
        "content": CONTENTS[content], "chain": "%016x" % read[13], "cum": read.get(5, 0),
        "sampleCount": read.get(6, 0), "dictionary": "%016x" % read.get(7, 0), "firstUs": first, "lastUs": last,
        "sealedUs": last + signed(read.get(10, 0)),
        "clock": {"segment": read.get(11, 0), "disciplined": not read.get(18, 0), "offsetUs": signed(read.get(17, 0))},
        "rawFrom": raw_from, "rawTo": raw_from + signed(read.get(16, 0)), "late": bool(read.get(19, 0)),
    }
    if read.get(20, 0):
        head["order"] = read[20]
    return head, read[15], content_crc


def read_dictionary(body):
    """Hash and tags. The hash is that of the tags as they lie here: a writer keeps their order."""
    outer = message(body)
    if 2 in outer:
        body = unzstd(outer[2])
    tags = []
    for number, value, _ in fields(body):
        if number != 1:
            continue
        tag, texts = message(value), []
        for inner, text, _ in fields(value):
            if inner == 17:
                one = message(text)
                texts.append([signed(one.get(1, 0)), one.get(2, b"").decode()])
        text = lambda field: tag.get(field, b"").decode()
        double = lambda field: as_double(tag[field]) if field in tag else 0.0
        tags.append({
            "index": tag.get(1, 0), "id": text(2), "name": text(3), "device": text(4), "type": TYPES[tag[5]],
            "kind": KINDS[tag[6]], "unit": text(7), "decimals": tag.get(8, 0), "scale": double(9),
            "offset": double(10), "revision": tag.get(11, 0), "clock": CLOCKS[tag[12]], "expectedMs": double(13),
            "low": double(14) if 14 in tag else math.nan, "high": double(15) if 15 in tag else math.nan,
            "asset": text(16), "texts": texts, "filteredAtSource": text(18),
        })
        if 19 in tag:
            told = message(tag[19])
            amount = lambda field: as_double(told[field]) if field in told else 0.0
            tags[-1]["telling"] = {"rule": RULES[told[1]], "error": amount(2), "heartbeatMs": amount(3)}
    return hashlib.sha256(body).hexdigest()[:16], tags


def sections(data):
    source, read = Input(data), []
    for _ in range(4):
        head = source.varint()
        if head & 1:
            size = source.varint()
            part = unzstd(source.take(head >> 1))
            if len(part) != size:
                raise ValueError("a section has another size than stated")
        else:
            part = source.take(head >> 1)
        read.append(Input(part))
    return read


def planes(source, count, size):
    data = bytearray(source.take(count * size))
    numbers = bytearray(count * size)
    for plane in range(size):
        previous = 0
        for row in range(count):
            previous ^= data[plane * count + row]
            numbers[row * size + size - 1 - plane] = previous
    return list(struct.unpack("<%d%s" % (count, "d" if size == 8 else "f"), bytes(numbers)))


def single_of(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def number_of(kind, exponent, whole, tag):
    if kind == 7:
        kind, exponent = (1 if tag["type"] == "float32" else 0), min(tag["decimals"], 12)
    value = whole / 10.0 ** exponent if kind < 2 else tag["scale"] * whole + tag["offset"]
    return single_of(value) if kind in (1, 3) else value


def read_scalars(source, rows):
    row = previous = 0
    for _ in range(source.varint()):
        row += source.varint()
        kind = source.byte()
        if kind in (0, 7):
            previous = (previous + source.zigzag()) % 2 ** 64
            value = previous - 2 ** 64 if kind == 0 and previous >= 2 ** 63 else previous
            rows[row]["value"] = {"integer": str(value)}
        elif kind == 1:
            rows[row]["value"] = {"text": source.block().decode()}
        elif kind == 2:
            rows[row]["value"] = {"utf16": source.block().hex()}
        elif kind == 3:
            rows[row]["value"] = {"bytes": source.block().hex()}
        elif kind in (4, 5):
            rows[row]["value"] = {"bool": kind == 5}
        elif kind == 6:
            rows[row]["value"] = source.double()
        else:
            raise ValueError("a value of kind %d is not known" % kind)


def read_status(source, rows):
    at = 0
    while at < len(rows):
        length, code = source.varint(), source.varint()
        for row in rows[at:at + length]:
            row["status"] = code
        at += length


def rows_of(ids, times, values):
    return [{"tag": id, "measuredUs": time, "value": value, "status": 0}
            for id, time, value in zip(ids, times, values)]


def read_by_tag(data, tags):
    directory, time_source, value_source, extras = sections(data)
    index = previous_us = 0
    read = []
    while directory.left():
        index += directory.varint()
        tag = tags[index]
        count = directory.varint()
        flags, mode = directory.byte(), directory.byte()
        factor = 1000 if flags >> 2 & 3 else 1
        if flags & 3 == 3:
            times = planes(time_source, count, 8)
        else:
            first = directory.zigzag() + previous_us // factor
            step = directory.zigzag() if count > 1 else 0
            ticks = [first]
            for row in range(1, count):
                away = time_source.zigzag() if flags & 3 else 0
                base = ticks[-1] + step if flags & 3 == 2 else first + row * step
                ticks.append(base + away)
            times = [tick * factor for tick in ticks]
            previous_us = times[0]
        kind, exponent = mode >> 4, mode & 15
        constant = flags & 128
        if kind < 4:
            whole = directory.zigzag()
            wholes = [whole]
            for _ in range(count - 1):
                whole += 0 if constant else value_source.zigzag()
                wholes.append(whole)
            values = [number_of(kind, exponent, whole, tag) for whole in wholes]
        elif kind == 6:
            values = [math.nan] * count
        elif constant:
            values = [directory.double() if kind == 4 else directory.single()] * count
        else:
            values = planes(value_source, count, 8 if kind == 4 else 4)
        rows = rows_of([tag["id"]] * count, times, values)
        if flags & 16:
            read_status(extras, rows)
        if flags & 64:
            row = 0
            for _ in range(extras.varint()):
                row += extras.varint()
                rows[row]["value"] = extras.double()
        if flags & 32:
            read_scalars(extras, rows)
        read += rows
    return read


def read_wide(data, tags, count):
    directory, time_source, value_source, extras = sections(data)
    flags = directory.byte()
    factor = 1000 if flags >> 2 & 3 else 1
    if flags & 3 == 3:
        times = planes(time_source, count, 8)
    else:
        first = tick = directory.zigzag()
        times = []
        for _ in range(count):
            away = time_source.zigzag() if flags & 3 else 0
            tick = (tick if flags & 3 == 2 else first) + away
            times.append(tick * factor)
    indices, index = [], -1
    while len(indices) < count:
        step, length = directory.varint(), directory.varint()
        for _ in range(length):
            index += step
            indices.append(index)
    values, before, whole = [], None, 0
    while len(values) < count:
        mode, length = directory.byte(), directory.varint()
        for _ in range(length):
            index = indices[len(values)]
            kind = mode >> 4
            if kind == 4:
                values.append(value_source.double())
            elif kind == 5:
                values.append(value_source.single())
            elif kind == 6:
                values.append(math.nan)
            else:
                whole = value_source.zigzag() + (whole if before == (index, mode) else 0)
                values.append(number_of(kind, mode & 15, whole, tags[index]))
            before = (index, mode)
    rows = rows_of([tags[index]["id"] for index in indices], times, values)
    if flags & 16:
        read_status(extras, rows)
    if flags & 32:
        read_scalars(extras, rows)
    return rows


class RangeDecoder:
    """Decisions of section 2.3, one after the other."""
    SHIFTS = [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5]

    def __init__(self, data):
        self.source, self.range, self.code = Input(data), 2 ** 32 - 1, 0
        for _ in range(4):
            self.code = self.code << 8 | self.next()

    def next(self):
        return self.source.byte() if self.source.left() else 0

    def grow(self):
        while self.range < 2 ** 24:
            self.range, self.code = self.range << 8, self.code << 8 | self.next()

    def bit(self, model, at):
        chance, asked = model.get(at, (0x8000, 0))
        bound = (self.range >> 16) * chance
        bit = 0 if self.code < bound else 1
        if bit:
            self.code, self.range = self.code - bound, self.range - bound
        else:
            self.range = bound
        shift = self.SHIFTS[asked]
        chance += -(chance >> shift) if bit else (0x10000 - chance) >> shift
        model[at] = (chance, min(asked + 1, 12))
        self.grow()
        return bit

    def even(self):
        self.range >>= 1
        bit = 0 if self.code < self.range else 1
        self.code -= self.range * bit
        self.grow()
        return bit

    def bits(self, count):
        value = 0
        for _ in range(count):
            value = value * 2 + self.even()
        return value

    def tree(self, model, size):
        node = 1
        for _ in range(size):
            node = node * 2 + self.bit(model, node)
        return node - 2 ** size

    def number(self, model, signed=False):
        length = self.tree(model[0], 6)
        if length == 0:
            return 0
        negative = signed and self.bit(model[2], length)
        value = 1
        for at in range(length - 1):
            value = value * 2 + (self.bit(model[1], length) if at == 0 else self.even())
        return -value if negative else value


def read_by_time(data, tags, count):
    source = Input(data)
    flags, tick, size = source.byte(), source.zigzag(), source.varint()
    factor = 1000 if flags >> 2 & 3 else 1
    extras = Input(source.block()) if flags & 48 else None
    coder = RangeDecoder(source.take(source.left()))
    new = lambda: ({}, {}, {})
    gaps, modes, steps, further, expected, places = new(), {}, [new(), new()], new(), {}, {}
    values = [new() for _ in range(5)]
    indices, kinds, index = [], [], 0
    for _ in range(size):
        index += coder.number(gaps)
        indices.append(index)
        kinds.append(coder.tree(modes, 8))
    place_bits = max(1, (size - 1).bit_length())
    last, model, follower = [0] * size, [0] * size, [(at + 1) % size for at in range(size)]
    rows, same, before = [], 0, 0
    for row in range(count):
        step = coder.number(steps[same])
        same = 0 if step else 1
        tick += step
        if same:
            at = before + coder.number(further)
        elif coder.bit(expected, 0) == 0:
            at = follower[before]
        else:
            at = coder.tree(places, place_bits)
        follower[before] = before = at
        kind, value = kinds[at] >> 4, math.nan
        if kind == 4:
            value = struct.unpack(">d", struct.pack(">Q", coder.bits(64)))[0]
        elif kind != 6:
            away = coder.number(values[model[at]], True)
            last[at] += away
            model[at] = 1 if away == 0 else 2 if abs(away) < 8 else 3 if abs(away) < 128 else 4
            if kind == 5:
                bits = last[at] if last[at] >= 0 else 2 ** 31 - 1 - last[at]
                value = struct.unpack(">f", struct.pack(">I", bits))[0]
            else:
                value = number_of(kind, kinds[at] & 15, last[at], tags[indices[at]])
        rows.append((at, {"tag": tags[indices[at]]["id"], "measuredUs": tick * factor, "value": value, "status": 0}))
    rows = [row for _, row in sorted(rows, key=lambda pair: pair[0])]
    if flags & 16:
        read_status(extras, rows)
    if flags & 32:
        read_scalars(extras, rows)
    return rows


def read_samples(body, tags):
    samples = message(body)
    if 4 in samples:
        return read_by_time(samples[4], tags, samples[1])
    if 2 in samples:
        return read_by_tag(samples[2], tags)
    return read_wide(samples[3], tags, samples[1]) if 3 in samples else []


def read_ledger(body):
    entries = []
    for _, data, _ in fields(body):
        entry = message(data)
        scope = {"kind": "gateway"}
        if 3 in entry:
            scope = {"kind": "device", "device": entry[3].decode()}
        elif 4 in entry:
            scope = {"kind": "tag", "tag": entry[4].decode()}
        kind = ["unknown", "exact", "scheduled"][entry.get(7, 0)]
        count = {"kind": kind} if kind == "unknown" else {"kind": kind, "samples": entry.get(8, 0)}
        first = signed(entry.get(5, 0))
        entries.append({"number": entry.get(1, 0), "reason": REASONS[entry[2]], "scope": scope, "fromUs": first,
                        "toUs": first + signed(entry.get(6, 0)), "count": count})
    return entries


def read_starts(body):
    starts = []
    for _, data, _ in fields(body):
        start = message(data)
        one = {"epoch": start[1].hex(), "lastCommitUs": signed(start.get(3, 0)), "startedUs": signed(start.get(4, 0))}
        if start.get(2):
            one["parent"] = start[2].hex()
        starts.append(one)
    return starts


def text(value):
    return value.decode("utf-8")


def read_capture(body):
    read, state = {}, []
    for number, value, _ in fields(body):
        if number == 15:
            one = message(value)
            state.append({"tag": text(one[1]), "name": text(one.get(2, b"")), "value": text(one.get(3, b""))})
        else:
            read[number] = value
    device = {"device": text(read[3])} if read.get(3) else {}
    return {"tag": text(read[1]), "name": text(read.get(2, b"")), **device, "asset": text(read.get(4, b"")),
            "startUs": signed(read.get(5, 0)), "rateHz": as_double(read.get(6, 0)), "count": read.get(7, 0),
            "channels": read.get(8, 0), "sampleType": SAMPLE_TYPES[read.get(9, 0)],
            "scale": as_double(read.get(10, 0)), "unit": text(read.get(11, b"")),
            "overload": bool(read.get(12, 0)), "trigger": CAPTURE_TRIGGERS[read.get(13, 0)],
            "why": text(read.get(14, b"")), "state": state, "mediaType": text(read.get(16, b"")),
            "sha256": read[17].hex(), "byteCount": read.get(18, 0)}


def read_events(body):
    events, journal_us = [], 0
    for number, data, _ in fields(body):
        if number == 2:
            journal_us = signed(data)
            continue
        event = message(data)
        events.append({"number": event[1], "kind": event[2], "atUs": signed(event.get(3, 0)), "asset": text(event.get(4, b"")),
                       "subject": text(event.get(5, b"")), "json": text(event[6])})
    return {"journalUs": journal_us, "lines": events}


def read_body(content, body, tags):
    if content == "samples":
        return read_samples(body, tags)
    if content == "dictionary":
        hash, read = read_dictionary(body)
        return {"hash": hash, "tags": read}
    if content == "ledger":
        return read_ledger(body)
    if content == "start":
        return read_starts(body)
    if content == "capture":
        return read_capture(body)
    if content == "events":
        return read_events(body)
    read = message(body)
    if content == "piece":
        return {"sha256": read[1].hex(), "at": read.get(2, 0), "data": read.get(3, b"").hex()}
    if content == "aggregates":
        return {"hour": read.get(1, 0), "revision": read[2], "minutes": read.get(3, b"").hex(),
                **({"hours": read[4].hex()} if 4 in read else {})}
    if content == "void":
        return {"fromSeq": read[1], "toSeq": read[2], "chainBefore": "%016x" % read.get(3, 0),
                "chainAt": "%016x" % read.get(4, 0), "sampleCount": read.get(5, 0)}
    return {"segment": read.get(1, 0), "offsetUs": signed(read.get(2, 0)), "disciplined": bool(read.get(3, 0)),
            "atUs": signed(read.get(4, 0))}


def plain(value):
    """JSON has neither NaN nor infinities nor a negative zero that all readers keep."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        if math.isnan(value):
            return {"double": "NaN"}
        if math.isinf(value):
            return {"double": "Infinity" if value > 0 else "-Infinity"}
        if value == 0 and math.copysign(1, value) < 0:
            return {"double": "-0"}
    return value


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        head, body, content_crc = read_frame(file.read())
    tags = {}
    if len(sys.argv) == 3:
        with open(sys.argv[2], "rb") as file:
            dictionary_head, dictionary_body, _ = read_frame(file.read())
        if dictionary_head["content"] != "dictionary":
            sys.exit("%s holds no dictionary" % sys.argv[2])
        hash, listed = read_dictionary(dictionary_body)
        if int(head["dictionary"], 16) and head["dictionary"] != hash:
            sys.exit("the frame was written with dictionary %s, not with %s" % (head["dictionary"], hash))
        tags = {tag["index"]: tag for tag in listed}
    elif head["content"] == "samples":
        sys.exit("samples need the frame of dictionary %s as the second argument" % head["dictionary"])
    frame = {"head": head, "contentCrc": "%08x" % content_crc, "body": read_body(head["content"], body, tags)}
    print(json.dumps(plain(frame), ensure_ascii=False))


if __name__ == "__main__":
    main()
