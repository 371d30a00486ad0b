/**
 * Reads rings into a bounded queue and hands each record to its handlers (source 5). The caller drives it: poll() is one turn.
 *
 *   rings --batch each--> queue --> handlers of the ring, then handlers of all
 *
 * Promise: consumed = handled + dropped + waiting. Records are dropped, by the policy and counted, only while the queue is full and their
 * ring is too: from highThreshold of its slots until it is back at lowThreshold. A full queue otherwise leaves records in the ring. A
 * handler that throws is counted and keeps nothing from the others. Latency is the clock's now less the record's tsRecv, when its turn with
 * the handlers begins; percentiles are a histogram's. What was not measured is null.
 */
import { Histogram } from "../../control/histogram.ts";
import type { Clock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { NANOS_PER_MILLI, NANOS_PER_SECOND, TIME_UNSET } from "../../kernel/core/units.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import { BackpressureConfig } from "./market-data-config.ts";
import type { OptimizedRingBuffer, RecordSink } from "./optimized-ring-buffer.ts";
import { RecordQueue } from "./record-queue.ts";
import type { SymbolDirectory } from "./symbol-directory.ts";

/** Takes a record. The view is moved to the next one when this returns: keep toBytes(), not the view. */
export type MarketDataHandler = (data: BinaryMarketData) => void;
/** Told of what a handler threw. What it throws itself is counted. */
export type HandlerErrorHandler = (error: unknown, data: BinaryMarketData) => void;

export interface ConsumerOptions {
  readonly rings: readonly OptimizedRingBuffer[];
  readonly directory: SymbolDirectory;
  readonly clock: Clock;
  readonly config?: BackpressureConfig;
}

/** Latencies in ns; null where none was measured. */
export interface LatencyStats {
  readonly count: number;
  /** Records that say nothing of when they were received. */
  readonly unknown: number;
  readonly meanNs: number | null;
  readonly p50Ns: number | null;
  readonly p95Ns: number | null;
  readonly p99Ns: number | null;
  readonly maxNs: number | null;
}

/** The last whole window. Null before the first one has ended, and what there was nothing to divide by. */
export interface WindowStats {
  readonly throughput: number | null;
  readonly dropRate: number | null;
  readonly errorRate: number | null;
  readonly p99Ns: number | null;
}

export interface ConsumerStats {
  readonly consumed: number;
  /** Records whose turn with the handlers has come. */
  readonly handled: number;
  readonly dropped: number;
  /** dropped / consumed. */
  readonly dropRate: number | null;
  readonly handlerCalls: number;
  readonly handlerErrors: number;
  /** What the error handler itself threw. */
  readonly errorHandlerErrors: number;
  readonly emptyPolls: number;
  readonly batchSize: number;
  /** Times that the batch size was changed. */
  readonly adjustments: number;
  readonly underPressure: boolean;
  /** Times that pressure began. */
  readonly pressures: number;
  readonly latency: LatencyStats;
  readonly window: WindowStats;
}

export interface QueueStats {
  readonly length: number;
  readonly capacity: number;
  readonly utilization: number;
  /** Most records that have waited at once. */
  readonly highest: number;
  readonly dropped: number;
}

/** What the batch size follows. */
export interface BatchLoad {
  /** Fill of the fullest ring and of the queue, 0 to 1. */
  readonly ringUtilization: number;
  readonly queueUtilization: number;
  /** Of the window that has ended; null when nothing was measured in it. */
  readonly latencyNs: number | null;
}

/**
 * The next batch size (C20): a ring above 0.8 makes it 1.2 times, a queue above 0.8 makes it 0.8 times, a latency above twice the target
 * 0.9 times and one below half of it 1.1 times, one after the other, each cut to a whole number and to the bounds.
 */
export function nextBatchSize(batchSize: number, load: BatchLoad, config: BackpressureConfig): number {
  const targetNs = config.latencyTargetMs * NANOS_PER_MILLI;
  const scaled = (size: number, factor: number): number => Math.min(config.maxBatchSize, Math.max(config.minBatchSize, Math.trunc(size * factor)));
  let size = batchSize;
  if (load.ringUtilization > config.highThreshold) size = scaled(size, 1.2);
  if (load.queueUtilization > config.highThreshold) size = scaled(size, 0.8);
  if (load.latencyNs === null) return size;
  if (load.latencyNs > 2 * targetNs) return scaled(size, 0.9);
  return load.latencyNs < 0.5 * targetNs ? scaled(size, 1.1) : size;
}

export class BackpressureAwareConsumer {
  readonly config: BackpressureConfig;
  private readonly rings: readonly OptimizedRingBuffer[];
  private readonly sinks: readonly RecordSink[];
  private readonly clock: Clock;
  private readonly queue: RecordQueue;
  private readonly view: BinaryMarketData;
  private readonly random: Random;
  private readonly handlers: MarketDataHandler[] = [];
  private readonly ringHandlers: readonly MarketDataHandler[][];
  private errorHandler: HandlerErrorHandler | null = null;
  /** Rings that have been filled to highThreshold and not come back to lowThreshold. */
  private readonly isFilled: Uint8Array;
  private readonly latency: Histogram = new Histogram();
  private readonly windowLatency: Histogram = new Histogram();
  private readonly times: Float64Array = new Float64Array(2);
  private readonly windowNs: number;
  private windowStartNs: number;
  private windowStart: Counters = ZERO;
  private window: WindowStats = NO_WINDOW;
  private batch: number;
  private consumed = 0;
  private handled = 0;
  private dropped = 0;
  private handlerCalls = 0;
  private handlerErrors = 0;
  private errorHandlerErrors = 0;
  private latencyUnknown = 0;
  private emptyPolls = 0;
  private emptyInARow = 0;
  private adjustments = 0;
  private highest = 0;
  private isUnderPressure = false;
  private pressures = 0;
  private isTurning = false;

  /** VALUE_RANGE without a ring, or for two of one name. */
  constructor({ rings, directory, clock, config = new BackpressureConfig() }: ConsumerOptions) {
    const names = new Set(rings.map((ring) => ring.name));
    if (rings.length === 0 || names.size < rings.length)
      throw new StreamError("VALUE_RANGE", `expected rings of different names, got ${rings.map((ring) => ring.name).join(", ") || "none"}`);
    this.config = config;
    this.rings = rings;
    this.clock = clock;
    this.sinks = rings.map((_, index) => ({ take: (slots: Slots, slot: number) => this.enqueue(slots, slot, index) }));
    this.ringHandlers = rings.map(() => []);
    this.isFilled = new Uint8Array(rings.length);
    this.queue = new RecordQueue(config.maxQueueSize);
    this.view = new BinaryMarketData(directory, this.queue.slots);
    this.random = new Random(new Int32Array(4), config.seed);
    this.batch = config.batchSize;
    this.windowNs = config.windowMs * NANOS_PER_MILLI;
    this.windowStartNs = clock.now();
  }

  /** A handler of the records of every ring. */
  addHandler(handler: MarketDataHandler): void {
    this.handlers.push(handler);
  }

  /** A handler of the records of one ring, called before those of all. VALUE_RANGE for a ring that is not there. */
  addBufferHandler(ring: string, handler: MarketDataHandler): void {
    const index = this.rings.findIndex(({ name }) => name === ring);
    if (index < 0) throw new StreamError("VALUE_RANGE", `expected a ring of ${this.rings.map(({ name }) => name).join(", ")}, got ${ring}`, { ring });
    this.ringHandlers[index].push(handler);
  }

  /** Told of what handlers throw. */
  setErrorHandler(handler: HandlerErrorHandler): void {
    this.errorHandler = handler;
  }

  /**
   * One turn: a batch of each ring into the queue, then at most `most` records to their handlers. How many went to them. USAGE when a
   * handler calls it: a turn does not begin within another.
   */
  poll(most: number = Infinity): number {
    if (this.isTurning) throw new StreamError("USAGE", "a handler called poll() of the consumer that called it");
    this.isTurning = true;
    try {
      return this.turn(most);
    } finally {
      this.isTurning = false;
    }
  }

  /** How long the caller should sleep before the next turn, ms: 0 until emptyThreshold turns in a row found nothing. */
  get idleMs(): number {
    return this.emptyInARow >= this.config.emptyThreshold ? this.config.emptySleepMs : 0;
  }

  /** Records taken from each ring in a turn, now. */
  get batchSize(): number {
    return this.batch;
  }

  /** Between the moment at which a ring or the queue reached highThreshold and that at which all are at or below lowThreshold. */
  get underPressure(): boolean {
    return this.isUnderPressure;
  }

  stats(): ConsumerStats {
    const { consumed, handled, dropped, handlerCalls, handlerErrors, errorHandlerErrors, emptyPolls, adjustments, pressures, window } = this;
    const counts = { consumed, handled, dropped, handlerCalls, handlerErrors, errorHandlerErrors, emptyPolls, adjustments, pressures, window };
    const { batch: batchSize, isUnderPressure: underPressure } = this;
    return Object.freeze({ ...counts, dropRate: ratio(dropped, consumed), batchSize, underPressure, latency: this.latencyStats() });
  }

  queueStats(): QueueStats {
    const { length, capacity } = this.queue;
    return Object.freeze({ length, capacity, utilization: length / capacity, highest: this.highest, dropped: this.dropped });
  }

  /** What a PerformanceMonitor asks a component for: fills as they are, the rest of the last whole window. */
  metrics(): Readonly<Record<"bufferUtilization" | "queueUtilization" | "latencyP99Ns" | "throughput" | "dropRate" | "errorRate", number | null>> {
    const { throughput, dropRate, errorRate, p99Ns } = this.window;
    const bufferUtilization = Math.max(...this.rings.map((ring) => ring.utilization()));
    return { bufferUtilization, queueUtilization: this.queue.length / this.queue.capacity, latencyP99Ns: p99Ns, throughput, dropRate, errorRate };
  }

  /** Gives the rings back: another consumer may read them. What waits in the queue stays there, for poll(). */
  close(): void {
    for (const ring of this.rings) ring.giveBack();
  }

  private turn(most: number): number {
    const ringUtilization = this.look();
    const before = this.consumed;
    for (let ring = 0; ring < this.rings.length; ring++) {
      const room = this.isFilled[ring] === 1 ? this.batch : Math.min(this.batch, this.queue.capacity - this.queue.length);
      if (room > 0) this.rings[ring].consumeEach(this.sinks[ring], room);
    }
    const queueUtilization = this.queue.length / this.queue.capacity;
    this.watchPressure(ringUtilization, queueUtilization);
    const handled = this.dispatch(most);
    this.countEmpty(this.consumed - before + handled);
    const now = this.clock.now();
    if (now - this.windowStartNs >= this.windowNs) this.endWindow(now, ringUtilization, queueUtilization);
    return handled;
  }

  /** Looks at every ring before anything is taken: fill of the fullest, and which ones are filled. */
  private look(): number {
    const { highThreshold, lowThreshold } = this.config;
    let fullest = 0;
    for (let ring = 0; ring < this.rings.length; ring++) {
      const utilization = this.rings[ring].utilization();
      if (utilization >= highThreshold) this.isFilled[ring] = 1;
      else if (utilization <= lowThreshold) this.isFilled[ring] = 0;
      if (utilization > fullest) fullest = utilization;
    }
    return fullest;
  }

  /** A record of a ring into the queue. Into a full one: the policy says which record is given up for it. */
  private enqueue(slots: Slots, slot: number, ring: number): void {
    this.consumed++;
    if (this.queue.isFull) {
      this.dropped++;
      const victim = this.victim();
      if (victim < 0) return;
      this.queue.remove(victim);
    }
    this.queue.append(slots, slot, ring);
    if (this.queue.length > this.highest) this.highest = this.queue.length;
  }

  /** The slot of the record that a full queue gives up, or -1 for the one that comes. */
  private victim(): number {
    const { dropPolicy } = this.config;
    if (dropPolicy === "oldest") return this.queue.oldest();
    if (dropPolicy === "newest") return -1;
    return this.random.nextBelow(this.queue.capacity + 1) - 1;
  }

  private dispatch(most: number): number {
    const { queue, view } = this;
    let done = 0;
    for (let slot = queue.oldest(); slot >= 0 && done < most; slot = queue.oldest()) {
      view.at(queue.slots, slot);
      this.measure(view);
      this.callAll(this.ringHandlers[queue.sourceOf(slot)], slot);
      this.callAll(this.handlers, slot);
      queue.remove(slot);
      done++;
    }
    this.handled += done;
    return done;
  }

  private measure(view: BinaryMarketData): void {
    this.times[0] = view.tsRecvNs;
    if (this.times[0] === TIME_UNSET) {
      this.latencyUnknown++;
      return;
    }
    this.times[1] = this.clock.now();
    this.latency.recordSpan(this.times, 0, 1);
    this.windowLatency.recordSpan(this.times, 0, 1);
  }

  private callAll(handlers: readonly MarketDataHandler[], slot: number): void {
    for (const handler of handlers) {
      this.handlerCalls++;
      try {
        handler(this.view.at(this.queue.slots, slot));
      } catch (error) {
        this.handlerErrors++;
        this.tell(error);
      }
    }
  }

  private tell(error: unknown): void {
    try {
      this.errorHandler?.(error, this.view);
    } catch {
      this.errorHandlerErrors++;
    }
  }

  private watchPressure(ringUtilization: number, queueUtilization: number): void {
    const { highThreshold, lowThreshold } = this.config;
    const fullest = Math.max(ringUtilization, queueUtilization);
    if (!this.isUnderPressure && fullest >= highThreshold) {
      this.isUnderPressure = true;
      this.pressures++;
    } else if (this.isUnderPressure && fullest <= lowThreshold) this.isUnderPressure = false;
  }

  private countEmpty(work: number): void {
    if (work > 0) {
      this.emptyInARow = 0;
      return;
    }
    this.emptyPolls++;
    this.emptyInARow++;
  }

  private endWindow(now: number, ringUtilization: number, queueUtilization: number): void {
    const { consumed, handled, dropped, handlerCalls, handlerErrors, windowStart: start } = this;
    const p99Ns = percentileOf(this.windowLatency, 99);
    this.window = Object.freeze({
      throughput: ((handled - start.handled) * NANOS_PER_SECOND) / (now - this.windowStartNs),
      dropRate: ratio(dropped - start.dropped, consumed - start.consumed),
      errorRate: ratio(handlerErrors - start.handlerErrors, handlerCalls - start.handlerCalls),
      p99Ns,
    });
    this.windowStart = { consumed, handled, dropped, handlerCalls, handlerErrors };
    this.windowStartNs = now;
    this.windowLatency.reset();
    if (!this.config.adaptive) return;
    const next = nextBatchSize(this.batch, { ringUtilization, queueUtilization, latencyNs: p99Ns }, this.config);
    if (next !== this.batch) this.adjustments++;
    this.batch = next;
  }

  private latencyStats(): LatencyStats {
    const { count, meanNs, p50Ns, p99Ns, maxNs } = this.latency.snapshot();
    return Object.freeze({ count, unknown: this.latencyUnknown, meanNs, p50Ns, p95Ns: percentileOf(this.latency, 95), p99Ns, maxNs });
  }
}

/** Counts from which a window's are taken. */
interface Counters {
  readonly consumed: number;
  readonly handled: number;
  readonly dropped: number;
  readonly handlerCalls: number;
  readonly handlerErrors: number;
}

const ZERO: Counters = { consumed: 0, handled: 0, dropped: 0, handlerCalls: 0, handlerErrors: 0 };
const NO_WINDOW: WindowStats = { throughput: null, dropRate: null, errorRate: null, p99Ns: null };

function percentileOf(histogram: Histogram, percent: number): number | null {
  const value = histogram.percentile(percent);
  return value < 0 ? null : value;
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
