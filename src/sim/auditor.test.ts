import { describe, expect, it } from "vitest";
import * as itch from "../market/feed/itch50-layout.ts";
import { StreamAuditor } from "./auditor.ts";
import { FRAME_PREFIX_BYTES } from "./itch-encoder.ts";
import { MarketSimulator } from "./simulator.ts";

const stream = createStream();

function createStream(): Uint8Array {
  const sim = new MarketSimulator({ seed: 5, instruments: 4, scenario: "halt", messages: 6_000 });
  const bytes = new Uint8Array(1 << 20);
  return bytes.slice(0, sim.read(bytes));
}

/** Offsets of the frames' lengths. */
function frames(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < bytes.length; at += FRAME_PREFIX_BYTES + (bytes[at] << 8) + bytes[at + 1]) offsets.push(at);
  return offsets;
}

/** The first frame of a type at or after a share of the stream, as the offset of its message. */
function find(bytes: Uint8Array, type: number): number {
  const offsets = frames(bytes);
  const at = offsets.slice(offsets.length >> 1).find((offset) => bytes[offset + FRAME_PREFIX_BYTES] === type);
  expect(at).toBeDefined();
  return at! + FRAME_PREFIX_BYTES;
}

function audit(bytes: Uint8Array): StreamAuditor {
  const auditor = new StreamAuditor();
  auditor.push(bytes, 0, bytes.length);
  auditor.finish();
  return auditor;
}

/** The stream with a change to one message of a type. */
function planted(type: number, change: (bytes: Uint8Array, at: number) => void): string[] {
  const bytes = stream.slice();
  change(bytes, find(bytes, type));
  return audit(bytes).faults;
}

describe("the auditor", () => {
  it("finds nothing in a stream as it is made", () => {
    const auditor = audit(stream);
    expect(auditor.faults).toEqual([]);
    expect(auditor.messages).toBe(frames(stream).length);
  });

  it("finds a frame with the wrong length", () => {
    const bytes = stream.slice();
    bytes[1]++;
    expect(audit(bytes).faults[0]).toContain("length 13");
  });

  it("finds time that goes back", () => {
    expect(planted(itch.MESSAGE_DELETE, (bytes, at) => (bytes[at + itch.HEADER_TIME_HIGH] = 0)).join()).toContain("time went back");
  });

  it("finds an order that is not live", () => {
    for (const type of [itch.MESSAGE_DELETE, itch.MESSAGE_CANCEL, itch.MESSAGE_EXECUTE, itch.MESSAGE_REPLACE]) {
      expect(planted(type, (bytes, at) => (bytes[at + itch.DELETE_ORDER + 4] = 0x7f)).join()).toContain("is not live");
    }
  });

  it("finds more shares taken than there are", () => {
    expect(planted(itch.MESSAGE_CANCEL, (bytes, at) => (bytes[at + itch.CANCEL_SHARES] = 1)).join()).toContain("shares taken from order");
  });

  it("finds an order added twice and one of no shares", () => {
    expect(planted(itch.MESSAGE_ADD, (bytes, at) => bytes.fill(0, at + itch.ADD_SHARES, at + itch.ADD_SHARES + 4)).join()).toContain("of 0 shares");
    const twice = stream.slice();
    const [first, second] = frames(twice).filter((offset) => twice[offset + 2] === itch.MESSAGE_ADD);
    twice.copyWithin(second + 2 + itch.ADD_ORDER, first + 2 + itch.ADD_ORDER, first + 2 + itch.ADD_ORDER + 8);
    expect(audit(twice).faults.join()).toContain("added twice");
  });

  it("finds a crossed book", () => {
    const crossed = planted(itch.MESSAGE_ADD, (bytes, at) => {
      const isBid = bytes[at + itch.ADD_SIDE] === 0x42;
      bytes.fill(isBid ? 0x7f : 0, at + itch.ADD_PRICE, at + itch.ADD_PRICE + 3);
    });
    expect(crossed.join()).toContain("crossed by order");
  });

  it("finds an execution in a halted instrument", () => {
    const bytes = stream.slice();
    const states = frames(bytes).filter((offset) => bytes[offset + 2] === itch.MESSAGE_TRADING_ACTION);
    bytes[states[0] + 2 + itch.TRADING_ACTION_STATE] = 0x48;
    expect(audit(bytes).faults[0]).toContain("SIM001 traded while halted");
  });

  it("finds a match number that does not rise and an instrument that was not listed", () => {
    expect(planted(itch.MESSAGE_EXECUTE, (bytes, at) => bytes.fill(0, at + itch.EXECUTE_MATCH, at + itch.EXECUTE_MATCH + 8)).join()).toContain("match 0 after");
    expect(planted(itch.MESSAGE_DELETE, (bytes, at) => (bytes[at + itch.HEADER_LOCATE] = 0x70)).join()).toContain("before its directory");
  });

  it("finds an execution behind the best price and shares that do not add up", () => {
    const bytes = stream.slice();
    const auditor = new StreamAuditor();
    const at = find(bytes, itch.MESSAGE_EXECUTE);
    auditor.push(bytes, 0, at - FRAME_PREFIX_BYTES);
    const locate = (bytes[at + itch.HEADER_LOCATE] << 8) + bytes[at + itch.HEADER_LOCATE + 1];
    const instrument = auditor.instruments.get(`SIM00${locate}`)!;
    instrument.addedShares++;
    auditor.finish();
    expect(auditor.faults.at(-1)).toContain("shares added");
    // A better price on both sides that nobody can reach makes the execution one behind the best.
    instrument.bids.set(9_000_000, { qty: 1, orders: 1 });
    instrument.asks.set(1, { qty: 1, orders: 1 });
    auditor.push(bytes, at - FRAME_PREFIX_BYTES, at + itch.EXECUTE_LENGTH);
    expect(auditor.faults.at(-1)).toContain("behind the best price");
  });

  it("keeps the text of twenty faults and counts them all", () => {
    const bytes = stream.slice();
    for (const offset of frames(bytes)) if (bytes[offset + 2] === itch.MESSAGE_DELETE) bytes[offset + 2 + itch.DELETE_ORDER] = 1;
    const auditor = audit(bytes);
    expect(auditor.faults.length).toBe(20);
    expect(auditor.faultCount).toBeGreaterThan(1_000);
  });
});
