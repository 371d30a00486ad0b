import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { Lifecycle } from "../../kernel/lifecycle/machine.ts";
import { stateName } from "../../kernel/lifecycle/state-word.ts";
import { REASON_SHARD_DOWN, ShardOutage } from "./shard-outage.ts";

function ready(): { lifecycle: Lifecycle; outage: ShardOutage; obeyed: () => string } {
  const lifecycle = new Lifecycle(new TestClock(0));
  const outage = new ShardOutage(lifecycle);
  lifecycle.transition("WARMUP");
  lifecycle.transition("READY");
  return { lifecycle, outage, obeyed: () => stateName(outage.word.load()) };
}

describe("a shard that is down", () => {
  it("makes the process DEGRADED until it is back, and the shards obey what they did before", () => {
    const { lifecycle, outage, obeyed } = ready();
    outage.report(true);
    outage.report(true);
    expect([lifecycle.state, lifecycle.reasons, obeyed()]).toEqual(["DEGRADED", [REASON_SHARD_DOWN], "READY"]);
    outage.report(false);
    outage.report(false);
    expect([lifecycle.state, obeyed()]).toEqual(["READY", "READY"]);
  });

  it("in WARMUP leaves the shards in WARMUP", () => {
    const lifecycle = new Lifecycle(new TestClock(0));
    const outage = new ShardOutage(lifecycle);
    lifecycle.transition("WARMUP");
    outage.report(true);
    expect(stateName(outage.word.load())).toBe("WARMUP");
  });

  it("beside another reason does not hide it: that one reaches the shards, and ends for them when it ends", () => {
    const { lifecycle, outage, obeyed } = ready();
    outage.report(true);
    lifecycle.addReason("market-data-outage");
    expect(obeyed()).toBe("DEGRADED");
    lifecycle.removeReason("market-data-outage");
    expect([lifecycle.state, obeyed()]).toEqual(["DEGRADED", "READY"]);
  });
});

it("every other state reaches the shards as it is", () => {
  const { lifecycle, obeyed } = ready();
  expect(obeyed()).toBe("READY");
  lifecycle.transition("DEGRADED");
  expect(obeyed()).toBe("DEGRADED");
  lifecycle.transition("WARMUP");
  expect(obeyed()).toBe("WARMUP");
});
