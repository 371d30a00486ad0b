import { describe, expect, it } from "vitest";
import { isStreamError } from "../kernel/core/errors.ts";
import { hashBytes } from "../kernel/core/hash.ts";
import * as itch from "../market/feed/itch50-layout.ts";
import { StreamAuditor } from "./auditor.ts";
import { FRAME_BYTES_MAX } from "./itch-encoder.ts";
import { findScenario, scenarioNames } from "./scenario.ts";
import { MarketSimulator, type SimulatorOptions } from "./simulator.ts";

const SECOND = 1_000_000_000;
/** Of all scenarios but day-24h. */
const BELL_NS = findScenario("calm").bellSecond * SECOND;

/** The whole stream, read in pieces of at most `piece` bytes. */
function bytesOf(sim: MarketSimulator, piece = 1 << 20): Uint8Array {
  const parts: Uint8Array[] = [];
  const target = new Uint8Array(piece);
  for (let bytes = sim.read(target); bytes > 0; bytes = sim.read(target)) parts.push(target.slice(0, bytes));
  return Uint8Array.from(Buffer.concat(parts));
}

function streamOf(options: SimulatorOptions): Uint8Array {
  return bytesOf(new MarketSimulator(options));
}

interface Message {
  readonly letter: string;
  readonly locate: number;
  /** Seconds from the opening bell. */
  readonly second: number;
  readonly at: number;
}

function messagesOf(bytes: Uint8Array): Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Message[] = [];
  for (let at = 2; at < bytes.length; at += 2 + view.getUint16(at - 2)) {
    const timeNs = view.getUint16(at + itch.HEADER_TIME_HIGH) * 4_294_967_296 + view.getUint32(at + itch.HEADER_TIME_LOW);
    messages.push({ letter: String.fromCharCode(bytes[at]), locate: view.getUint16(at + itch.HEADER_LOCATE), second: (timeNs - BELL_NS) / SECOND, at });
  }
  return messages;
}

/** Best bid, best ask and last price of a symbol through a stream, after each message: [second, bid, ask, last]. */
function priceTrace(bytes: Uint8Array, symbol: string): [number, number, number, number][] {
  const auditor = new StreamAuditor();
  const trace: [number, number, number, number][] = [];
  const locate = Number(symbol.slice(3));
  for (const message of messagesOf(bytes)) {
    const length = (bytes[message.at - 2] << 8) + bytes[message.at - 1];
    auditor.push(bytes, message.at - 2, message.at + length);
    const instrument = auditor.instruments.get(symbol);
    if (instrument !== undefined && message.locate === locate)
      trace.push([message.second, instrument.best(true), instrument.best(false), instrument.lastPrice]);
  }
  expect(auditor.faults).toEqual([]);
  return trace;
}

describe("the stream", () => {
  for (const scenario of scenarioNames()) {
    it(`of ${scenario} breaks no law of the feed and ends in the books that the exchange has`, () => {
      const sim = new MarketSimulator({ seed: 11, instruments: 60, scenario, messages: 40_000 });
      const auditor = new StreamAuditor();
      const bytes = bytesOf(sim);
      auditor.push(bytes, 0, bytes.length);
      auditor.finish();
      expect(auditor.faults).toEqual([]);
      expect(auditor.messages).toBe(sim.messages);
      expect(sim.position).toBe(bytes.length);
      expect(sim.symbols().length).toBe(60);
      for (const symbol of sim.symbols()) {
        expect(auditor.instruments.get(symbol)!.book()).toEqual(sim.truth(symbol));
        expect(sim.truth(symbol).bids.length).toBeGreaterThan(0);
      }
    });
  }

  it("shows the book that the exchange has at any read into a large buffer, too", () => {
    const sim = new MarketSimulator({ seed: 2, instruments: 10, messages: 30_000 });
    const auditor = new StreamAuditor();
    const target = new Uint8Array(80_000);
    let reads = 0;
    for (let bytes = sim.read(target); bytes > 0; bytes = sim.read(target)) {
      auditor.push(target, 0, bytes);
      reads++;
      expect(sim.pendingBytes).toBe(0);
      for (const [symbol, instrument] of auditor.instruments) expect(instrument.book()).toEqual(sim.truth(symbol));
    }
    expect(reads).toBeGreaterThan(5);
  });

  it("has every message type that a reader must know for it, and several hundred instruments, all alive", () => {
    const bytes = streamOf({ seed: 3, messages: 150_000 });
    const auditor = new StreamAuditor();
    auditor.push(bytes, 0, bytes.length);
    expect(Object.keys(auditor.byType).toSorted().join("")).toBe("ACDEFHIPQRSUVXY");
    expect(auditor.instruments.size).toBe(300);
    for (const instrument of auditor.instruments.values()) expect(instrument.tapeShares).toBeGreaterThan(0);
    const share = (letter: string): number => auditor.byType[letter] / auditor.messages;
    expect(share("A")).toBeGreaterThan(0.35);
    expect(share("D")).toBeGreaterThan(0.2);
    expect(share("E")).toBeGreaterThan(0.03);
    expect(auditor.byType["S"]).toBe(6);
    expect(auditor.messages).toBeGreaterThan(149_000);
    expect(auditor.messages).toBeLessThan(152_000);
  });

  it("keeps resting orders about the number wanted, however long it runs", () => {
    const sim = new MarketSimulator({ seed: 4, instruments: 5, scenario: "calm", messages: 300_000 });
    const target = new Uint8Array(1 << 18);
    let reads = 0;
    while (sim.read(target) > 0) {
      if (++reads < 4) continue;
      for (const symbol of sim.symbols()) {
        const { bids, asks } = sim.truth(symbol);
        const orders = [...bids, ...asks].reduce((sum, level) => sum + level.orders, 0);
        expect(orders).toBeGreaterThan(20);
        expect(orders).toBeLessThan(350);
      }
    }
    expect(reads).toBeGreaterThan(20);
  });
});

describe("the same options", () => {
  const options: SimulatorOptions = { seed: 42, instruments: 40, messages: 20_000 };

  it("give the same bytes, and another seed others", () => {
    const first = streamOf(options);
    expect(hashBytes(streamOf(options), 0, first.length, 0)).toBe(hashBytes(first, 0, first.length, 0));
    const other = streamOf({ ...options, seed: 43 });
    expect(hashBytes(other, 0, other.length, 0)).not.toBe(hashBytes(first, 0, first.length, 0));
  });

  it("give these bytes, on every machine and version", () => {
    const bytes = streamOf(options);
    expect([bytes.length, hashBytes(bytes, 0, bytes.length, 0)]).toEqual(GOLDEN);
  });

  it("give the same bytes whatever the size of the reader's buffer", () => {
    const whole = Buffer.from(streamOf(options));
    for (const piece of [FRAME_BYTES_MAX, 64, 4_096, 60_000, 1 << 16]) {
      expect(Buffer.from(bytesOf(new MarketSimulator(options), piece)).equals(whole)).toBe(true);
    }
  });

  it("give the rest of the stream after a jump to a message's end", () => {
    const whole = streamOf(options);
    const ends = messagesOf(whole).map((message) => message.at - 2);
    for (const part of [0, 0.1, 0.5, 0.999]) {
      const position = ends[Math.floor(ends.length * part)];
      const sim = new MarketSimulator(options);
      sim.skipTo(position);
      expect(sim.position).toBe(position);
      expect(Buffer.from(bytesOf(sim)).equals(Buffer.from(whole.subarray(position)))).toBe(true);
    }
    const sim = new MarketSimulator(options);
    sim.skipTo(whole.length);
    expect(sim.isOver).toBe(true);
  });
});

/** Length and hash of the stream of one set of options. */
const GOLDEN = [706_512, 1_308_652_351];

describe("scenarios", () => {
  it("make a flash crash fall by the stated 8 % within two seconds and come back", () => {
    const trace = priceTrace(streamOf({ seed: 6, instruments: 20, scenario: "flash-crash", messages: 60_000 }), "SIM003");
    const at = (second: number): [number, number, number, number] => trace.findLast((row) => row[0] <= second)!;
    const before = at(3)[3];
    expect(at(5.1)[3] / before).toBeGreaterThan(0.91);
    expect(at(5.1)[3] / before).toBeLessThan(0.93);
    expect((at(5.1)[1] + at(5.1)[2]) / 2 / before).toBeGreaterThan(0.905);
    expect((at(5.1)[1] + at(5.1)[2]) / 2 / before).toBeLessThan(0.935);
    expect(at(8.8)[3] / before).toBeGreaterThan(0.985);
    expect(at(8.8)[3] / before).toBeLessThan(1.015);
    expect(Math.min(...trace.filter((row) => row[0] < 3).map((row) => row[3] || Infinity)) / before).toBeGreaterThan(0.98);
  });

  it("leave the instruments that no shock names where they were", () => {
    const trace = priceTrace(streamOf({ seed: 6, instruments: 20, scenario: "flash-crash", messages: 60_000 }), "SIM015");
    const prices = trace.filter((row) => row[3] > 0).map((row) => row[3]);
    expect(Math.min(...prices) / Math.max(...prices)).toBeGreaterThan(0.97);
  });

  it("let correlated instruments fall together at news and stay there", () => {
    const bytes = streamOf({ seed: 8, instruments: 20, scenario: "news-shock", messages: 60_000 });
    for (const [symbol, change] of [
      ["SIM001", -0.03],
      ["SIM006", -0.03],
      ["SIM002", 0],
    ] as const) {
      const trace = priceTrace(bytes, symbol);
      const before = trace.findLast((row) => row[0] < 4 && row[3] > 0)![3];
      const after = trace.findLast((row) => row[0] < 6)![3];
      expect(after / before - 1).toBeGreaterThan(change - 0.01);
      expect(after / before - 1).toBeLessThan(change + 0.01);
    }
  });

  it("stop executions between a halt and its resumption, which is an auction with a print", () => {
    const messages = messagesOf(streamOf({ seed: 6, instruments: 20, scenario: "halt", messages: 60_000 })).filter((message) => message.locate === 2);
    const states = messages.filter((message) => message.letter === "H" && message.second > 0);
    expect(states.map((message) => Math.round(message.second * 10) / 10)).toEqual([3, 5.5, 7]);
    const during = messages.filter((message) => message.second > 3 && message.second < 7).map((message) => message.letter);
    expect(during.length).toBeGreaterThan(100);
    for (const letter of "ECPQ") expect(during).not.toContain(letter);
    for (const letter of "ADI") expect(during).toContain(letter);
    const resumed = messages.slice(messages.indexOf(states[2]) + 1);
    expect(resumed.find((message) => message.letter !== "C")!.letter).toBe("Q");
    expect(resumed.some((message) => message.letter === "E")).toBe(true);
  });

  it("stop the whole market when its breaker is breached", () => {
    const bytes = streamOf({ seed: 6, instruments: 20, scenario: "market-halt", messages: 60_000 });
    const messages = messagesOf(bytes);
    const breach = messages.find((message) => message.letter === "W")!;
    expect(breach.second).toBeCloseTo(5, 3);
    expect(bytes[breach.at + itch.BREAKER_STATUS_LEVEL]).toBe(0x31);
    expect(messages.some((message) => message.second > breach.second && message.second < 9 && "ECPQ".includes(message.letter))).toBe(false);
    expect(messages.filter((message) => message.second >= 9 && message.second < 9.01 && message.letter === "Q").length).toBe(20);
  });

  it("send ten times the messages in the opening burst and in the burst", () => {
    const rate = (messages: readonly Message[], from: number, to: number): number =>
      messages.filter((message) => message.second > from && message.second <= to).length / (to - from);
    const open = messagesOf(streamOf({ seed: 6, instruments: 50, scenario: "open", messages: 100_000 }));
    expect(rate(open, 0.1, 2) / rate(open, 4, 9)).toBeGreaterThan(9);
    expect(rate(open, 0.1, 2) / rate(open, 4, 9)).toBeLessThan(11);
    const burst = messagesOf(streamOf({ seed: 6, instruments: 50, scenario: "burst-10x", messages: 100_000 }));
    expect(rate(burst, 4.01, 6) / rate(burst, 0.5, 4)).toBeGreaterThan(9);
    expect(rate(burst, 4.01, 6) / rate(burst, 0.5, 4)).toBeLessThan(11);
  });

  it("keep the rate and the length asked for", () => {
    const paced = new MarketSimulator({ seed: 1, instruments: 30, scenario: "calm", ratePerSecond: 5_000 });
    const messages = messagesOf(bytesOf(paced));
    expect(paced.durationNs).toBe(10 * SECOND);
    expect(paced.timeNs).toBe(BELL_NS + 10 * SECOND);
    expect(messages.filter((message) => message.second > 0 && message.second < 10).length / 10).toBeGreaterThan(4_800);
    expect(messages.filter((message) => message.second > 0 && message.second < 10).length / 10).toBeLessThan(5_200);
    const stretched = new MarketSimulator({ seed: 1, instruments: 30, scenario: "calm", ratePerSecond: 1_000, messages: 20_000 });
    expect(stretched.durationNs / SECOND).toBeGreaterThan(18);
    bytesOf(stretched);
    expect((stretched.timeNs - BELL_NS) / SECOND).toBeGreaterThan(17);
    expect((stretched.timeNs - BELL_NS) / SECOND).toBeLessThan(21);
  });
});

describe("the edges", () => {
  it("refuse what is out of range and name what is expected", () => {
    const refused: readonly (readonly [SimulatorOptions, string, string])[] = [
      [{ seed: 0.5 }, "VALUE_RANGE", "integer"],
      [{ seed: 1, instruments: 0 }, "VALUE_RANGE", "1 to 5000"],
      [{ seed: 1, instruments: 5_001 }, "VALUE_RANGE", "1 to 5000"],
      [{ seed: 1, messages: 0 }, "VALUE_RANGE", "messages"],
      [{ seed: 1, ratePerSecond: -1 }, "VALUE_RANGE", "ratePerSecond"],
      [{ seed: 1, scenario: "doom" }, "USAGE", "flash-crash"],
    ];
    for (const [options, code, text] of refused) {
      let caught: unknown;
      try {
        new MarketSimulator(options);
      } catch (error) {
        caught = error;
      }
      expect((caught as { code?: string }).code).toBe(code);
      expect(String(caught)).toContain(text);
    }
  });

  it("refuse a buffer too small for the next message, an unknown symbol and a position inside a message", () => {
    const sim = new MarketSimulator({ seed: 1, instruments: 2, messages: 3_000 });
    const caught: unknown[] = [];
    const attempts = [(): unknown => sim.read(new Uint8Array(13)), (): unknown => sim.truth("SIM003"), (): unknown => sim.skipTo(15)];
    for (const attempt of attempts) {
      try {
        attempt();
      } catch (error) {
        caught.push(error);
      }
    }
    expect(caught.map((error) => isStreamError(error) && error.code)).toEqual(["VALUE_RANGE", "INSTRUMENT_UNKNOWN", "VALUE_RANGE"]);
    expect(() => new MarketSimulator({ seed: 1, instruments: 2, messages: 3_000 }).skipTo(10_000_000)).toThrow("expected the position");
  });

  it("run one instrument, and very few messages, to the end", () => {
    for (const scenario of scenarioNames()) {
      const sim = new MarketSimulator({ seed: 1, instruments: 1, scenario, messages: 1 });
      const auditor = new StreamAuditor();
      const bytes = bytesOf(sim);
      auditor.push(bytes, 0, bytes.length);
      auditor.finish();
      expect(auditor.faults).toEqual([]);
      expect(auditor.byType["S"]).toBe(6);
      expect(sim.isOver).toBe(true);
      expect(sim.read(new Uint8Array(10))).toBe(0);
    }
  });
});
