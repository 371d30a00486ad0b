import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { OutputObject, OutputText } from "../../engine/pipeline/output-text.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { JsonlSink } from "./jsonl-sink.ts";

const root = mkdtempSync(join(tmpdir(), "tercel-sink-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let path = "";
let count = 0;
beforeEach(() => {
  path = join(root, `out-${count++}.jsonl`);
});

const slots = Slots.create(1);
const failed = expect.toSatisfy((error: unknown) => isStreamError(error, "SINK_FAILED"));

/** Text that says what the record's sequence is; sequences below 0 end no chain. */
const text = { take: (from: Slots): OutputObject | null => (from.f64[1] < 0 ? null : { n: from.f64[1], symbol: "é" }) } as unknown as OutputText;

function write(sink: JsonlSink, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    slots.f64[1] = n;
    sink.write(slots, 0);
  }
}

function lines(from: number, to: number): string {
  let all = "";
  for (let n = from; n < to; n++) all += `{"n":${n},"symbol":"é"}\n`;
  return all;
}

describe("a file of JSON lines", () => {
  it("holds one line for each output once flushed, and the position is its length in bytes", () => {
    const sink = new JsonlSink(path, text);
    sink.open(0);
    write(sink, 0, 3);
    expect(sink.flush()).toBe(Buffer.byteLength(lines(0, 3)));
    expect(readFileSync(path, "utf8")).toBe(lines(0, 3));
    sink.close();
    sink.close();
  });

  it("writes nothing for a record that ends no chain", () => {
    const sink = new JsonlSink(path, text);
    sink.open(0);
    write(sink, -5, 0);
    expect(sink.flush()).toBe(0);
  });

  it("gathers lines, and writes them by itself when they are many", () => {
    const sink = new JsonlSink(path, text);
    sink.open(0);
    write(sink, 0, 10);
    expect(readFileSync(path, "utf8")).toBe("");
    write(sink, 10, 10_000);
    expect(readFileSync(path).length).toBeGreaterThan(100_000);
    sink.close();
    expect(readFileSync(path, "utf8")).toBe(lines(0, 10_000));
  });

  it("opened at a position forgets what came after it, were it half a line", () => {
    const sink = new JsonlSink(path, text);
    sink.open(0);
    write(sink, 0, 4);
    const position = sink.flush();
    write(sink, 4, 9);
    sink.flush();
    sink.close();
    writeFileSync(path, '{"n":9,"sy', { flag: "a" });

    const again = new JsonlSink(path, text);
    again.open(position);
    write(again, 4, 6);
    again.close();
    expect(readFileSync(path, "utf8")).toBe(lines(0, 6));
  });

  it("opened at 0 is empty, whatever it held", () => {
    writeFileSync(path, "old");
    new JsonlSink(path, text).open(0);
    expect(readFileSync(path, "utf8")).toBe("");
  });
});

describe("what a file refuses is SINK_FAILED", () => {
  it("when it is shorter than the checkpoint expects, or gone", () => {
    writeFileSync(path, "short");
    expect(() => new JsonlSink(path, text).open(6)).toThrow(failed);
    expect(() => new JsonlSink(path, text).open(6)).toThrow(/holds 5 bytes, the checkpoint expects 6/);
    expect(() => new JsonlSink(join(root, "gone.jsonl"), text).open(6)).toThrow(failed);
    expect(existsSync(join(root, "gone.jsonl"))).toBe(false);
  });

  it("when its folder is missing", () => {
    expect(() => new JsonlSink(join(root, "no", "such", "file"), text).open(0)).toThrow(failed);
  });

  it.skipIf(!existsSync("/dev/full"))("when the disk is full, at the flush or at the write that fills the batch", () => {
    const sink = new JsonlSink("/dev/full", text);
    sink.open(0);
    write(sink, 0, 3);
    expect(() => sink.flush()).toThrow(failed);
    expect(() => write(sink, 0, 10_000)).toThrow(/cannot write \/dev\/full/);
    sink.close();
  });
});
