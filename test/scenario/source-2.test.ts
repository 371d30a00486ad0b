/**
 * The six questions that source 2 says its system can answer, each as a situation, and its failure table row by row.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ExecutionFailure, MarketDataOutage } from "../../src/control/failure.ts";
import { Metrics } from "../../src/control/metrics.ts";
import { Readiness } from "../../src/control/readiness.ts";
import { ShutdownController } from "../../src/control/shutdown.ts";
import { WarmupController } from "../../src/control/warmup.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import { isStreamError } from "../../src/kernel/core/errors.ts";
import { Lifecycle } from "../../src/kernel/lifecycle/machine.ts";
import { Consumer, RingBuffer } from "../../src/kernel/ring/ring-buffer.ts";
import { type Ack, Executor, NoOpSink, type ObservabilitySink } from "../../src/trading/execution/executor.ts";

const CAPACITY = 16;

function system(sink?: ObservabilitySink<number>) {
  const clock = new TestClock();
  const ring = new RingBuffer<number>(CAPACITY);
  const lifecycle = new Lifecycle(clock);
  return { clock, ring, lifecycle, executor: new Executor(ring, lifecycle, sink, clock) };
}

function ready(sink?: ObservabilitySink<number>) {
  const parts = system(sink);
  parts.lifecycle.transition("WARMUP");
  parts.lifecycle.transition("READY");
  return parts;
}

function drain(executor: Executor<number>): Ack[] {
  const acks: Ack[] = [];
  for (let ack = executor.process(); ack !== null; ack = executor.process()) acks.push(ack);
  return acks;
}

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

describe("1. How do you prevent slow consumers from affecting producers?", () => {
  it("the producer overwrites, the slow consumer is told its exact loss, the fast one misses nothing", () => {
    const { ring } = ready();
    const [slow, fast] = [new Consumer(ring), new Consumer(ring)];
    let read = 0;
    for (let i = 0; i < 1000; i++) {
      expect(ring.publish(i)).toBe(i);
      if (fast.poll() === i) read += 1;
    }
    expect(read).toBe(1000);
    expect(() => slow.poll()).toThrow(code("RING_OVERRUN"));
    expect(slow.resetToOldest()).toBe(1000 - CAPACITY);
    expect(slow.poll()).toBe(1000 - CAPACITY);
  });
});

describe("2. How do you handle failure without crashing?", () => {
  it("processing goes on through DEGRADED with executed false, without losing an event", () => {
    const { ring, lifecycle, executor } = ready();
    const outage = new MarketDataOutage(lifecycle);
    const acks: Ack[] = [];
    for (let i = 0; i < 30; i++) {
      if (i === 10) outage.activate();
      if (i === 20) outage.deactivate();
      ring.publish(i);
      acks.push(...drain(executor));
    }
    expect(acks.map((ack) => ack.seq)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(acks.map((ack) => ack.executed)).toEqual(acks.map((ack) => ack.seq < 10 || ack.seq >= 20));
  });
});

describe("3. How do you add observability without adding latency?", () => {
  it("a sink is always called, and which one it is changes nothing that the executor does", () => {
    const metrics = new Metrics();
    const observing: ObservabilitySink<number> = { observe: (_, ack) => metrics.observe(ack.completionTs - ack.decisionTs) };
    const run = (sink: ObservabilitySink<number>) => {
      const { ring, executor } = ready(sink);
      for (let i = 0; i < CAPACITY; i++) ring.publish(i);
      return drain(executor);
    };
    expect(run(observing)).toEqual(run(new NoOpSink()));
    expect(metrics.snapshot().count).toBe(CAPACITY);
  });

  it("the path to the sink asks no question: there is no branch on whether there is one", () => {
    const text = readFileSync(join(import.meta.dirname, "../../src/trading/execution/executor.ts"), "utf8");
    expect(text).toContain("this.sink.observe(event, ack)");
    expect(text).not.toMatch(/if \([^)]*sink/);
  });

  it("a sink that fails costs no event", () => {
    const { ring, executor } = ready({
      observe: () => {
        throw new Error("observer down");
      },
    });
    for (let i = 0; i < CAPACITY; i++) ring.publish(i);
    expect(drain(executor)).toHaveLength(CAPACITY);
    expect(executor.sinkFailures).toBe(CAPACITY);
  });
});

describe("4. Why not use a queue?", () => {
  it("memory is bounded and publishing never waits, with no consumer at all", () => {
    const ring = new RingBuffer<number>(CAPACITY);
    for (let i = 0; i < 100_000; i++) ring.publish(i);
    expect([ring.head(), ring.head() - ring.oldest()]).toEqual([100_000, CAPACITY]);
  });
});

describe("5. What is the difference between WARMUP and READY?", () => {
  it("WARMUP processes cold and executes nothing; READY comes when latency is stable and every gate has passed", () => {
    const { clock, ring, lifecycle, executor } = system();
    let cost = 64_000;
    let bars = 0;
    const acks: Ack[] = [];
    const warmup = new WarmupController({
      lifecycle,
      readiness: new Readiness([{ name: "lookback-filled", missing: () => (bars >= 600 ? null : `${bars} of 600 bars`) }]),
      clock,
      iterations: 100,
      iteration: () => {
        ring.publish(bars);
        bars += 1;
        clock.advance(cost);
        const ack = executor.process();
        if (ack !== null) acks.push(ack);
      },
    });
    while (warmup.step().outcome !== "ready") cost = Math.max(1000, cost / 4);
    expect(bars).toBe(600);
    expect(acks.some((ack) => ack.executed)).toBe(false);
    ring.publish(bars);
    expect(executor.process()?.executed).toBe(true);
  });

  it("latencies of the warm-up are not in the metrics of the run", () => {
    const metrics = new Metrics();
    const { clock, lifecycle } = system();
    const warmup = new WarmupController({ lifecycle, readiness: new Readiness(), clock, iteration: () => clock.advance(5000), iterations: 10 });
    while (warmup.step().outcome !== "ready");
    expect(metrics.snapshot()).toEqual({ count: 0, totalLatencyNs: 0, minLatencyNs: null, maxLatencyNs: null });
  });
});

describe("6. How do you test failure scenarios without randomness?", () => {
  it("the same script of failures gives the same acks and the same history, every time", () => {
    const run = () => {
      const { clock, ring, lifecycle, executor } = ready();
      const [outage, failure] = [new MarketDataOutage(lifecycle), new ExecutionFailure(lifecycle)];
      const acks: Ack[] = [];
      for (let i = 0; i < 60; i++) {
        clock.advance(10);
        if (i === 10) outage.activate();
        if (i === 15) lifecycle.addReason("operator");
        if (i === 20) outage.deactivate();
        if (i === 25) lifecycle.removeReason("operator");
        if (i === 40) failure.activate();
        if (i === 50) failure.deactivate();
        ring.publish(i);
        acks.push(...drain(executor));
      }
      return { acks, history: lifecycle.history };
    };
    const first = run();
    expect(run()).toEqual(first);
    expect(first.acks.filter((ack) => !ack.executed)).toHaveLength(25);
    expect(first.history.at(-1)).toMatchObject({ from: "DEGRADED", to: "READY", at: 510 });
  });
});

describe("the failure table", () => {
  it("slow consumer: shown by head - cursor > capacity, overrun on read, recovered by a reset to the head", () => {
    const { ring } = ready();
    const consumer = new Consumer(ring);
    for (let i = 0; i <= CAPACITY; i++) ring.publish(i);
    expect(ring.head() - consumer.cursor()).toBeGreaterThan(CAPACITY);
    expect(() => consumer.poll()).toThrow(code("RING_OVERRUN"));
    consumer.resetToHead();
    expect(consumer.poll()).toBeNull();
  });

  it("market data outage: DEGRADED, recovered by deactivate", () => {
    const { lifecycle } = ready();
    const outage = new MarketDataOutage(lifecycle);
    outage.activate();
    expect(lifecycle.state).toBe("DEGRADED");
    outage.deactivate();
    expect(lifecycle.state).toBe("READY");
  });

  it("execution backlog: events are dropped, the cursor is reset, and it goes on", () => {
    const { ring, executor } = ready();
    for (let i = 0; i < 100; i++) ring.publish(i);
    expect(() => executor.process()).toThrow(code("RING_OVERRUN"));
    executor.resetToHead();
    ring.publish(100);
    expect(executor.process()).toMatchObject({ seq: 100, executed: true });
    expect(executor.lost()).toBe(100);
  });

  it("cold start: refused until the warm-up cycle is complete", () => {
    const { ring, lifecycle, executor } = system();
    ring.publish(1);
    expect(() => executor.process()).toThrow(code("LIFECYCLE_NOT_READY"));
    lifecycle.transition("WARMUP");
    lifecycle.transition("READY");
    expect(executor.process()?.executed).toBe(true);
  });

  it("warm-up incomplete: processed with executed false", () => {
    const { ring, lifecycle, executor } = system();
    lifecycle.transition("WARMUP");
    ring.publish(1);
    expect(executor.process()?.executed).toBe(false);
  });

  it("state corruption: an invalid transition is refused and changes nothing", () => {
    const { lifecycle } = ready();
    expect(() => lifecycle.transition("INIT")).toThrow(code("LIFECYCLE_TRANSITION"));
    expect(lifecycle.state).toBe("READY");
  });

  it("shutdown: what is in flight is processed, nothing after the intake has stopped", () => {
    const { clock, ring, executor } = ready();
    let intake = true;
    const acks: Ack[] = [];
    const shutdown = new ShutdownController({
      clock,
      steps: [
        { name: "stop-intake", poll: () => !(intake = false), always: true },
        { name: "drain", poll: () => acks.push(...drain(executor)) >= 0 && executor.available() === 0 },
      ],
    });
    for (let i = 0; i < 10; i++) if (intake) ring.publish(i);
    shutdown.request("SIGTERM");
    expect(shutdown.poll()).toBe(true);
    for (let i = 0; i < 10; i++) if (intake) ring.publish(i);
    expect([acks.length, ring.head(), shutdown.report().clean]).toEqual([10, 10, true]);
  });
});

describe("what does not talk to what", () => {
  it("control imports kernel/core, kernel/memory, kernel/lifecycle and itself only", () => {
    const folder = join(import.meta.dirname, "../../src/control");
    const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !/\.(test|fuzz|bench)\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) {
      const text = readFileSync(join(folder, file), "utf8");
      for (const [, path] of text.matchAll(/from "([^"]+)"/g)) {
        expect(path, file).toMatch(/^(\.\/[a-z-]+\.ts|\.\.\/kernel\/(core|memory|lifecycle)\/[a-z-]+\.ts)$/);
      }
    }
  });
});
