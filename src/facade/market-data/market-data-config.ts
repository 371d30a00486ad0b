/**
 * The settings of source 5's parts: frozen when they are made, every member checked. A member that is unknown, of another type or out of
 * its range is CONFIG_INVALID with what is allowed. Defaults are the source's. Times are in ms, sizes in bytes, shares from 0 to 1.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { MESSAGE_TYPES } from "./market-data-message.ts";

/** What the consumer's full queue gives up: its oldest record, the one that comes, or any of them. */
export const DROP_POLICIES = ["oldest", "newest", "random"] as const;
export type DropPolicy = (typeof DROP_POLICIES)[number];

/** Members of a class as its constructor takes them: those with a default may be left out. */
type Given<T, Required extends keyof T = never> = Partial<Omit<T, Required>> & Pick<T, Required>;
type Rule = readonly [byDefault: unknown, isAllowed: (value: unknown) => boolean, allowed: string];
type Rules = Readonly<Record<string, Rule>>;

const whole = (byDefault: number | undefined, min: number, max: number): Rule => [
  byDefault,
  (value) => Number.isInteger(value) && isBetween(value, min, max),
  `a whole number from ${min} to ${max}`,
];
const number = (byDefault: number, min: number, max: number): Rule => [byDefault, (value) => isBetween(value, min, max), `a number from ${min} to ${max}`];
const share = (byDefault: number): Rule => [byDefault, (value) => isBetween(value, 0, 1) && value !== 0, "a share above 0 and at most 1"];
const flag = (byDefault: boolean): Rule => [byDefault, (value) => typeof value === "boolean", "true or false"];
const word = (byDefault: string, words: readonly string[]): Rule => [byDefault, (value) => words.includes(value as string), words.join(", ")];
const text = (): Rule => [undefined, (value) => typeof value === "string" && value.trim() !== "", "text that is not empty"];

const DAY_MS = 86_400_000;

/** How a BackpressureAwareConsumer reads, queues and drops. */
export class BackpressureConfig {
  /** Records that wait for the handlers at most. */
  readonly maxQueueSize!: number;
  /** Records taken from each ring in a turn, at first. */
  readonly batchSize!: number;
  readonly minBatchSize!: number;
  readonly maxBatchSize!: number;
  /** How long to sleep once `emptyThreshold` turns in a row found nothing. */
  readonly emptySleepMs!: number;
  readonly emptyThreshold!: number;
  /** Fill of a ring or the queue from which there is pressure. */
  readonly highThreshold!: number;
  /** Fill of all of them below which there is none again. */
  readonly lowThreshold!: number;
  readonly dropPolicy!: DropPolicy;
  /** Whether the batch size follows the load. */
  readonly adaptive!: boolean;
  readonly latencyTargetMs!: number;
  /** The batch size is looked at once in this time, with the latencies of it. */
  readonly windowMs!: number;
  /** Of the random drops. */
  readonly seed!: number;

  constructor(given: Given<BackpressureConfig> = {}) {
    Object.assign(
      this,
      settings<BackpressureConfig>("BackpressureConfig", given, {
        maxQueueSize: whole(10_000, 1, 1_048_576),
        batchSize: whole(100, 1, 65_536),
        minBatchSize: whole(10, 1, 65_536),
        maxBatchSize: whole(500, 1, 65_536),
        emptySleepMs: number(1, 0, 60_000),
        emptyThreshold: whole(1000, 1, 1e9),
        highThreshold: share(0.8),
        lowThreshold: share(0.6),
        dropPolicy: word("oldest", DROP_POLICIES),
        adaptive: flag(true),
        latencyTargetMs: number(1, 0.001, 60_000),
        windowMs: number(1000, 1, DAY_MS),
        seed: whole(1, 0, 0xffff_ffff),
      }),
    );
    if (this.minBatchSize > this.batchSize || this.batchSize > this.maxBatchSize) {
      throw invalid("BackpressureConfig", "batchSize", `${this.minBatchSize} to ${this.maxBatchSize}, its own least and most`, this.batchSize);
    }
    if (this.lowThreshold > this.highThreshold)
      throw invalid("BackpressureConfig", "lowThreshold", `at most highThreshold, ${this.highThreshold}`, this.lowThreshold);
    Object.freeze(this);
  }
}

/** The limits that a PerformanceMonitor watches. */
export class PerformanceThresholds {
  readonly maxBufferUtilization!: number;
  readonly maxQueueUtilization!: number;
  /** Of the 99th percentile. */
  readonly maxLatencyMs!: number;
  /** Messages a second. */
  readonly minThroughput!: number;
  readonly maxDropRate!: number;
  readonly maxErrorRate!: number;
  readonly maxMemoryBytes!: number;
  readonly maxCpuPercent!: number;
  /** How long a connection may say nothing. */
  readonly connectionTimeoutMs!: number;

  constructor(given: Given<PerformanceThresholds> = {}) {
    Object.assign(
      this,
      settings<PerformanceThresholds>("PerformanceThresholds", given, {
        maxBufferUtilization: share(0.8),
        maxQueueUtilization: share(0.8),
        maxLatencyMs: number(10, 0.001, DAY_MS),
        minThroughput: number(1000, 0, 1e12),
        maxDropRate: share(0.01),
        maxErrorRate: share(0.05),
        maxMemoryBytes: whole(8 * 1024 ** 3, 1, Number.MAX_SAFE_INTEGER),
        maxCpuPercent: number(80, 0.1, 100_000),
        connectionTimeoutMs: number(30_000, 1, DAY_MS),
      }),
    );
    Object.freeze(this);
  }
}

/** Where alerts go, and how many of them. */
export class AlertConfig {
  readonly consoleAlerts!: boolean;
  readonly logAlerts!: boolean;
  readonly callbackAlerts!: boolean;
  /** Least time between two warnings of one key. */
  readonly cooldownMs!: number;
  /** Least time between two critical alerts of one key. */
  readonly criticalCooldownMs!: number;
  /** Of all keys together; how many more there were is said when there is room again. */
  readonly maxPerMinute!: number;

  constructor(given: Given<AlertConfig> = {}) {
    Object.assign(
      this,
      settings<AlertConfig>("AlertConfig", given, {
        consoleAlerts: flag(true),
        logAlerts: flag(true),
        callbackAlerts: flag(true),
        cooldownMs: number(60_000, 0, DAY_MS),
        criticalCooldownMs: number(30_000, 0, DAY_MS),
        maxPerMinute: whole(10, 1, 1000),
      }),
    );
    Object.freeze(this);
  }
}

/** What a processor of one partition is given. */
export class ProcessorConfig {
  readonly partitionId!: number;
  readonly symbols!: readonly string[];
  readonly bufferName!: string;
  readonly broker!: string;
  readonly user!: string;
  readonly maxSymbolsPerConnection!: number;
  readonly reconnectDelayMs!: number;
  readonly heartbeatMs!: number;
  readonly batchSize!: number;
  readonly #auth: Readonly<Record<string, string>>;

  constructor({ auth = {}, ...given }: Given<ProcessorConfig, "partitionId" | "symbols" | "bufferName" | "broker" | "user">) {
    Object.assign(
      this,
      settings<Omit<ProcessorConfig, "auth">>("ProcessorConfig", given, {
        partitionId: whole(undefined, 0, 1023),
        symbols: [undefined, isSymbolList, "a list of symbols, none of them empty or twice"],
        bufferName: text(),
        broker: text(),
        user: text(),
        maxSymbolsPerConnection: whole(1000, 1, 1_000_000),
        reconnectDelayMs: number(5000, 0, DAY_MS),
        heartbeatMs: number(30_000, 1, DAY_MS),
        batchSize: whole(100, 1, 65_536),
      }),
    );
    this.#auth = Object.freeze({ ...auth });
    Object.freeze(this);
  }

  /** What the broker's login asks for. Not shown when the object is printed or written as JSON. */
  get auth(): Readonly<Record<string, string>> {
    return this.#auth;
  }
}

/** How symbols are subscribed in bulk. */
export class SubscriptionConfig {
  readonly maxSymbolsPerConnection!: number;
  readonly batchSize!: number;
  readonly batchDelayMs!: number;
  readonly timeoutMs!: number;
  readonly retries!: number;
  readonly retryDelayMs!: number;
  readonly rateLimitMs!: number;
  readonly healthIntervalMs!: number;
  /** 1 LTP, 2 QUOTE, 3 DEPTH. */
  readonly defaultMode!: number;

  constructor(given: Given<SubscriptionConfig> = {}) {
    Object.assign(
      this,
      settings<SubscriptionConfig>("SubscriptionConfig", given, {
        maxSymbolsPerConnection: whole(1000, 1, 1_000_000),
        batchSize: whole(50, 1, 65_536),
        batchDelayMs: number(10, 0, DAY_MS),
        timeoutMs: number(30_000, 1, DAY_MS),
        retries: whole(3, 0, 1000),
        retryDelayMs: number(1000, 0, DAY_MS),
        rateLimitMs: number(100, 0, DAY_MS),
        healthIntervalMs: number(60_000, 1, DAY_MS),
        defaultMode: whole(1, 1, MESSAGE_TYPES.length),
      }),
    );
    Object.freeze(this);
  }
}

/** The given values, or the defaults, each allowed by its rule. What has no default must be given. */
function settings<T>(name: string, given: object, rules: { readonly [K in keyof T]: Rule }): T {
  const table = rules as Rules;
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(table, key));
  if (unknown !== undefined)
    throw new StreamError("CONFIG_INVALID", `${name} has no ${unknown}: expected ${Object.keys(table).join(", ")}`, { member: unknown });
  const values = Object.entries(table).map(([key, [byDefault, isAllowed, allowed]]) => {
    const { [key]: value = byDefault } = given as Readonly<Record<string, unknown>>;
    if (!isAllowed(value)) throw invalid(name, key, allowed, value);
    return [key, Array.isArray(value) ? Object.freeze([...(value as unknown[])]) : value];
  });
  return Object.fromEntries(values) as T;
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}

function isSymbolList(value: unknown): boolean {
  return Array.isArray(value) && new Set(value).size === value.length && value.every((symbol) => typeof symbol === "string" && symbol.trim() !== "");
}

function invalid(name: string, member: string, allowed: string, value: unknown): StreamError {
  const shown = typeof value === "string" ? JSON.stringify(value) : typeof value === "number" || typeof value === "boolean" ? String(value) : typeof value;
  return new StreamError("CONFIG_INVALID", `${name} ${member}: expected ${allowed}, got ${shown}`, { member });
}
