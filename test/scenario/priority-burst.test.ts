/**
 * A tenfold burst in front of a consumer of limited speed, in a time of its own: no thread, no clock, so what is left is what the order does.
 *
 * The priority lane as it is; the consumer takes 2 us over each unit. Latency is from the moment at which a critical unit is put to the end of
 * the consumer's work on it. bench/priority.ts is the same between two threads, by the clock.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { FULL } from "../../src/kernel/core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_WORD_I32, TYPE_SIGNAL, headerWord } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import { PriorityLane } from "../../src/kernel/ring/priority-lane.ts";
import { PriorityReader } from "../../src/kernel/ring/priority-reader.ts";
import { PriorityWriter } from "../../src/kernel/ring/priority-writer.ts";

const WORK_NS = 2000;
/** Units a second when it is quiet. */
const ROUTINE_RATE = 95_000;
const CRITICAL_RATE = 5000;
const BURST = 10;
const BURST_NS = 10e6;
const CYCLE_NS = 40e6;
const CYCLES = 20;

interface Unit {
  readonly at: number;
  readonly instrument: number;
  readonly isCritical: boolean;
}

/** Units that come by chance; in bursts so many times as many. Routine ones go round the instruments, as bars do; critical ones are of any. */
function schedule(instruments: number, routineBurst: number, criticalBurst: number): Unit[] {
  const random = new Random(new Int32Array(4), 7);
  const units: Unit[] = [];
  for (let at = 0; at < CYCLES * CYCLE_NS;) {
    const inBurst = at % CYCLE_NS < BURST_NS;
    const routine = ROUTINE_RATE * (inBurst ? routineBurst : 1);
    const critical = CRITICAL_RATE * (inBurst ? criticalBurst : 1);
    const isCritical = random.nextBelow(routine + critical) < critical;
    units.push({ at, instrument: isCritical ? random.nextBelow(instruments) : units.length % instruments, isCritical });
    at += (-Math.log((random.nextBelow(1e9) + 1) / 1e9) * 1e9) / (routine + critical);
  }
  return units;
}

interface Outcome {
  /** p99 of the critical units' latencies, ns. */
  readonly p99: number;
  readonly longestQueue: number;
  readonly delivered: number;
}

/** One unit after the other, as `take` gives them; `put` has room for all. */
function serve(units: readonly Unit[], put: (n: number) => void, take: () => number): Outcome {
  const latencies: number[] = [];
  let [now, next, queue, longestQueue, delivered] = [0, 0, 0, 0, 0];
  while (delivered < units.length) {
    for (; next < units.length && units[next].at <= now; next++, queue++) put(next);
    longestQueue = Math.max(longestQueue, queue);
    const n = take();
    if (n < 0) {
      now = units[next].at;
      continue;
    }
    now += WORK_NS;
    queue--;
    delivered++;
    if (units[n].isCritical) latencies.push(now - units[n].at);
  }
  latencies.sort((a, b) => a - b);
  return { p99: latencies[Math.ceil(latencies.length * 0.99) - 1], longestQueue, delivered };
}

function throughLane(units: readonly Unit[]): Outcome {
  const lane = PriorityLane.create({ routine: 1 << 14, critical: 1 << 12, instruments: 8192 });
  const [writer, reader, staging] = [new PriorityWriter(lane), new PriorityReader(lane), Slots.create(1)];
  const put = (n: number): void => {
    staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, FLAG_LAST | (units[n].isCritical ? FLAG_CRITICAL : 0));
    staging.u32[HEADER_INSTRUMENT_U32] = units[n].instrument;
    staging.f64[HEADER_SEQUENCE_F64] = n;
    if (writer.put(staging, 0) === FULL) throw new Error("the lane is to hold the burst");
    writer.commit();
  };
  return serve(units, put, () => (reader.take() === 0 ? -1 : reader.slots.f64[reader.slotAt(0) * 8 + HEADER_SEQUENCE_F64]));
}

function throughFifo(units: readonly Unit[]): Outcome {
  const queue: number[] = [];
  let head = 0;
  return serve(
    units,
    (n) => void queue.push(n),
    () => (head < queue.length ? queue[head++] : -1),
  );
}

describe("a critical unit in a tenfold burst that piles up thousands of routine ones", () => {
  const quiet = schedule(8192, 1, 1);
  const burst = schedule(8192, BURST, 1);

  it("waits at its 99th percentile at most twice as long as when it is quiet, where in one queue it waits a thousand times as long", () => {
    const [calm, loud] = [throughLane(quiet), throughLane(burst)];
    expect(loud.longestQueue).toBeGreaterThan(4000);
    expect([calm.delivered, loud.delivered]).toEqual([quiet.length, burst.length]);
    expect(loud.p99 / calm.p99).toBeLessThanOrEqual(2);
    expect(throughFifo(burst).p99 / throughFifo(quiet).p99).toBeGreaterThan(1000);
  });

  it("waits longer, and still not for the queue, when critical units come ten times as often too", () => {
    expect(throughLane(schedule(8192, BURST, BURST)).p99 / throughLane(quiet).p99).toBeLessThanOrEqual(2.5);
  });

  it("and what its own instrument has pending goes before it: the fewer instruments, the longer it waits, and in one alone as long as in a queue", () => {
    const ofInstruments = (count: number): number => throughLane(schedule(count, BURST, 1)).p99;
    const [many, some, one] = [8192, 64, 1].map(ofInstruments);
    expect(many).toBeLessThan(some);
    expect(some).toBeLessThan(one);
    expect(one).toBe(throughFifo(schedule(1, BURST, 1)).p99);
  });
});
