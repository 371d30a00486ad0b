import { beforeEach, describe, expect, it } from "vitest";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import {
  EVENT_ADDED,
  EVENT_CROSSED,
  EVENT_DELETED,
  EVENT_EXECUTED,
  EVENT_EXECUTED_AT,
  EVENT_PRINTED,
  EVENT_REDUCED,
  EVENT_REPLACED,
  EventLog,
  PRINTABLE_NO,
} from "./event-log.ts";
import { FRAME_BYTES_MAX, ItchEncoder, reasonWord } from "./itch-encoder.ts";

const target = new Uint8Array(256);
let encoder: ItchEncoder;

beforeEach(() => {
  target.fill(0xee);
  encoder = new ItchEncoder(Uint8Array.from("SIM001  SIM002  ", (letter) => letter.charCodeAt(0)));
  encoder.bind(target, 0);
  encoder.setTime(0x1122_3344_5566);
});

/** What was written, as hexadecimal; letters of a pattern after `#` are text. */
function written(): string {
  return Buffer.from(target.subarray(0, encoder.at)).toString("hex");
}

function text(value: string): string {
  return Buffer.from(value, "latin1").toString("hex");
}

const TIME = "112233445566";

function event(kind: number, side: number, flag = 0): EventLog {
  const log = new EventLog();
  const i = log.append(kind, 1, side, 300, 123_400);
  log.ref[i] = 0x1_0000_0002;
  log.ref2[i] = 3;
  log.match[i] = 4;
  log.flag[i] = flag;
  return log;
}

const REF = "0000000100000002";
const SHARES = "0000012c";
const PRICE = "0001e208";
const MATCH = "0000000000000004";

/** Each event, and the bytes that the specification asks for. */
const EVENTS: readonly (readonly [string, EventLog, string])[] = [
  ["an order", event(EVENT_ADDED, SIDE_BID), `0024${text("A")}00020000${TIME}${REF}${text("B")}${SHARES}${text("SIM002  ")}${PRICE}`],
  [
    "an order with its participant",
    event(EVENT_ADDED, SIDE_ASK, 1),
    `0028${text("F")}00020000${TIME}${REF}${text("S")}${SHARES}${text("SIM002  ")}${PRICE}${text("SIMC")}`,
  ],
  ["an execution", event(EVENT_EXECUTED, SIDE_BID), `001f${text("E")}00020000${TIME}${REF}${SHARES}${MATCH}`],
  ["an execution at a price", event(EVENT_EXECUTED_AT, SIDE_BID, PRINTABLE_NO), `0024${text("C")}00020000${TIME}${REF}${SHARES}${MATCH}${text("N")}${PRICE}`],
  ["a partial cancel", event(EVENT_REDUCED, SIDE_BID), `0017${text("X")}00020000${TIME}${REF}${SHARES}`],
  ["a delete", event(EVENT_DELETED, SIDE_BID), `0013${text("D")}00020000${TIME}${REF}`],
  ["a replace", event(EVENT_REPLACED, SIDE_BID), `0023${text("U")}00020000${TIME}${REF}0000000000000003${SHARES}${PRICE}`],
  [
    "an undisplayed trade",
    event(EVENT_PRINTED, SIDE_ASK),
    `002c${text("P")}00020000${TIME}0000000000000000${text("B")}${SHARES}${text("SIM002  ")}${PRICE}${MATCH}`,
  ],
  ["a cross", event(EVENT_CROSSED, SIDE_BID, 0x4f), `0028${text("Q")}00020000${TIME}00000000${SHARES}${text("SIM002  ")}${PRICE}${MATCH}${text("O")}`],
];

describe("the encoder", () => {
  for (const [name, log, bytes] of EVENTS) {
    it(`writes ${name} byte by byte as specified`, () => {
      encoder.events(log);
      expect(written()).toBe(bytes);
      expect(encoder.messages).toBe(1);
    });
  }

  it("writes the directory and the states of an instrument", () => {
    encoder.directory(0, 100);
    expect(written()).toBe(`0027${text("R")}00010000${TIME}${text("SIM001  QN")}00000064${text("NCZ PNN1N")}00000000${text("N")}`);
    encoder.bind(target, 0);
    encoder.tradingAction(0, 0x48, reasonWord("T1"));
    expect(written()).toBe(`0019${text("H")}00010000${TIME}${text("SIM001  H T1  ")}`);
    encoder.bind(target, 0);
    encoder.regSho(0, 0x30);
    expect(written()).toBe(`0014${text("Y")}00010000${TIME}${text("SIM001  0")}`);
  });

  it("writes the events of the system and of the market-wide breaker", () => {
    encoder.systemEvent(0x51);
    expect(written()).toBe(`000c${text("S")}00000000${TIME}${text("Q")}`);
    encoder.bind(target, 0);
    encoder.breakerLevels(4650, 4350, 4000);
    expect(written()).toBe(`0023${text("V")}00000000${TIME}0000006c4428ea000000006548053e000000005d21dba000`);
    encoder.bind(target, 0);
    encoder.breakerStatus(1);
    expect(written()).toBe(`000c${text("W")}00000000${TIME}${text("1")}`);
  });

  it("writes an imbalance with its direction, N for none", () => {
    encoder.imbalance(1, SIDE_ASK, 5_000, 300, 123_400, 0x43);
    const prices = PRICE.repeat(3);
    const expected = (shares: string, direction: string): string =>
      `0032${text("I")}00020000${TIME}0000000000001388${shares}${text(`${direction}SIM002  `)}${prices}${text("CL")}`;
    expect(written()).toBe(expected(`00000000${SHARES}`, "S"));
    expect(encoder.at).toBe(FRAME_BYTES_MAX);
    encoder.bind(target, 0);
    encoder.imbalance(1, SIDE_ASK, 5_000, 0, 123_400, 0x43);
    expect(written()).toBe(expected("0000000000000000", "N"));
  });

  it("goes on behind what it has written and touches nothing further", () => {
    encoder.bind(target, 10);
    encoder.systemEvent(0x51);
    encoder.systemEvent(0x53);
    expect(encoder.at).toBe(10 + 2 * 14);
    expect(target[9]).toBe(0xee);
    expect(target[encoder.at]).toBe(0xee);
  });
});
