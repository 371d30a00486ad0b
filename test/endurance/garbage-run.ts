/**
 * A simulated session through the whole pipeline, as `tercel simulate` runs it, weighed for garbage. Bytes are made between two reads
 * of the source; the simulator makes no garbage, and its part of a window is weighed with the rest. The session goes on until the
 * measured records are through. Prints a line of JSON for each thread, the last with what the run came to.
 */
import { runPipeline, type RunSummary } from "../../src/cli/pipeline-run.ts";
import type { Source } from "../../src/engine/delivery/source.ts";
import type { Assembly } from "../../src/engine/pipeline/assembly.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { GarbageProbe, type GarbageReport } from "./garbage-probe.ts";
import { measuredPlan, measuredRun, type MeasuredRun } from "./measured-run.ts";

/** What the run came to, with the report of its main thread. */
export interface GarbageOutcome extends GarbageReport {
  readonly summary: RunSummary;
  /** Seconds that the making of the bytes took. */
  readonly sourceSeconds: number;
}

const SEED = 20;
const INSTRUMENTS = 500;
const RATE = 100_000;
/** More than any run takes: the source ends it. */
const MESSAGES = 10_000_000_000;
/** Bytes of one read: about a million records. */
const READ_BYTES: number = 1 << 25;

class MeasuredSource implements Source {
  readonly probe: GarbageProbe;
  seconds = 0;
  private readonly simulator: MarketSimulator;
  private readonly assembly: Assembly;
  private readonly run: MeasuredRun;
  private readonly bytes: Uint8Array;

  constructor(simulator: MarketSimulator, assembly: Assembly, run: MeasuredRun) {
    this.probe = new GarbageProbe("main", run);
    this.simulator = simulator;
    this.assembly = assembly;
    this.run = run;
    this.bytes = new Uint8Array(Math.min(READ_BYTES, run.windowRecords * 16));
  }

  read(): Promise<Uint8Array | null> {
    const { probe } = this;
    probe.at(this.assembly.ingest.sequence);
    if (probe.records >= this.run.records) {
      probe.end(this.assembly.ingest.sequence);
      return Promise.resolve(null);
    }
    const started = performance.now();
    const length = this.simulator.read(this.bytes, 0);
    this.seconds += (performance.now() - started) / 1000;
    return Promise.resolve(this.bytes.subarray(0, length));
  }

  async close(): Promise<void> {
    // bytes in memory: nothing to close
  }
}

const run = measuredRun();
const simulator = new MarketSimulator({ seed: SEED, instruments: INSTRUMENTS, scenario: "calm", messages: MESSAGES, ratePerSecond: RATE });
let source: MeasuredSource | null = null;
const summary = await runPipeline({
  plan: measuredPlan(),
  feed: "itch50",
  input: ["endurance"],
  driver: run.driver,
  shards: run.shards,
  batch: 256,
  pieceBytes: 1472,
  speed: Infinity,
  store: null,
  checkpointEveryNs: Infinity,
  resume: false,
  warmUp: false,
  openSource: (_position, assembly) => (source = new MeasuredSource(simulator, assembly, run)),
  truth: (symbol) => simulator.truth(symbol),
});
const { probe, seconds } = source as unknown as MeasuredSource;
const outcome: GarbageOutcome = { ...probe.report(), summary, sourceSeconds: seconds };
process.stdout.write(`${JSON.stringify(outcome)}\n`);
