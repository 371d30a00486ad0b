/**
 * The UDP datagrams in a capture of packets: pcap and pcapng over Ethernet (with VLAN tags), Linux cooked or raw IP; IPv4 and IPv6.
 * https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html, https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html
 *
 * Each datagram comes out behind its length (u16 big-endian), so that its boundary survives any cutting of the stream. Packets that
 * are not whole UDP datagrams (other protocols, fragments, cut by the capture's limit) are counted and left out. Receive times of the
 * capture are not kept.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { Container } from "./container.ts";

/** A packet or block past this is not one: the capture is damaged. */
const PACKET_BYTES_MAX = 16 * 1024 * 1024;

const LINK_ETHERNET = 1;
const LINK_RAW = 101;
const LINK_COOKED = 113;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const PROTOCOL_UDP = 17;

const PCAP_HEADER_BYTES = 24;
const PCAP_RECORD_BYTES = 16;

const BLOCK_SECTION = 0x0a0d0d0a;
const BLOCK_INTERFACE = 1;
const BLOCK_PACKET_SIMPLE = 3;
const BLOCK_PACKET_ENHANCED = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

export class PacketCapture {
  private readonly path: string;
  private readonly isNg: boolean;
  private rest: Uint8Array = new Uint8Array(0);
  private offset = 0;
  private started = false;
  private little = true;
  private links: number[] = [];
  private datagramCount = 0;
  private skippedCount = 0;

  constructor(path: string, container: Container) {
    this.path = path;
    this.isNg = container === "pcapng";
  }

  /** Datagrams found so far. */
  get datagrams(): number {
    return this.datagramCount;
  }

  /** Packets left out so far. */
  get skipped(): number {
    return this.skippedCount;
  }

  /** Bytes of a packet that is not complete. */
  get pendingBytes(): number {
    return this.rest.length;
  }

  /** The datagrams that these next bytes of the file complete, each behind its length; possibly none. */
  push(bytes: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const view = new DataView(all.buffer);
    const found: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const length = this.isNg ? this.block(all, view, at, found) : this.record(all, view, at, found);
      if (length === 0) break;
      at += length;
    }
    this.offset += at;
    this.rest = all.slice(at);
    return join(found);
  }

  /** A pcap file header or record at `at`. Returns its length, 0 when it is not complete. */
  private record(all: Uint8Array, view: DataView, at: number, found: Uint8Array[]): number {
    if (!this.started) {
      if (all.length - at < PCAP_HEADER_BYTES) return 0;
      this.little = all[at] !== 0xa1;
      this.links = [this.checkLink(view.getUint32(at + 20, this.little) & 0x0fff_ffff)];
      this.started = true;
      return PCAP_HEADER_BYTES;
    }
    if (all.length - at < PCAP_RECORD_BYTES) return 0;
    const captured = this.checkLength(view.getUint32(at + 8, this.little), at);
    if (all.length - at < PCAP_RECORD_BYTES + captured) return 0;
    this.packet(all, view, at + PCAP_RECORD_BYTES, at + PCAP_RECORD_BYTES + captured, this.links[0], found);
    return PCAP_RECORD_BYTES + captured;
  }

  /** A pcapng block at `at`. Returns its length, 0 when it is not complete. */
  private block(all: Uint8Array, view: DataView, at: number, found: Uint8Array[]): number {
    if (all.length - at < 12) return 0;
    if (view.getUint32(at) === BLOCK_SECTION) {
      this.little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      this.links = [];
    }
    const type = view.getUint32(at, this.little);
    const length = this.checkLength(view.getUint32(at + 4, this.little), at);
    if (length < 12 || length % 4 !== 0) throw this.damaged(at);
    if (all.length - at < length) return 0;
    if (type === BLOCK_INTERFACE) this.links.push(this.checkLink(view.getUint16(at + 8, this.little)));
    if (type === BLOCK_PACKET_ENHANCED && length >= 32) {
      const link = this.links[view.getUint32(at + 8, this.little)];
      const captured = view.getUint32(at + 20, this.little);
      if (link === undefined || captured > length - 32) throw this.damaged(at);
      this.packet(all, view, at + 28, at + 28 + captured, link, found);
    }
    if (type === BLOCK_PACKET_SIMPLE && length >= 16) {
      if (this.links.length === 0) throw this.damaged(at);
      const captured = Math.min(view.getUint32(at + 8, this.little), length - 16);
      this.packet(all, view, at + 12, at + 12 + captured, this.links[0], found);
    }
    return length;
  }

  private packet(all: Uint8Array, view: DataView, from: number, to: number, link: number, found: Uint8Array[]): void {
    const payload = datagramIn(view, from, to, link);
    if (payload === null) {
      this.skippedCount++;
      return;
    }
    const [start, end] = payload;
    const length = end - start;
    found.push(Uint8Array.of(length >> 8, length & 0xff), all.subarray(start, end));
    this.datagramCount++;
  }

  private checkLink(link: number): number {
    if (link === LINK_ETHERNET || link === LINK_RAW || link === LINK_COOKED) return link;
    throw new StreamError(
      "INPUT_UNREADABLE",
      `cannot read ${this.path}: its packets have link type ${link}; expected Ethernet (1), raw IP (101) or Linux cooked (113)`,
      {
        path: this.path,
        link,
      },
    );
  }

  private checkLength(length: number, at: number): number {
    if (length > PACKET_BYTES_MAX) throw this.damaged(at);
    return length;
  }

  private damaged(at: number): StreamError {
    const offset = this.offset + at;
    return new StreamError("INPUT_UNREADABLE", `cannot read ${this.path}: expected a packet at offset ${offset} of the capture, found none`, {
      path: this.path,
      offset,
    });
  }
}

/** The payload of the whole UDP datagram in the packet at view[from, to), as its start and end; null when there is none. */
function datagramIn(view: DataView, from: number, to: number, link: number): [number, number] | null {
  const ip = link === LINK_RAW ? from : networkStart(view, from, to, link);
  if (ip < 0 || to - ip < 20) return null;
  const version = view.getUint8(ip) >> 4;
  let udp = -1;
  if (version === 4) {
    const isFragment = (view.getUint16(ip + 6) & 0x3fff) !== 0;
    if (view.getUint8(ip + 9) === PROTOCOL_UDP && !isFragment) udp = ip + (view.getUint8(ip) & 15) * 4;
  } else if (version === 6 && to - ip >= 40 && view.getUint8(ip + 6) === PROTOCOL_UDP) udp = ip + 40;
  if (udp < 0 || to - udp < 8) return null;
  const length = view.getUint16(udp + 4);
  return length >= 8 && udp + length <= to ? [udp + 8, udp + length] : null;
}

/** Where the network layer begins behind an Ethernet or cooked header; -1 when it is not IP. */
function networkStart(view: DataView, from: number, to: number, link: number): number {
  let at = from + (link === LINK_COOKED ? 14 : 12);
  while (to - at >= 2) {
    const type = view.getUint16(at);
    if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return at + 2;
    if (type !== ETHERTYPE_VLAN && type !== ETHERTYPE_QINQ) return -1;
    at += 4;
  }
  return -1;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
