/** The thread that makes the stream of a paced run ahead of time: a session of the simulated exchange, chunk after chunk. See byte-stream.ts. */
import { workerData } from "node:worker_threads";
import { FRAME_BYTES_MAX } from "../src/sim/itch-encoder.ts";
import { STEP_MESSAGES_MAX, TradingSession } from "../src/sim/session.ts";
import { CHUNK_BYTES, STREAM_DRAINED, STREAM_FILLED, STREAM_LENGTHS, STREAM_MADE, STREAM_STOP, type MakerTask } from "./byte-stream.ts";
import { BENCH_INSTRUMENTS, BENCH_SEED } from "./input.ts";

const STEP_BYTES_MAX = STEP_MESSAGES_MAX * FRAME_BYTES_MAX;

const { bytes, words, cpu, chunks, scenario, ratePerSecond, messages } = workerData as MakerTask;
const target = new Uint8Array(bytes);
const durationNs = scenario.seconds * 1e9;
const session = new TradingSession({ seed: BENCH_SEED, instruments: BENCH_INSTRUMENTS, scenario, durationNs, ratePerSecond, messages: 0 });
const { encoder } = session;

function fill(start: number): number {
  const last = start + CHUNK_BYTES - STEP_BYTES_MAX;
  encoder.bind(target, start);
  while (encoder.at <= last && encoder.messages < messages && !session.isOver) session.step();
  return encoder.at - start;
}

/** Waits until a chunk is free; false at the end. */
function awaitRoom(filled: number): boolean {
  for (;;) {
    if (Atomics.load(words, STREAM_STOP) !== 0) return false;
    const drained = Atomics.load(words, STREAM_DRAINED);
    if (filled - drained < chunks) return true;
    Atomics.wait(words, STREAM_DRAINED, drained, 1000);
  }
}

for (let filled = 0; encoder.messages < messages && !session.isOver && awaitRoom(filled); filled++) {
  const chunk = filled % chunks;
  words[STREAM_LENGTHS + chunk] = fill(chunk * CHUNK_BYTES);
  const { user, system } = process.threadCpuUsage();
  cpu[0] = (user + system) * 1000;
  Atomics.store(words, STREAM_FILLED, filled + 1);
}
Atomics.store(words, STREAM_MADE, 1);
