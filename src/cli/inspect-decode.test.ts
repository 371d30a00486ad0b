import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tercel, tercelJson } from "../../test/model/cli.ts";
import { add, concat, directory, framed } from "../../test/model/itch50-bytes.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-decode-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "broken.itch");
const whole = [directory(1, 10, "AAA"), add(1, 20, 7, "B", 100, "AAA", 10_000), add(1, 30, 8, "S", 100, "AAA", 10_100)];
const unknown = add(1, 25, 9, "B", 100, "AAA", 10_000);
unknown[0] = 0x7a; // z is no type of the protocol
writeFileSync(file, concat([framed(whole.slice(0, 2)), framed([unknown]), framed(whole.slice(2))]));

interface Decoded {
  readonly messages: number;
  readonly malformed: number;
  readonly malformedMessages?: readonly { readonly offset: number; readonly length: number; readonly reason: string; readonly hex: string }[];
}

describe("inspect decode --malformed", () => {
  it("shows where a malformed message was, why it was refused, and its bytes", async () => {
    const report = await tercelJson<Decoded>(["inspect", "decode", file, "--feed", "itch50", "--malformed"]);
    expect(report.messages).toBe(3);
    expect(report.malformed).toBe(1);
    const [kept] = report.malformedMessages ?? [];
    expect(kept).toEqual({ offset: framed(whole.slice(0, 2)).length, length: unknown.length, reason: "type", hex: Buffer.from(unknown).toString("hex") });
    const { out } = await tercel("inspect", "decode", file, "--feed", "itch50", "--malformed");
    expect(out).toMatch(/offset\s+length\s+reason\s+first bytes/);
  });

  it("leaves the document as it is without the option", async () => {
    expect(await tercelJson<Decoded>(["inspect", "decode", file, "--feed", "itch50"])).not.toHaveProperty("malformedMessages");
  });
});
