/** A MoldUDP64 packet is lost in the middle of a session: books built order by order say so from then on, and their orders are refused. */
import { describe, expect, it } from "vitest";
import { busyPlan, hashOf, runBytes, simulatedBytes } from "../model/engine-rig.ts";
import { concat, packet } from "../model/itch50-bytes.ts";

const MESSAGES_A_PACKET = 20;

/** A recorded stream of datagrams, each behind its length; the packet of index `lost` is left out. */
function datagrams(framed: Uint8Array, lost: number): Uint8Array {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < framed.length;) {
    const length = framed[at] * 256 + framed[at + 1];
    messages.push(framed.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const packets: Uint8Array[] = [];
  for (let first = 0; first < messages.length; first += MESSAGES_A_PACKET) {
    const bytes = packet("SESSION001", first + 1, messages.slice(first, first + MESSAGES_A_PACKET));
    if (packets.length / 2 !== lost) packets.push(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
    else {
      packets.push(new Uint8Array(0), new Uint8Array(0));
    }
  }
  return concat(packets);
}

interface Said {
  readonly ack?: string;
  readonly reason?: string;
  readonly flags?: readonly string[];
}

async function sayings(bytes: Uint8Array): Promise<{ said: Said[]; gaps: number }> {
  const lines: string[] = [];
  const { assembly } = await runBytes(bytes, { plan: busyPlan(), lines });
  return { said: lines.map((line) => JSON.parse(line) as Said), gaps: assembly.feed.report().gaps ?? 0 };
}

describe("a lost packet", () => {
  const framed = simulatedBytes({ seed: 5, instruments: 30, messages: 60_000 });

  it("without loss, no output is called out of step", async () => {
    const { said, gaps } = await sayings(datagrams(framed, -1));
    expect(gaps).toBe(0);
    expect(said.some(({ flags }) => flags?.includes("BOOK_UNSYNCED") === true)).toBe(false);
    expect(said.some(({ ack }) => ack === "filled")).toBe(true);
  });

  it("is counted, marks what is said afterwards, and stops the orders", async () => {
    const { said, gaps } = await sayings(datagrams(framed, 1000));
    expect(gaps).toBe(1);
    const first = said.findIndex(({ flags }) => flags?.includes("BOOK_UNSYNCED") === true);
    expect(first).toBeGreaterThan(0);
    expect(said.slice(0, first).some(({ ack }) => ack === "filled")).toBe(true);
    expect(said.some(({ reason }) => reason === "bookUnsynced")).toBe(true);
    const afterwards = said.slice(first);
    expect(afterwards.every(({ flags }) => flags?.includes("BOOK_UNSYNCED") === true)).toBe(true);
    expect(afterwards.some(({ ack }) => ack === "filled")).toBe(false);
  });

  it("gives the same outputs on any number of shards", async () => {
    const bytes = datagrams(framed, 1000);
    const [one, three] = [await runBytes(bytes, { plan: busyPlan() }), await runBytes(bytes, { plan: busyPlan(), shards: 3 })];
    expect(hashOf(three)).toBe(hashOf(one));
  });
});

describe("bytes that are no messages in the middle of a file", () => {
  it("mark every book, as a lost packet does", async () => {
    const whole = simulatedBytes({ seed: 5, instruments: 30, messages: 60_000 });
    const middle = whole.length >> 1;
    const damaged = concat([whole.slice(0, middle), new Uint8Array(50).fill(0xff), whole.slice(middle)]);
    const { said } = await sayings(damaged);
    const first = said.findIndex(({ flags }) => flags?.includes("BOOK_UNSYNCED") === true);
    expect(first).toBeGreaterThan(0);
    expect(said.slice(first).every(({ flags }) => flags?.includes("BOOK_UNSYNCED") === true)).toBe(true);
  });
});
