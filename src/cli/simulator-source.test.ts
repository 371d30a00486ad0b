import { describe, expect, it } from "vitest";
import type { Source } from "../engine/delivery/source.ts";
import { isStreamError } from "../kernel/core/errors.ts";
import { MarketSimulator } from "../sim/simulator.ts";
import { SimulatorSource } from "./simulator-source.ts";

const create = (position: number): Source => new SimulatorSource(new MarketSimulator({ seed: 4, instruments: 3, scenario: "calm", messages: 8000 }), position);

async function bytesOf(source: Source): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) pieces.push(Buffer.from(bytes));
  await source.close();
  return Buffer.concat(pieces);
}

describe("the simulator as a source", () => {
  it("gives the same bytes from any position on, also within a message and a read", async () => {
    const whole = await bytesOf(create(0));
    expect(whole.length).toBeGreaterThan(3 * 65_536);
    for (const position of [1, 1471, 65_535, 65_536, 65_537, 150_001, whole.length - 1]) {
      expect((await bytesOf(create(position))).equals(whole.subarray(position)), String(position)).toBe(true);
    }
    expect(await bytesOf(create(whole.length))).toHaveLength(0);
  });

  it("a position behind the end of the session is refused, not answered with nothing", async () => {
    const { length } = await bytesOf(create(0));
    await expect(bytesOf(create(length + 1))).rejects.toSatisfy((error) => isStreamError(error, "INPUT_UNREADABLE"));
  });
});
