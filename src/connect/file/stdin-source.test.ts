import { describe, expect, it } from "vitest";
import { StdinSource } from "./stdin-source.ts";

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

describe("standard input as a source", () => {
  it("hands out what arrives, leaves out empty pieces, and ends", async () => {
    const source = new StdinSource(pieces("one", "", "two"));
    const seen: string[] = [];
    for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) seen.push(new TextDecoder().decode(bytes));
    expect(seen).toEqual(["one", "two"]);
    expect(await source.read()).toBeNull();
  });

  it("can be closed before its end", async () => {
    const source = new StdinSource(pieces("one", "two"));
    await source.read();
    await source.close();
    expect(await source.read()).toBeNull();
  });
});
