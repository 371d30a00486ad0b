import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { AlertConfig, BackpressureConfig, PerformanceThresholds, ProcessorConfig, SubscriptionConfig } from "./market-data-config.ts";

const PROCESSOR = { partitionId: 2, symbols: ["NSE:A", "NSE:B"], bufferName: "ring-2", broker: "flattrade", user: "maya" } as const;

describe("the defaults are the source's", () => {
  it.each<[string, object, object]>([
    [
      "BackpressureConfig",
      new BackpressureConfig(),
      {
        maxQueueSize: 10_000,
        batchSize: 100,
        minBatchSize: 10,
        maxBatchSize: 500,
        emptySleepMs: 1,
        emptyThreshold: 1000,
        highThreshold: 0.8,
        lowThreshold: 0.6,
        dropPolicy: "oldest",
        adaptive: true,
        latencyTargetMs: 1,
        windowMs: 1000,
        seed: 1,
      },
    ],
    [
      "PerformanceThresholds",
      new PerformanceThresholds(),
      {
        maxBufferUtilization: 0.8,
        maxQueueUtilization: 0.8,
        maxLatencyMs: 10,
        minThroughput: 1000,
        maxDropRate: 0.01,
        maxErrorRate: 0.05,
        maxMemoryBytes: 8_589_934_592,
        maxCpuPercent: 80,
        connectionTimeoutMs: 30_000,
      },
    ],
    [
      "AlertConfig",
      new AlertConfig(),
      { consoleAlerts: true, logAlerts: true, callbackAlerts: true, cooldownMs: 60_000, criticalCooldownMs: 30_000, maxPerMinute: 10 },
    ],
    [
      "ProcessorConfig",
      new ProcessorConfig(PROCESSOR),
      { ...PROCESSOR, maxSymbolsPerConnection: 1000, reconnectDelayMs: 5000, heartbeatMs: 30_000, batchSize: 100 },
    ],
    [
      "SubscriptionConfig",
      new SubscriptionConfig(),
      {
        maxSymbolsPerConnection: 1000,
        batchSize: 50,
        batchDelayMs: 10,
        timeoutMs: 30_000,
        retries: 3,
        retryDelayMs: 1000,
        rateLimitMs: 100,
        healthIntervalMs: 60_000,
        defaultMode: 1,
      },
    ],
  ])("of %s, frozen", (_, config, expected) => {
    expect({ ...config }).toEqual(expected);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("and what is given is taken", () => {
    expect(new BackpressureConfig({ batchSize: 20, dropPolicy: "random", adaptive: false })).toMatchObject({
      batchSize: 20,
      dropPolicy: "random",
      adaptive: false,
    });
    expect(new SubscriptionConfig({ retries: 0, defaultMode: 3 })).toMatchObject({ retries: 0, defaultMode: 3 });
  });
});

describe("what is not allowed is refused with what is", () => {
  const attempt = (make: () => unknown): string => {
    try {
      make();
    } catch (error) {
      if (isStreamError(error, "CONFIG_INVALID")) return error.message;
      throw error;
    }
    return expect.fail("was taken");
  };

  it.each<[string, () => unknown, string]>([
    [
      "a member that is unknown",
      () => new BackpressureConfig({ bachSize: 5 } as object),
      "BackpressureConfig has no bachSize: expected maxQueueSize, batchSize",
    ],
    ["a name of every object", () => new BackpressureConfig({ toString: 5 } as object), "has no toString"],
    ["a queue of none", () => new BackpressureConfig({ maxQueueSize: 0 }), "maxQueueSize: expected a whole number from 1 to 1048576, got 0"],
    ["a fraction of a batch", () => new BackpressureConfig({ batchSize: 10.5 }), "batchSize: expected a whole number"],
    ["a batch above its most", () => new BackpressureConfig({ batchSize: 501 }), "batchSize: expected 10 to 500"],
    ["a least batch above the batch", () => new BackpressureConfig({ minBatchSize: 101 }), "batchSize: expected 101 to 500"],
    ["a share above 1", () => new BackpressureConfig({ highThreshold: 1.1 }), "highThreshold: expected a share"],
    ["a share of 0", () => new BackpressureConfig({ lowThreshold: 0 }), "lowThreshold: expected a share"],
    ["thresholds the wrong way round", () => new BackpressureConfig({ highThreshold: 0.5 }), "lowThreshold: expected at most highThreshold, 0.5, got 0.6"],
    [
      "a drop policy that is none",
      () => new BackpressureConfig({ dropPolicy: "middle" as "oldest" }),
      'dropPolicy: expected oldest, newest, random, got "middle"',
    ],
    ["text for a flag", () => new BackpressureConfig({ adaptive: "yes" as unknown as boolean }), "adaptive: expected true or false"],
    ["null", () => new BackpressureConfig({ batchSize: null as unknown as number }), "batchSize: expected a whole number from 1 to 65536, got object"],
    ["a number that is none", () => new PerformanceThresholds({ maxLatencyMs: Number.NaN }), "maxLatencyMs: expected a number"],
    ["a drop rate above 1", () => new PerformanceThresholds({ maxDropRate: 1.5 }), "maxDropRate: expected a share"],
    ["a cooldown below 0", () => new AlertConfig({ cooldownMs: -1 }), "cooldownMs: expected a number from 0"],
    ["a cap of none", () => new AlertConfig({ maxPerMinute: 0 }), "maxPerMinute: expected a whole number from 1"],
    ["a processor without symbols", () => new ProcessorConfig({ ...PROCESSOR, symbols: undefined as never }), "symbols: expected a list of symbols"],
    ["a symbol twice", () => new ProcessorConfig({ ...PROCESSOR, symbols: ["A", "A"] }), "symbols: expected a list of symbols"],
    ["an empty symbol", () => new ProcessorConfig({ ...PROCESSOR, symbols: [" "] }), "symbols: expected a list of symbols"],
    ["a buffer without a name", () => new ProcessorConfig({ ...PROCESSOR, bufferName: "" }), "bufferName: expected text"],
    ["a mode of four", () => new SubscriptionConfig({ defaultMode: 4 }), "defaultMode: expected a whole number from 1 to 3"],
  ])("%s", (_, make, message) => {
    expect(attempt(make)).toContain(message);
  });
});

it("a processor's login is there for the broker and shown to nobody else", () => {
  const config = new ProcessorConfig({ ...PROCESSOR, auth: { token: "hush-hush" } });
  expect(config.auth).toEqual({ token: "hush-hush" });
  expect([JSON.stringify(config), inspect(config, { showHidden: true, depth: 9 }), Object.keys(config).join()].join()).not.toContain("hush");
  expect([Object.isFrozen(config.auth), Object.isFrozen(config.symbols)]).toEqual([true, true]);
});
