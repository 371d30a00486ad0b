import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containerOf } from "./container.ts";
import { FileSource } from "./file-source.ts";
import { PacketCapture } from "./packet-capture.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tercel-packet-capture-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Words = readonly [value: number, bytes: number][];

function bytesOf(little: boolean, words: Words): Buffer {
  return Buffer.concat(
    words.map(([value, width]) => {
      const part = Buffer.alloc(width);
      if (little) part.writeUIntLE(value, 0, width);
      else part.writeUIntBE(value, 0, width);
      return part;
    }),
  );
}

function udp(payload: string, { protocol = 17, fragment = 0, stated = 8 + payload.length } = {}): Buffer {
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(fragment, 6);
  ip[9] = protocol;
  const header = Buffer.alloc(8);
  header.writeUInt16BE(stated, 4);
  return Buffer.concat([ip, header, Buffer.from(payload)]);
}

function udp6(payload: string): Buffer {
  const ip = Buffer.alloc(40);
  ip[0] = 0x60;
  ip[6] = 17;
  return Buffer.concat([ip, udp(payload).subarray(20)]);
}

function ethernet(packet: Buffer, types: number[] = [0x0800]): Buffer {
  const tags = types.map((type, i) => bytesOf(false, i === types.length - 1 ? [[type, 2]] : [[type, 2], [7, 2]])); // prettier-ignore
  return Buffer.concat([Buffer.alloc(12), ...tags, packet, Buffer.alloc(3)]); // padding, as short frames have
}

function pcap(little: boolean, link: number, packets: Buffer[]): Buffer {
  const head = bytesOf(little, [[0xa1b2c3d4, 4], [2, 2], [4, 2], [0, 4], [0, 4], [65535, 4], [link, 4]]); // prettier-ignore
  const records = packets.flatMap((packet) => [bytesOf(little, [[1, 4], [2, 4], [packet.length, 4], [packet.length, 4]]), packet]); // prettier-ignore
  return Buffer.concat([head, ...records]);
}

function block(little: boolean, type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const length = 12 + padded.length;
  return Buffer.concat([bytesOf(little, [[type, 4], [length, 4]]), padded, bytesOf(little, [[length, 4]])]); // prettier-ignore
}

function pcapng(little: boolean, link: number, packets: Buffer[], isSimple: boolean): Buffer {
  const section = block(little, 0x0a0d0d0a, bytesOf(little, [[0x1a2b3c4d, 4], [1, 2], [0, 2], [0xffffffff, 4], [0xffffffff, 4]])); // prettier-ignore
  const description = block(little, 1, bytesOf(little, [[link, 2], [0, 2], [0, 4]])); // prettier-ignore
  const blocks = packets.map(
    (packet) =>
    isSimple
      ? block(little, 3, Buffer.concat([bytesOf(little, [[packet.length, 4]]), packet]))
      : block(little, 6, Buffer.concat([bytesOf(little, [[0, 4], [1, 4], [2, 4], [packet.length, 4], [packet.length, 4]]), packet])), // prettier-ignore
  );
  return Buffer.concat([section, description, block(little, 5, Buffer.alloc(8)), ...blocks]);
}

function datagrams(stream: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at < stream.length;) {
    const length = (stream[at] << 8) | stream[at + 1];
    found.push(Buffer.from(stream.subarray(at + 2, at + 2 + length)).toString());
    at += 2 + length;
  }
  return found;
}

function open(bytes: Buffer, size: number = bytes.length): { found: string[]; capture: PacketCapture } {
  const capture = new PacketCapture("a file", containerOf(bytes));
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(capture.push(bytes.subarray(at, at + size)));
  return { found: datagrams(Buffer.concat(parts)), capture };
}

describe("PacketCapture", () => {
  const packets = [ethernet(udp("one")), ethernet(udp("two"), [0x8100, 0x0800]), ethernet(udp6("three"), [0x88a8, 0x8100, 0x86dd]), ethernet(udp(""))];
  const expected = ["one", "two", "three", ""];
  const captures: [string, Buffer][] = [
    ["pcap, little-endian", pcap(true, 1, packets)],
    ["pcap, big-endian", pcap(false, 1, packets)],
    ["pcapng, little-endian", pcapng(true, 1, packets, false)],
    ["pcapng, big-endian", pcapng(false, 1, packets, false)],
  ];
  for (const [name, bytes] of captures) {
    for (const size of [1, 13, 100_000]) {
      it(`finds the datagrams of ${name}, in pieces of ${size}`, () => {
        const { found, capture } = open(bytes, size);
        expect(found).toEqual(expected);
        expect([capture.datagrams, capture.skipped, capture.pendingBytes]).toEqual([4, 0, 0]);
      });
    }
  }

  it("reads simple packet blocks, raw IP and Linux cooked captures", () => {
    expect(open(pcapng(true, 101, [udp("raw")], true)).found).toEqual(["raw"]);
    expect(open(pcap(true, 113, [Buffer.concat([Buffer.alloc(14), bytesOf(false, [[0x0800, 2]]), udp("cooked")])])).found).toEqual(["cooked"]);
  });

  it("counts and leaves out what is no whole datagram", () => {
    const others = [
      ethernet(udp("tcp", { protocol: 6 })),
      ethernet(udp("part", { fragment: 0x2000 })),
      ethernet(udp("cut", { stated: 60 })),
      ethernet(udp("arp"), [0x0806]),
    ];
    const { found, capture } = open(pcap(true, 1, [...others, Buffer.alloc(5), packets[0]]));
    expect(found).toEqual(["one"]);
    expect(capture.skipped).toBe(5);
  });

  it("refuses link types it cannot read, and lengths that are none", () => {
    expect(() => open(pcap(true, 127, packets))).toThrow(/link type 127; expected Ethernet/);
    const damaged = pcap(true, 1, packets);
    damaged.writeUInt32LE(0x7fffffff, 24 + 8);
    expect(() => open(damaged)).toThrow(/expected a packet at offset 24 of the capture/);
    const odd = pcapng(true, 1, packets, false);
    odd.writeUInt32LE(13, 4);
    expect(() => open(odd)).toThrow(expect.objectContaining({ code: "INPUT_UNREADABLE" }));
  });

  it("comes out of a file source, compressed or not, and tells what a cut capture leaves", async () => {
    const whole = pcap(true, 1, packets);
    for (const [name, bytes, truncated] of [
      ["whole.pcap", whole, 0],
      ["whole.pcap.gz", gzipSync(whole), 0],
      ["cut.pcap", whole.subarray(0, whole.length - 4), 16 + packets[3].length - 4],
    ] as const) {
      writeFileSync(join(folder, name), bytes);
      const source = new FileSource([join(folder, name)], { chunkBytes: 5 });
      const parts: Uint8Array[] = [];
      for (let piece = await source.read(); piece !== null; piece = await source.read()) parts.push(piece.slice());
      await source.close();
      expect(datagrams(Buffer.concat(parts)), name).toEqual(truncated === 0 ? expected : expected.slice(0, 3));
      expect([source.container, source.truncatedBytes], name).toEqual(["pcap", truncated]);
    }
  });

  it("goes on at an offset of the datagrams", async () => {
    const path = join(folder, "resume.pcap");
    writeFileSync(path, pcap(true, 1, packets));
    const source = new FileSource([path], { startOffset: 5 });
    expect(datagrams((await source.read()) ?? new Uint8Array(0))).toEqual(expected.slice(1));
    await source.close();
  });
});

describe("containerOf", () => {
  it("takes what it does not know as plain, however short", () => {
    expect([containerOf(new Uint8Array(0)), containerOf(Uint8Array.of(0x1f, 0x8b)), containerOf(Uint8Array.of(0, 12, 0x53, 0))]).toEqual([
      "plain",
      "plain",
      "plain",
    ]);
  });
});
