import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { SpillFile } from "./spill-file.ts";

const root = mkdtempSync(join(tmpdir(), "tercel-spill-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let path = "";
let count = 0;
beforeEach(() => {
  path = join(root, `spill-${count++}`);
});

const failed = expect.toSatisfy((error: unknown) => isStreamError(error, "SINK_FAILED"));
const slots = Slots.create(3000);

function append(spill: SpillFile, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    slots.f64[1] = n;
    slots.i32[15] = -n;
    spill.append(slots, 0);
  }
}

/** The numbers of the next records, checked to the last word. */
function read(spill: SpillFile, wanted: number): number[] {
  const got = spill.read(slots, 7, wanted);
  return Array.from({ length: got }, (_, i) => {
    const n = slots.f64[(7 + i) * 8 + 1];
    expect(slots.i32[(7 + i) * 16 + 15] + n).toBe(0);
    return n;
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("a spill in a file", () => {
  it("gives back what was appended, in order, were it written or not yet", () => {
    const spill = new SpillFile(path);
    append(spill, 1, 2500);
    expect(read(spill, 10)).toEqual(range(1, 11));
    expect(read(spill, 2900)).toEqual(range(11, 2049)); // what lies in the file
    expect(read(spill, 100)).toEqual(range(2049, 2149)); // what is not written yet
    append(spill, 2500, 4000);
    expect([...read(spill, 2900), ...read(spill, 2900)]).toEqual(range(2149, 4000));
    expect(read(spill, 10)).toEqual([]);
    spill.close();
  });

  it("writes records in batches, record k at k x 64", () => {
    const spill = new SpillFile(path);
    append(spill, 0, 1024);
    expect(statSync(path).size).toBe(0);
    append(spill, 1024, 2100);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(2048 * 64);
    expect([0, 1, 777, 2047].map((k) => bytes.readDoubleLE(k * 64 + 8))).toEqual([0, 1, 777, 2047]);
    spill.close();
  });

  it("begins again with an empty file when all was read", () => {
    const spill = new SpillFile(path);
    append(spill, 0, 1500);
    read(spill, 2000);
    read(spill, 2000);
    spill.truncate();
    expect(statSync(path).size).toBe(0);
    append(spill, 50, 60);
    expect(read(spill, 2000)).toEqual(range(50, 60));
    spill.truncate();
    spill.close();
  });

  it("agrees with a list over any order of calls", () => {
    const random = new Random(new Int32Array(4), 11);
    const spill = new SpillFile(path);
    let [next, done] = [0, 0];
    for (let i = 0; i < 300; i++) {
      if (random.nextBelow(2) === 0) {
        const more = random.nextBelow(900);
        append(spill, next, next + more);
        next += more;
      } else {
        const got = read(spill, 1 + random.nextBelow(1500));
        expect(got).toEqual(range(done, done + got.length));
        expect(got.length > 0).toBe(done < next);
        done += got.length;
        if (done === next) spill.truncate();
      }
    }
    spill.close();
  });

  it("is gone when it is closed, and may be closed twice", () => {
    const spill = new SpillFile(path);
    append(spill, 0, 2000);
    spill.close();
    spill.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe("what a spill's file refuses is SINK_FAILED", () => {
  it("at start, when it cannot be made", () => {
    expect(() => new SpillFile(join(root, "no", "such", "file"))).toThrow(failed);
    expect(() => new SpillFile(join(root, "no", "such", "file"))).toThrow(/cannot open the spill/);
  });

  it.skipIf(!existsSync("/dev/full"))("when the disk is full, at the record that ends a batch", () => {
    const spill = new SpillFile("/dev/full");
    append(spill, 0, 1024);
    expect(() => append(spill, 1024, 1025)).toThrow(failed);
    expect(() => append(spill, 1024, 1025)).toThrow(/cannot write the spill \/dev\/full/);
  });

  it("when it holds less than was written to it", () => {
    const spill = new SpillFile(path);
    append(spill, 0, 2000);
    truncateSync(path, 100 * 64 + 5);
    expect(() => read(spill, 500)).toThrow(failed);
    expect(() => read(spill, 500)).toThrow(/ends within record 100 of 1024/);
    spill.close();
  });
});
