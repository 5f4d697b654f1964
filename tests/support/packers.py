# SPDX-License-Identifier: Apache-2.0
"""Packers for the formats that Python's own library does not write: right to the last byte, and hardly smaller.

zstd: RFC 8878. lz4: LZ4 Block and Frame Format Descriptions. lzop: plugins/formats/lzo.cpp.
"""
import struct
import zlib

BLOCK = 64 * 1024


def _blocks(data, size=BLOCK):
    return [data[at:at + size] for at in range(0, len(data), size)]


def zstd(data):
    """A frame of raw blocks, and one that repeats a byte where a block is made of one."""
    out = struct.pack('<IBQ', 0xFD2FB528, 0xE0, len(data))
    blocks = _blocks(data) or [b'']
    for number, block in enumerate(blocks):
        repeated = len(block) > 1 and block.count(block[:1]) == len(block)
        header = len(block) << 3 | repeated << 1 | (number == len(blocks) - 1)
        out += struct.pack('<I', header)[:3] + (block[:1] if repeated else block)
    return out


def _lz4_block(data):
    """Literals only; a run of one byte at the start becomes a match."""
    def token(literals, match=0):
        high, low = min(len(literals), 15), min(match, 15)
        out = bytes([high << 4 | low])
        if high == 15:
            out += b'\xff' * ((len(literals) - 15) // 255) + bytes([(len(literals) - 15) % 255])
        return out + literals
    run = len(data) - len(data.lstrip(data[:1]))
    if run < 32 or len(data) - run < 16:
        return token(data)
    length = run - 1 - 4
    out = token(data[:1], length) + struct.pack('<H', 1)
    if length >= 15:
        out += b'\xff' * ((length - 15) // 255) + bytes([(length - 15) % 255])
    return out + token(data[run:])


def lz4_legacy(data):
    """As `lz4 -l`."""
    packed = [_lz4_block(block) for block in _blocks(data, 8 << 20)]
    return struct.pack('<I', 0x184C2102) + b''.join(struct.pack('<I', len(block)) + block for block in packed)


def _rotated(value, bits):
    value &= 0xFFFFFFFF
    return (value << bits | value >> 32 - bits) & 0xFFFFFFFF


def xxh32(data):
    """The checksum of LZ4's frames, for less than 16 bytes."""
    assert len(data) < 16
    value = 374761393 + len(data)
    at = 0
    while at + 4 <= len(data):
        value = _rotated(value + struct.unpack_from('<I', data, at)[0] * 3266489917, 17) * 668265263
        at += 4
    for byte in data[at:]:
        value = _rotated(value + byte * 374761393, 11) * 2654435761
    value &= 0xFFFFFFFF
    value = (value ^ value >> 15) * 2246822519 & 0xFFFFFFFF
    value = (value ^ value >> 13) * 3266489917 & 0xFFFFFFFF
    return value ^ value >> 16


def lz4(data):
    """A frame of independent blocks of 64 KiB."""
    descriptor = bytes([0x60, 0x40])
    out = struct.pack('<I', 0x184D2204) + descriptor + bytes([xxh32(descriptor) >> 8 & 0xFF])
    for block in _blocks(data):
        packed = _lz4_block(block)
        stored = len(packed) >= len(block)
        out += struct.pack('<I', len(block) | 1 << 31 if stored else len(packed)) + (block if stored else packed)
    return out + bytes(4)


def _lzo1x(data):
    """A run of literals; where the data begin with a run of one byte, a match."""
    def literals(piece):
        rest = len(piece) - 3 - 15
        head = bytes([len(piece) - 3]) if rest <= 0 else bytes(1 + (rest - 1) // 255) + bytes([(rest - 1) % 255 + 1])
        return head + piece
    run = len(data) - len(data.lstrip(data[:1]))
    if run < 64 or len(data) - run < 4:
        return literals(data) + b'\x11\0\0'
    length = run - 4 - 2 - 31
    match = bytes([0x20]) + bytes((length - 1) // 255) + bytes([(length - 1) % 255 + 1]) + bytes(2)
    return literals(data[:4]) + match + literals(data[run:]) + b'\x11\0\0'


def lzop(data, crc=True):
    """As lzop, with CRC-32 or Adler-32 of the unpacked blocks."""
    flags = 0x03000100 if crc else 0x03000001
    header = struct.pack('>HHHBBIIIIB', 0x1040, 0x20A0, 0x0940, 3, 9, flags, 0o100644, 0, 0, 0)
    out = b'\x89LZO\0\r\n\x1a\n' + header + struct.pack('>I', zlib.adler32(header))
    for block in _blocks(data):
        packed = _lzo1x(block) if len(block) > 3 else block
        packed = packed if len(packed) < len(block) else block
        checksum = zlib.crc32(block) if crc else zlib.adler32(block)
        out += struct.pack('>III', len(block), len(packed), checksum) + packed
    return out + bytes(4)
