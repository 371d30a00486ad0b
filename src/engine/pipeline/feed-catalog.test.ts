import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { Outlet } from "../../kernel/record/outlet.ts";
import { FEED_NAMES, feedNamed } from "./feed-catalog.ts";

describe("the catalog of feeds", () => {
  it.each(FEED_NAMES.map((name) => [name]))("makes %s over an arena of its own, and it takes bytes of nonsense without throwing", (name) => {
    const arena = Arena.create("feed", 512 * 1024 * 1024);
    const registry = new InstrumentRegistry(arena, 16);
    const feed = feedNamed(name).create({ arena, registry, outlet: new Outlet({ accept() {} }), epoch: arena.float64("epoch", 1) });
    arena.seal();
    feed.push(new Uint8Array(1000).fill(7), 0, 1000);
    expect(feed.messages).toBe(0);
  });

  it.each(["", "itch", "constructor", "toString", "__proto__"])("refuses the name %j and offers those that there are", (name) => {
    expect(() => feedNamed(name)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "USAGE")));
    expect(() => feedNamed(name)).toThrow(/itch50, binance/);
  });
});
