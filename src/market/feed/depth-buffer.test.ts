import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { DepthBuffer, ENTRY_CELLS } from "./depth-buffer.ts";
import { ROW_FIRST, ROW_LAST, ROW_LENGTH, ROW_PREVIOUS } from "./depth-gate.ts";

interface Kept {
  readonly instrument: number;
  readonly ids: number[];
  readonly levels: number[];
}

function build(cells: number): DepthBuffer {
  const arena = Arena.create("buffer", 1 << 20);
  const buffer = new DepthBuffer(arena, cells);
  arena.seal();
  return buffer;
}

function append(buffer: DepthBuffer, { instrument, ids, levels }: Kept, bids: number): boolean {
  const row = new Float64Array(ROW_LENGTH);
  [row[ROW_FIRST], row[ROW_LAST], row[ROW_PREVIOUS]] = ids as [number, number, number];
  return buffer.append(instrument, row, Float64Array.of(ids[1] ?? 0), Float64Array.from(levels), 0, bids * 2, bids * 2, levels.length);
}

function entries(buffer: DepthBuffer, instrument: number): Kept[] {
  const kept: Kept[] = [];
  const row = new Float64Array(ROW_LENGTH);
  const time = new Float64Array(1);
  for (let at = buffer.find(instrument, 0); at >= 0; at = buffer.find(instrument, buffer.after(at))) {
    buffer.load(at, row, time);
    const cells = (buffer.bids(at) + buffer.asks(at)) * 2;
    kept.push({ instrument, ids: Array.from(row.subarray(0, 3)), levels: Array.from(buffer.cells.subarray(at + ENTRY_CELLS, at + ENTRY_CELLS + cells)) });
    expect(time[0]).toBe(row[ROW_LAST]);
  }
  return kept;
}

describe("increments that wait", () => {
  it("are kept in order for each instrument, as a list would keep them", () => {
    const random = new Random(new Int32Array(4), 3);
    const buffer = build(700);
    let model: Kept[] = [];
    let id = 1;
    let refused = 0;
    for (let step = 0; step < 900; step++) {
      const instrument = random.nextBelow(3);
      if (random.nextBelow(12) > 0) {
        const bids = random.nextBelow(4);
        const levels = Array.from({ length: (bids + random.nextBelow(4)) * 2 }, () => random.nextBelow(1000));
        const kept = { instrument, ids: [id, id + 1, id - 1], levels };
        id += 2;
        if (append(buffer, kept, bids)) model.push(kept);
        else refused++;
      } else {
        const own = model.filter((kept) => kept.instrument === instrument);
        const drop = random.nextBelow(own.length + 1);
        let end = -1;
        if (drop < own.length) {
          end = buffer.find(instrument, 0);
          for (let i = 0; i < drop; i++) end = buffer.find(instrument, buffer.after(end));
        }
        buffer.discard(instrument, end);
        const gone = new Set(own.slice(0, drop));
        model = model.filter((kept) => !gone.has(kept));
      }
      expect(buffer.entries).toBe(model.length);
      for (let i = 0; i < 3; i++) expect(entries(buffer, i)).toEqual(model.filter((kept) => kept.instrument === i));
    }
    expect(refused).toBeGreaterThan(10);
    expect(buffer.overflows).toBe(refused);
  });

  it("need room for one at least", () => {
    expect(() => build(3)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });
});

snapshotContract(
  "depth buffer",
  (arena) => {
    const buffer = new DepthBuffer(arena, 400);
    return {
      step(random: Random) {
        const instrument = random.nextBelow(3);
        if (random.nextBelow(8) === 0) buffer.discard(instrument, -1);
        else append(buffer, { instrument, ids: [random.nextBelow(99), random.nextBelow(99), 1], levels: [1, random.nextBelow(9)] }, 1);
        const row = new Float64Array(ROW_LENGTH);
        const at = buffer.find(instrument, 0);
        if (at >= 0) buffer.load(at, row, new Float64Array(1));
        return [buffer.entries, buffer.overflows, ...row];
      },
    };
  },
  { cuts: 4, capacityBytes: 1 << 20 },
);
