import { describe, expect, it } from "vitest";
import { layerViolations } from "./layers.ts";
import { productionSources, textOf } from "./sources.ts";

describe("layers", () => {
  it("imports go down only, in every source", () => {
    const sources = productionSources();
    expect(sources.length).toBeGreaterThan(80);
    expect(sources.flatMap((path) => layerViolations(path, textOf(path)))).toEqual([]);
  });

  it.each([
    ["src/kernel/ring/x.ts", `import { a } from "../../market/feed/feed.ts";`, "imports go down"],
    ["src/kernel/core/x.ts", `import fs from "node:fs";`, "no node module"],
    ["src/market/feed/x.ts", `import { z } from "zod";`, "no package"],
    ["src/market/feed/x.ts", `export { LevelBook } from "../book/level-book.ts";`, "market/feed may import"],
    ["src/kernel/core/x.ts", `import type { Arena } from "../memory/arena.ts";`, "kernel/core may import"],
    ["src/control/x.ts", `import { GatedRing } from "../kernel/ring/gated-ring.ts";`, "control imports"],
    ["src/engine/pipeline/x.ts", `const a = await import("../../control/metrics.ts");`, "only the command line and facades import control"],
    ["src/connect/file/x.ts", `import { a } from "../../control/metrics.ts";`, "only the command line and facades import control"],
    ["src/facade/market-data/x.ts", `import { MarketSimulator } from "../../sim/simulator.ts";`, "only the command line imports sim"],
    ["src/facade/market-data/x.ts", `import { a } from "../streams/a.ts";`, "facade/market-data may import nothing beside it"],
    ["src/facade/market-data/x.ts", `import { a } from "../../cli/main.ts";`, "imports go down"],
    ["src/trading/signal/x.ts", `import { a } from "../execution/executor.ts";`, "trading/signal may import"],
    ["src/connect/file/x.ts", `import { MarketSimulator } from "../../sim/simulator.ts";`, "only the command line imports sim"],
    ["src/kernel/oddments/x.ts", `import { a } from "../core/units.ts";`, "not in the table"],
  ])("a planted violation in %s is found: %s", (path, text, reason) => {
    expect(layerViolations(path, text).join()).toContain(reason);
  });

  it("a face of control may import it", () => {
    expect(layerViolations("src/facade/market-data/x.ts", `import { AlertDesk } from "../../control/alert.ts";`)).toEqual([]);
  });
});
