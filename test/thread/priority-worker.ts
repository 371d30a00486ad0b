/**
 * One end of a priority lane in a thread of its own, for priority.test.ts. Record n is a function of n and the seed, so the reader knows of each
 * unit what it must hold, and whether anything overtook another of its instrument.
 */
import { parentPort, workerData } from "node:worker_threads";
import { mix32 } from "../../src/kernel/core/hash.ts";
import { FULL } from "../../src/kernel/core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_WORD_I32, TYPE_SIGNAL, headerWord } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import { PriorityLane, type PriorityLaneSizes } from "../../src/kernel/ring/priority-lane.ts";
import { PriorityReader } from "../../src/kernel/ring/priority-reader.ts";
import { PriorityWriter } from "../../src/kernel/ring/priority-writer.ts";

export interface PriorityTask {
  readonly role: "writer" | "reader";
  readonly buffer: SharedArrayBuffer;
  readonly sizes: PriorityLaneSizes;
  readonly units: number;
}

export interface PriorityOutcome {
  readonly units: number;
  /** Units that were not whole, came twice or before another of their instrument. */
  readonly damaged: number;
  /** Critical units that went before routine ones put before them. */
  readonly overtakes: number;
  readonly pulled: number;
  /** Times that this end slept. */
  readonly waits: number;
}

/** What the n-th unit is. One in eight is critical, units have one to three records. */
function instrumentOf(n: number, instruments: number): number {
  return (mix32(n) >>> 0) % instruments;
}
const isCritical = (n: number): boolean => (mix32(n ^ 0x5bd1e995) & 7) === 0;
const lengthOf = (n: number): number => 1 + ((mix32(n ^ 0x27d4eb2f) >>> 8) % 3);

function write({ buffer, sizes, units }: PriorityTask): PriorityOutcome {
  const lane = new PriorityLane(buffer, 0, sizes);
  const writer = new PriorityWriter(lane);
  const staging = Slots.create(1);
  let waits = 0;
  for (let n = 0; n < units; n++) {
    const length = lengthOf(n);
    for (let record = 0; record < length; record++) {
      const flags = (isCritical(n) ? FLAG_CRITICAL : 0) | (record === length - 1 ? FLAG_LAST : 0);
      staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, flags);
      staging.u32[HEADER_INSTRUMENT_U32] = instrumentOf(n, sizes.instruments);
      staging.f64[HEADER_SEQUENCE_F64] = n;
      staging.i32[14] = record;
      staging.i32[15] = mix32(n + record);
      while (writer.put(staging, 0) === FULL) {
        writer.commit();
        waits++;
        writer.park(1000);
      }
    }
    if ((mix32(n) & 15) === 0) writer.commit();
  }
  writer.commit();
  lane.close();
  return { units, damaged: 0, overtakes: 0, pulled: 0, waits };
}

function read({ buffer, sizes, units }: PriorityTask): PriorityOutcome {
  const lane = new PriorityLane(buffer, 0, sizes);
  const reader = new PriorityReader(lane);
  const newest = new Int32Array(sizes.instruments).fill(-1);
  const seen = new Uint8Array(units);
  const outcome = { units: 0, damaged: 0, overtakes: 0, waits: 0 };
  let oldestMissing = 0;
  for (;;) {
    const closed = lane.isClosed;
    const length = reader.take();
    if (length === 0) {
      if (closed) return { ...outcome, pulled: reader.pulled };
      outcome.waits++;
      reader.park(1000);
      continue;
    }
    const first = reader.slotAt(0);
    const n = reader.slots.f64[first * 8 + HEADER_SEQUENCE_F64];
    const instrument = instrumentOf(n, sizes.instruments);
    let whole = length === lengthOf(n) && seen[n] === 0 && n > newest[instrument];
    for (let record = 0; record < length; record++) {
      const { i32, u32, u16, f64 } = reader.slots;
      const slot = reader.slotAt(record);
      const isLast = (u16[slot * 32 + HEADER_FLAGS_U16] & FLAG_LAST) !== 0;
      whole &&= f64[slot * 8 + HEADER_SEQUENCE_F64] === n && u32[slot * 16 + HEADER_INSTRUMENT_U32] === instrument;
      whole &&= i32[slot * 16 + 14] === record && i32[slot * 16 + 15] === (mix32(n + record) | 0) && isLast === (record === length - 1);
    }
    if (!whole) outcome.damaged++;
    newest[instrument] = n;
    seen[n] = 1;
    while (oldestMissing < units && seen[oldestMissing] === 1) oldestMissing++;
    if (isCritical(n) && oldestMissing < n) outcome.overtakes++;
    outcome.units++;
  }
}

const task = workerData as PriorityTask;
const outcome = task.role === "writer" ? write(task) : read(task);
parentPort?.postMessage(outcome); // oxlint-disable-line unicorn/require-post-message-target-origin -- a port between threads has no origin
