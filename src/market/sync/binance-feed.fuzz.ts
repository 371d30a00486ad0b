import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRig, type Rig } from "../../../test/model/binance-rig.ts";
import { BinanceVenue, bytesOf, type Line, type Market } from "../../../test/model/binance-venue.ts";
import { Random } from "../../kernel/core/random.ts";
import { BOOK_UNSYNCED } from "../../kernel/record/venue-status.ts";
import type { DepthObserver } from "../feed/depth-gate.ts";
import { ROW_LAST } from "../feed/depth-gate.ts";
import { SYNC_SYNCED } from "./book-sync.ts";

const MARKETS: readonly Market[] = ["spot", "usdm", "coinm"];

function random(seed: number): Random {
  return new Random(new Int32Array(4), seed);
}

/** A rig that compares the whole book with the venue's after every applied increment. */
function checkedRig(market: Market, venue: BinanceVenue): { rig: Rig; compared: () => number } {
  let compared = 0;
  const observer: DepthObserver = {
    onDepthApplied(instrument, row) {
      compared++;
      expect(rig.log.text(instrument), `after update ${row[ROW_LAST]}`).toBe(venue.truth.get(row[ROW_LAST]));
    },
    onBookTicker() {
      // quotes are not compared here
    },
  };
  const rig = createRig(market, { observer });
  return { rig, compared: () => compared };
}

/** In step means right: the book is the venue's at the id that it claims. */
function expectHonest(rig: Rig, venue: BinanceVenue): void {
  if (rig.feed.sync.states[0] !== SYNC_SYNCED) expect(rig.log.book(0).quality).toBe(BOOK_UNSYNCED);
  else {
    const truth = venue.truth.get(rig.feed.sync.lastId(0));
    if (truth !== undefined) expect(rig.log.text(0)).toBe(truth);
  }
}

describe("a stream that is damaged on its way", () => {
  for (const market of MARKETS) {
    it(`${market}: undamaged, it comes into step and stays there`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const venue = new BinanceVenue(market, random(seed));
        const lines = venue.stream(60);
        const { rig, compared } = checkedRig(market, venue);
        rig.push(bytesOf(lines));
        expect(rig.feed.sync.states[0]).toBe(SYNC_SYNCED);
        expect(rig.feed.sync.lastId(0)).toBe(lines.findLast((line) => line.kind === "depth")?.id);
        expect(compared()).toBeGreaterThan(10);
      }
    });

    it(`${market}: any one applied increment but the last removed is a gap, until the next snapshot`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const venue = new BinanceVenue(market, random(seed));
        const lines = venue.stream(40);
        const later = venue.snapshot();
        const after = venue.depth();
        const snapshot = lines.find((line) => line.kind === "snapshot")?.id ?? 0;
        const applied = lines.filter((line) => line.kind === "depth" && (market === "spot" ? line.id > snapshot : line.id >= snapshot));
        for (const gone of applied.slice(0, -1)) {
          const { rig } = checkedRig(market, venue);
          rig.push(bytesOf(lines.filter((line) => line !== gone)));
          const { gaps, snapshotsTooOld } = rig.feed.sync.createCounts(0);
          expect(gaps + snapshotsTooOld, `without ${gone.id}`).toBe(1);
          expect(rig.log.book(0).quality).toBe(BOOK_UNSYNCED);
          rig.push(bytesOf([later, after]));
          expectHonest(rig, venue);
        }
      }
    });

    it(`${market}: increments and snapshots removed, doubled and exchanged at random: the book is right or not called good`, () => {
      let gaps = 0;
      let inStep = 0;
      for (let seed = 1; seed <= 150; seed++) {
        const draw = random(seed * 7919);
        const venue = new BinanceVenue(market, random(seed));
        const lines: Line[] = venue.stream(30);
        for (let i = 0; i < 3; i++) lines.push(venue.depth(), venue.snapshot(), venue.depth(), venue.depth());
        for (let i = 0, damages = 1 + draw.nextBelow(5); i < damages; i++) damage(lines, draw);
        const { rig } = checkedRig(market, venue);
        for (const line of lines) {
          rig.push(bytesOf([line]));
          expectHonest(rig, venue);
        }
        gaps += rig.feed.sync.createCounts(0).gaps;
        if (rig.feed.sync.states[0] === SYNC_SYNCED) inStep++;
      }
      expect(gaps).toBeGreaterThan(50);
      expect(inStep).toBeGreaterThan(50);
    });
  }
});

function damage(lines: Line[], draw: Random): void {
  const at = draw.nextBelow(lines.length - 1);
  const line = lines[at];
  if (line === undefined) return;
  const kind = draw.nextBelow(3);
  if (kind === 0) lines.splice(at, 1);
  else if (kind === 1) lines.splice(at + draw.nextBelow(3), 0, line);
  else {
    const other = Math.min(at + 1 + draw.nextBelow(3), lines.length - 1);
    const swapped = lines[other];
    if (swapped === undefined) return;
    lines[at] = swapped;
    lines[other] = line;
  }
}

describe("bytes of any kind", () => {
  it("never throw, and what was counted adds up", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => String.fromCharCode(...bytes)),
      fc.json({ maxDepth: 6 }),
      fc.constantFrom("[".repeat(5000), '{"a":'.repeat(3000), '{"stream":"', '{"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}', '{"e":"depthUpdate"}'),
      fc.integer({ min: 1, max: 30_000 }).map((length) => `{"e":"${"x".repeat(length)}`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 4000 }), (pieces, size) => {
        const rig = createRig("spot", { lineBytesMax: 16_384 });
        rig.push(new TextEncoder().encode(pieces.join("\n")), size);
        const report = rig.feed.report();
        expect(report.malformed).toBeGreaterThanOrEqual(0);
        expect(rig.feed.brokenAt).toBeLessThanOrEqual(40_000 * 12);
      }),
      { seed: 20240808, numRuns: 200 },
    );
  });

  it("flipped, cut and doubled bytes of a true stream never throw and leave an honest book", () => {
    for (const market of MARKETS) {
      for (let seed = 1; seed <= 60; seed++) {
        const draw = random(seed * 104_729);
        const venue = new BinanceVenue(market, random(seed));
        const bytes = bytesOf(venue.stream(40));
        for (let i = 0; i < 6; i++) bytes[draw.nextBelow(bytes.length)] ^= 1 << draw.nextBelow(8);
        const rig = createRig(market);
        rig.push(bytes.slice(0, bytes.length - draw.nextBelow(100)), 1 + draw.nextBelow(700));
        if (rig.feed.sync.states[0] !== SYNC_SYNCED && rig.log.books.has(0)) expect(rig.log.book(0).quality).toBeLessThanOrEqual(BOOK_UNSYNCED);
      }
    }
  });
});

describe("the form of a message", () => {
  it("does not matter: reordered keys and white space give the same records", () => {
    for (const market of MARKETS) {
      for (let seed = 1; seed <= 30; seed++) {
        const draw = random(seed);
        const lines = new BinanceVenue(market, random(seed)).stream(40);
        const usual = createRig(market);
        usual.push(bytesOf(lines));
        const other = createRig(market);
        other.push(bytesOf(lines.map((line) => shuffled(line.text, draw))));
        expect(other.log.seen).toEqual(usual.log.seen);
        expect(usual.feed.report().fallbacks).toBe(0);
        expect(other.feed.report().fallbacks).toBeGreaterThan(0);
      }
    }
  });

  it("and the pieces it comes in do not matter either", () => {
    for (const market of MARKETS) {
      const lines = new BinanceVenue(market, random(3)).stream(80);
      const whole = createRig(market);
      whole.push(bytesOf(lines));
      for (const size of [1, 2, 7, 64, 1000]) {
        const cut = createRig(market);
        cut.push(bytesOf(lines), size);
        expect(cut.log.hashText, `${market} in pieces of ${size}`).toBe(whole.log.hashText);
      }
    }
  });
});

/** The same JSON with its keys in another order, sometimes spaced. */
function shuffled(text: string, draw: Random): string {
  const reorder = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    for (let i = entries.length - 1; i > 0; i--) {
      const j = draw.nextBelow(i + 1);
      const kept = entries[i];
      const moved = entries[j];
      if (kept !== undefined && moved !== undefined) [entries[i], entries[j]] = [moved, kept];
    }
    return Object.fromEntries(entries.map(([key, member]) => [key, reorder(member)]));
  };
  const json = JSON.stringify(reorder(JSON.parse(text)), null, draw.nextBelow(2));
  return json.replaceAll("\n", " ");
}
