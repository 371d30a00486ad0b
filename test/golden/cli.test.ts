/** The figures that the command line must print for captures of real and simulated venues, however the bytes are cut. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { formatDecimal } from "../../src/kernel/core/fixed.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { tercel, tercelJson } from "../model/cli.ts";
import { dataPath, itWithData } from "../data.ts";

const REFRAMED = "itch_ritch_simulated/ex20101224.reframed.itch";
const ORIGINAL = "itch_ritch_simulated/ex20101224.TEST_ITCH_50";
const EXPECTED = "itch_ritch_simulated/expected_counts.json";
const HEAD = "itch_nasdaq_directory_head/nasdaq_itch50_first4096bytes.itch";
const SPOT = ["crypto_binance_raw_eth/spot_ethusdt_20240808.gz", "crypto_binance_raw_eth/spot_ethusdt_20240809.gz"];
const USDM = ["crypto_binance_raw_eth/usdm_ethusdt_20240808.gz"];
const COINM = ["crypto_binance_raw_eth/cm_ethusd_perp_20240808.gz"];
const LOBSTER = ["lobster_aapl_20120621/first999_message_10.csv", "lobster_aapl_20120621/first999_orderbook_10.csv"];
const CHUNKS = [undefined, "1", "7", "65536"];

interface DecodeReport {
  readonly feed: string;
  readonly messages: number;
  readonly byType: Readonly<Record<string, number>>;
  readonly instruments: Readonly<Record<string, { readonly messages: number; readonly orders?: number }>>;
  readonly malformed: number;
  readonly pendingBytes: number;
}

interface CheckReport {
  readonly total: Readonly<Record<string, number>>;
  readonly instruments: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface BookReport {
  readonly instrument: string;
  readonly tsEvent: string;
  readonly quality: string;
  readonly bids: readonly { price: string; qty: string; orders: number }[];
  readonly asks: readonly { price: string; qty: string; orders: number }[];
}

const folder = mkdtempSync(join(tmpdir(), "tercel-golden-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function decode(file: string, chunk?: string): Promise<DecodeReport> {
  return tercelJson(["inspect", "decode", dataPath(file), "--feed", "itch50", ...(chunk === undefined ? [] : ["--chunk", chunk])]);
}

function checkBbo(files: readonly string[], feed: string): Promise<CheckReport> {
  return tercelJson(["inspect", "book", ...files.map(dataPath), "--feed", feed, "--check", "bbo"]);
}

describe("inspect decode", () => {
  itWithData("the simulated day: 12,012 messages by type and by instrument, in pieces of any size", [REFRAMED, EXPECTED], async () => {
    const expected = JSON.parse(readFileSync(dataPath(EXPECTED), "utf8")) as { messages: number; byType: object; "ordersBySymbol(A+F)": object };
    const report = await decode(REFRAMED);
    expect(report.messages).toBe(12_012);
    expect([report.messages, report.byType]).toEqual([expected.messages, expected.byType]);
    expect(Object.fromEntries(Object.entries(report.instruments).map(([symbol, { orders }]) => [symbol, orders]))).toEqual(expected["ordersBySymbol(A+F)"]);
    expect([report.feed, report.malformed, report.pendingBytes]).toEqual(["itch50", 0, 0]);
    for (const chunk of CHUNKS) expect(await decode(REFRAMED, chunk)).toEqual(report);
  });

  itWithData("the same day with zero length prefixes is unreadable from its first byte", [ORIGINAL], async () => {
    for (const chunk of ["7", "65536"]) {
      const { code, out, err } = await tercel("inspect", "decode", dataPath(ORIGINAL), "--feed", "itch50", "--json", "--chunk", chunk);
      expect([code, out]).toEqual([3, ""]);
      expect(err).toContain("it stopped making sense at offset 0");
    }
  });

  itWithData("the head of a real day: 101 messages, 98 instruments, 15 bytes of the next message", [HEAD], async () => {
    const report = await decode(HEAD);
    expect([report.messages, report.byType, report.malformed, report.pendingBytes]).toEqual([101, { H: 1, R: 98, S: 1, Y: 1 }, 0, 15]);
    expect(Object.keys(report.instruments)).toHaveLength(98);
    for (const chunk of CHUNKS) expect(await decode(HEAD, chunk)).toEqual(report);
  });

  itWithData("people get the same figures as a table, twenty instruments of it", [HEAD], async () => {
    const { code, out } = await tercel("inspect", "decode", dataPath(HEAD), "--feed", "itch50");
    expect(code).toBe(0);
    expect(out).toMatch(/^itch50 {3}101 messages {3}0 malformed {3}15 pending bytes\n/);
    expect(out).toMatch(/^ {2}R\s+98$/m);
    expect(out).toContain("and 78 more instruments");
  });
});

describe("inspect book --check", () => {
  for (const [feed, files, checked] of [
    ["binance", SPOT, 6468],
    ["binance-usdm", USDM, 6581],
    ["binance-coinm", COINM, 22_887],
  ] as const) {
    itWithData(`${feed}: the best bid and ask equal the venue's after each of ${checked} updates`, files, async () => {
      const { total, instruments } = await checkBbo(files, feed);
      expect(total).toEqual({ checked, matched: checked, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 });
      expect(Object.keys(instruments)).toHaveLength(1);
    });
  }

  itWithData("the second spot file alone has no snapshot: nothing is checked, and it says so", SPOT.slice(1), async () => {
    expect((await checkBbo(SPOT.slice(1), "binance")).total).toEqual({ checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 3036 });
    const { code, out } = await tercel("inspect", "book", dataPath(SPOT[1]), "--feed", "binance", "--check", "bbo");
    expect(code).toBe(0);
    expect(out).toContain("nothing could be checked: no book was in step with its venue");
  });

  itWithData("no book of the spot capture is ever crossed, and no update is missing", SPOT, async () => {
    for (const name of ["crossed", "sequence"]) {
      const { total } = await tercelJson<CheckReport>(["inspect", "book", ...SPOT.map(dataPath), "--feed", "binance", "--check", name]);
      expect(total, name).toEqual({ checked: 6468, matched: 6468, gaps: 0, resyncs: 0, crossed: 0, unverified: 1 });
    }
  });

  itWithData("with one update removed the book is a gap, and nothing after it counts as checked", SPOT.slice(0, 1), async () => {
    const lines = gunzipSync(readFileSync(dataPath(SPOT[0])))
      .toString()
      .split("\n");
    const snapshot = lines.findIndex((line) => line.includes("lastUpdateId"));
    const removed = lines.findIndex((line, i) => i > snapshot + 2000 && line.includes('"depthUpdate"'));
    const path = join(folder, "gap.txt");
    writeFileSync(path, lines.toSpliced(removed, 1).join("\n"));
    for (const name of ["sequence", "bbo"]) {
      const { total } = await tercelJson<CheckReport>(["inspect", "book", path, "--feed", "binance", "--check", name], name === "bbo" ? 0 : 1);
      expect([total["gaps"], total["resyncs"]], name).toEqual([1, 0]);
      expect(total["checked"], name).toBeLessThan(3000);
      if (name === "bbo") expect(total["unverified"]).toBeGreaterThan(1000);
    }
  });

  itWithData("orders that no exchange would leave standing: a crossed book is counted, and the check does not hold", [REFRAMED], async () => {
    const args = ["inspect", "book", dataPath(REFRAMED), "--feed", "itch50", "--check", "crossed"];
    const { total, instruments } = await tercelJson<CheckReport>(args, 1);
    expect([total["checked"], total["crossed"], total["matched"]]).toEqual([7000, 6959, 41]);
    expect(Object.keys(instruments).sort()).toEqual(["ALC", "BOB", "CHAR"]);
    expect((await tercel(...args)).out).toMatch(/^total\s+7000\s+41\s+0\s+6959\s+0$/m);
  });

  itWithData("LOBSTER: 998 of 998 transitions of the ten-level pair hold", LOBSTER, async () => {
    const args = ["inspect", "book", ...LOBSTER.map(dataPath), "--feed", "lobster", "--check", "transitions"];
    expect((await tercelJson<CheckReport>(args)).total).toMatchObject({ checked: 998, matched: 998, gaps: 0, crossed: 0 });
  });
});

describe("inspect book --instrument", () => {
  const file = join(folder, "day.itch");
  const options = { seed: 11, instruments: 8, scenario: "flash-crash", messages: 30_000 } as const;

  it("every book of a recording is the exchange's own, to the last order", async () => {
    const written = await tercelJson<object>([
      "simulate",
      options.scenario,
      "--seed",
      String(options.seed),
      "--instruments",
      String(options.instruments),
      "--messages",
      String(options.messages),
      "--out",
      file,
    ]);
    const simulator = new MarketSimulator(options);
    const buffer = new Uint8Array(1 << 20);
    while (simulator.read(buffer, 0) > 0);
    expect(written).toEqual({ file, messages: simulator.messages, bytes: simulator.position });
    let levels = 0;
    for (const symbol of simulator.symbols()) {
      const truth = simulator.truth(symbol);
      const texts = (side: typeof truth.bids) => side.map(({ price, qty, orders }) => ({ price: formatDecimal(price, 4), qty: String(qty), orders }));
      const args = ["inspect", "book", file, "--feed", "itch50", "--instrument", symbol];
      const full = await tercelJson<BookReport>([...args, "--depth", "full"]);
      expect(full).toMatchObject({ instrument: symbol, quality: "SYNCED", bids: texts(truth.bids), asks: texts(truth.asks) });
      const three = await tercelJson<BookReport>([...args, "--depth", "3", "--chunk", "1472"]);
      expect(three).toEqual({ ...full, bids: full.bids.slice(0, 3), asks: full.asks.slice(0, 3) });
      levels += full.bids.length + full.asks.length;
    }
    expect(levels).toBeGreaterThan(50);
  });

  it("people get a ladder, best first", async () => {
    const { code, out } = await tercel("inspect", "book", file, "--feed", "itch50", "--instrument", "SIM001", "--depth", "2");
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^SIM001 {3}\S+ {3}SYNCED$/);
    expect(lines[1].split(/ {2,}/)).toEqual(["orders", "bid qty", "bid", "ask", "ask qty", "orders"]);
    expect(lines).toHaveLength(4);
  });

  itWithData("the references that precede their orders change no book of the simulated day", [REFRAMED], async () => {
    for (const instrument of ["ALC", "BOB", "CHAR"]) {
      const book = await tercelJson<BookReport>(["inspect", "book", dataPath(REFRAMED), "--feed", "itch50", "--instrument", instrument]);
      expect([book.instrument, book.bids.length > 0, book.asks.length > 0]).toEqual([instrument, true, true]);
    }
  });
});

describe("replay", () => {
  itWithData("the spot capture gives one hash, in any pieces, batches, drivers and shards", SPOT.slice(0, 1), async () => {
    interface Summary {
      readonly messages: number;
      readonly malformed: number;
      readonly gaps: number;
      readonly lost: number;
      readonly signals: number;
      readonly outputHash: string;
    }
    const plan = join(import.meta.dirname, "..", "..", "examples", "pipeline.yaml");
    const replay = (...more: readonly string[]): Promise<Summary> =>
      tercelJson<Summary>(["replay", plan, "--from", dataPath(SPOT[0]), "--feed", "binance", ...more]);
    const { outputHash, messages, signals, ...counts } = await replay();
    expect(counts).toMatchObject({ malformed: 0, gaps: 0, lost: 0 });
    expect(messages).toBe(33_618);
    expect(signals).toBeGreaterThan(0);
    for (const more of [[], ["--chunk", "7", "--batch", "1", "--driver", "threaded"], ["--shards", "2"], ["--shards", "3", "--driver", "threaded"]]) {
      expect(await replay(...more), more.join(" ")).toMatchObject({ outputHash, messages, signals, lost: 0 });
    }
  });
});
