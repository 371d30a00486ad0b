import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConsumerPlan, MulticastGraph, eachBit } from "./multicast-graph.ts";

function namesOf(graph: MulticastGraph, mask: number): string[] {
  const found: string[] = [];
  eachBit(mask, (bit) => found.push(graph.names[bit]));
  return found;
}

function maskOf(graph: MulticastGraph, names: readonly string[]): number {
  return names.reduce((mask, name) => mask | (1 << graph.indexOf(name)), 0);
}

const DIAMOND: readonly ConsumerPlan[] = [
  { name: "logic", after: ["journal", "replica"] },
  { name: "journal" },
  { name: "replica", after: [] },
  { name: "audit", after: ["logic"] },
];

describe("a graph of consumers", () => {
  const graph = new MulticastGraph(DIAMOND);

  it("knows whom a consumer waits for, who waits for it, and who holds the producer", () => {
    expect(namesOf(graph, graph.sources(0, 0))).toEqual(["journal", "replica"]);
    expect(namesOf(graph, graph.sources(1, 0))).toEqual([]);
    expect(namesOf(graph, graph.behind(1))).toEqual(["logic", "audit"]);
    expect(namesOf(graph, graph.leaves(0))).toEqual(["audit"]);
  });

  it("puts those behind a detached one behind what it stood behind", () => {
    const sources = (consumer: string, ...detached: string[]): string[] => namesOf(graph, graph.sources(graph.indexOf(consumer), maskOf(graph, detached)));
    expect(sources("logic", "journal")).toEqual(["replica"]);
    expect(sources("logic", "journal", "replica")).toEqual([]);
    expect(sources("audit", "logic")).toEqual(["journal", "replica"]);
    expect(sources("audit", "logic", "replica")).toEqual(["journal"]);
    expect(namesOf(graph, graph.leaves(maskOf(graph, ["audit"])))).toEqual(["logic"]);
    expect(namesOf(graph, graph.leaves(maskOf(graph, ["audit", "logic"])))).toEqual(["journal", "replica"]);
    expect(namesOf(graph, graph.leaves(maskOf(graph, graph.names)))).toEqual([]);
  });

  it("waits only for the last of a chain", () => {
    const chain = new MulticastGraph([{ name: "a" }, { name: "b", after: ["a"] }, { name: "c", after: ["a", "b"] }]);
    expect(namesOf(chain, chain.sources(2, 0))).toEqual(["b"]);
  });

  it("has a hash of its names, their order and its edges", () => {
    const hash = (plans: readonly ConsumerPlan[]): number => new MulticastGraph(plans).hash;
    expect(hash(DIAMOND)).toBe(graph.hash);
    expect(hash(DIAMOND.map((plan) => (plan.name === "logic" ? { ...plan, after: ["journal"] } : plan)))).not.toBe(graph.hash);
    expect(hash(DIAMOND.toReversed())).not.toBe(graph.hash);
    expect(hash([{ name: "a" }])).not.toBe(hash([{ name: "b" }]));
  });

  it.each<[string, readonly ConsumerPlan[], RegExp]>([
    ["no consumer", [], /^expected 1 to 16 consumers, got 0$/],
    ["too many", Array.from({ length: 17 }, (_, n) => ({ name: `c${n}` })), /expected 1 to 16 consumers, got 17/],
    ["a name that is empty", [{ name: "a" }, { name: "" }], /consumer 1 has no name/],
    ["a name twice", [{ name: "a" }, { name: "b" }, { name: "a" }], /two consumers are called a: expected each name once, got a, b, a/],
    ["a name that is unknown", [{ name: "a" }, { name: "b", after: ["c"] }], /consumer b stands after "c": expected names out of a$/],
    ["itself", [{ name: "a", after: ["a"] }], /consumer a stands after "a": expected nothing/],
    ["one named twice", [{ name: "a" }, { name: "b", after: ["a", "a"] }], /consumer b stands after a twice/],
    [
      "a cycle",
      [{ name: "a" }, { name: "b", after: ["a", "d"] }, { name: "c", after: ["b"] }, { name: "d", after: ["c"] }, { name: "e", after: ["d"] }],
      /^consumers b, c, d stand behind one another/,
    ],
  ])("is refused for %s", (_, plans, message) => {
    expect(() => new MulticastGraph(plans)).toThrowError(expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) }));
  });

  it("tells the names there are when another is asked for", () => {
    expect(() => graph.indexOf("jurnal")).toThrowError(
      expect.objectContaining({ code: "CONFIG_INVALID", message: 'expected a consumer out of logic, journal, replica, audit, got "jurnal"' }),
    );
  });

  it("agrees with a search through any graph, whoever is detached", () => {
    const edges = fc.array(fc.array(fc.nat(15), { maxLength: 4, size: "max" }), { minLength: 1, maxLength: 16, size: "max" });
    fc.assert(
      fc.property(edges, fc.nat(0xffff), (lists, detached) => {
        const after = lists.map((list, c) => [...new Set(list.filter((before) => before < c))]);
        const random = new MulticastGraph(after.map((befores, c) => ({ name: `c${c}`, after: befores.map((before) => `c${before}`) })));
        const isDetached = (c: number): boolean => (detached & (1 << c)) !== 0;
        const reachable = (c: number): Set<number> => new Set(after[c].flatMap((before) => [before, ...reachable(before)]));
        const waitsFor = (c: number): number[] => after[c].flatMap((before) => (isDetached(before) ? waitsFor(before) : [before]));
        after.forEach((_, c) => {
          const all = new Set(waitsFor(c));
          const last = [...all].filter((before) => ![...all].some((other) => reachable(other).has(before))).toSorted((a, b) => a - b);
          expect(namesOf(random, random.sources(c, detached))).toEqual(last.map((before) => `c${before}`));
        });
        const attached = after.flatMap((_, c) => (isDetached(c) ? [] : [c]));
        const leaves = attached.filter((c) => !attached.some((other) => reachable(other).has(c)));
        expect(namesOf(random, random.leaves(detached & ((1 << after.length) - 1)))).toEqual(leaves.map((c) => `c${c}`));
      }),
      { seed: 20240808, numRuns: 300 },
    );
  });
});
