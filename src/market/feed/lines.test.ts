import { describe, expect, it } from "vitest";
import { Random } from "../../kernel/core/random.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { LineFramer } from "./lines.ts";
import { Quarantine } from "./quarantine.ts";

function build(maxBytes: number): { framer: LineFramer; quarantine: Quarantine } {
  const arena = Arena.create("lines", 1 << 20);
  const quarantine = new Quarantine(arena, 8);
  const framer = new LineFramer(arena, quarantine, maxBytes);
  arena.seal();
  return { framer, quarantine };
}

/** Lines with their offsets, fed in pieces of the sizes that `size` gives. */
function linesOf(framer: LineFramer, text: string, size: () => number): string[] {
  const bytes = new TextEncoder().encode(text);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const to = Math.min(at + size(), bytes.length);
    framer.begin(bytes, at, to);
    while (framer.next()) if (framer.close()) lines.push(`${framer.lineOffset}:${new TextDecoder().decode(framer.bytes.slice(framer.from, framer.to))}`);
    at = to;
  }
  return lines;
}

describe("lines over chunks", () => {
  it("come out whole, without their end and without empty ones, with their offsets", () => {
    const { framer } = build(64);
    expect(linesOf(framer, "one\n\ntwo\r\n\r\nthree\nfo", () => 1000)).toEqual(["0:one", "5:two", "12:three"]);
    expect(framer.pendingBytes).toBe(2);
    expect(framer.pendingFirst).toBe("f".charCodeAt(0));
    expect(framer.streamOffset).toBe(20);
  });

  it("do not depend on how the stream was cut, oversized ones included", () => {
    const random = new Random(new Int32Array(4), 7);
    let text = "";
    for (let i = 0; i < 300; i++) text += `${"x".repeat(random.nextBelow(40))}${random.nextBelow(3) === 0 ? "\r" : ""}\n`;
    const whole = build(24);
    const expected = linesOf(whole.framer, text, () => text.length);
    expect(whole.framer.oversized).toBeGreaterThan(20);
    for (let round = 0; round < 20; round++) {
      const cut = build(24);
      expect(linesOf(cut.framer, text, () => 1 + random.nextBelow(30))).toEqual(expected);
      expect(cut.framer.oversized).toBe(whole.framer.oversized);
      expect(cut.quarantine.list()).toEqual(whole.quarantine.list());
    }
  });

  it("that are too long are counted, kept by their first bytes and skipped to their end", () => {
    const { framer, quarantine } = build(16);
    expect(linesOf(framer, `ok\n${"y".repeat(100)}\nafter\n`, () => 10)).toEqual(["0:ok", "104:after"]);
    expect(framer.oversized).toBe(1);
    expect(framer.pendingBytes).toBe(0);
    const [entry] = quarantine.list();
    expect(entry).toMatchObject({ offset: 3, length: 16, reason: "oversized" });
    expect(new TextDecoder().decode(entry?.bytes)).toBe("y".repeat(16));
  });

  it("of exactly the longest length are accepted", () => {
    const { framer } = build(16);
    expect(linesOf(framer, `${"z".repeat(16)}\n${"z".repeat(17)}\n`, () => 5)).toEqual([`0:${"z".repeat(16)}`]);
  });

  it("end in a control character wherever they lie", () => {
    const { framer } = build(64);
    const bytes = new TextEncoder().encode("abc\ndef\r\n");
    for (const size of [1, 2, 9]) {
      for (let at = 0; at < bytes.length; at += size) {
        framer.begin(bytes, at, Math.min(at + size, bytes.length));
        while (framer.next()) expect(framer.close() && (framer.bytes[framer.to] ?? 99)).toBeLessThan(0x20);
      }
    }
  });

  it("may be ended by their reader, who must be right", () => {
    const { framer } = build(16);
    const bytes = new TextEncoder().encode("abc\r\ndef\nx\rz\n12345678901234567\nend\n");
    const from = (): number => framer.from;
    framer.begin(bytes, 0, bytes.length);
    expect([framer.next(), framer.endsAt(from() + 2), framer.endsAt(from() + 3), framer.to]).toEqual([true, false, true, 3]);
    expect([framer.next(), from(), framer.endsAt(8)]).toEqual([true, 5, true]);
    expect([framer.next(), framer.endsAt(10), framer.close(), framer.to]).toEqual([true, false, true, 12]);
    expect([framer.next(), framer.endsAt(30), framer.close(), framer.oversized]).toEqual([true, false, false, 1]);
    expect([framer.next(), from()]).toEqual([true, 31]);
    expect(framer.next()).toBe(false);
    framer.begin(bytes, 0, 2);
    expect(framer.next()).toBe(false);
    framer.begin(bytes, 2, 5);
    expect([framer.next(), framer.endsAt(2), framer.endsAt(3), framer.close()]).toEqual([true, false, true, true]);
  });

  it("need a sensible longest length", () => {
    expect(() => build(3)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });
});
