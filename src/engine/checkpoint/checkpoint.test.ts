import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { partNamed, requireSameRun, type RunIdentity } from "./checkpoint.ts";

const IDENTITY: RunIdentity = { pipeline: "abc", feed: "itch50", shards: 2, input: ["a", "b"], version: "1" };

describe("the identity of a run", () => {
  it("is the same for equal members, in whatever order they were written", () => {
    const { version, ...rest } = IDENTITY;
    expect(() => requireSameRun({ version, ...rest, input: ["a", "b"] }, IDENTITY)).not.toThrow();
  });

  it.each([
    ["pipeline", "x"],
    ["feed", "binance"],
    ["shards", 3],
    ["input", ["b", "a"]],
    ["version", "2"],
  ])("differs by its %s, and the error names it with both values", (member, value) => {
    const attempt = (): void => requireSameRun(IDENTITY, { ...IDENTITY, [member]: value });
    expect(attempt).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "CHECKPOINT_MISMATCH") && error.details["member"] === member));
    expect(attempt).toThrow(JSON.stringify(value));
  });
});

describe("a checkpoint", () => {
  const checkpoint = { epoch: 4, identity: IDENTITY, sourceOffset: 0, sinkPositions: [], parts: [{ name: "market", bytes: Uint8Array.of(1) }] };

  it("gives a part by its name", () => {
    expect(partNamed(checkpoint, "market")).toEqual(Uint8Array.of(1));
  });

  it("is corrupt without a part that is asked for", () => {
    expect(() => partNamed(checkpoint, "shard-0")).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "CHECKPOINT_CORRUPT")));
  });
});
