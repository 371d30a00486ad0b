/** `tercel run PIPELINE`: live, from the source that the pipeline names, in real time. An interrupt ends the input; what is on its way is finished. */
import type { Command } from "commander";
import type { Source } from "../engine/delivery/source.ts";
import type { PipelinePlan, SourcePlan } from "../engine/pipeline/plan.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { MarketSimulator } from "../sim/simulator.ts";
import { loadPlan } from "./config/load.ts";
import type { CommandContext } from "./main.ts";
import { DEFAULT_PIECE_BYTES, addRunOptions, execute, type RunFlags } from "./run-options.ts";
import { SimulatorSource } from "./simulator-source.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export function addRun(program: Command, context: CommandContext): void {
  const command = program
    .command("run <pipeline>")
    .description("run a pipeline (.yaml, or a module with a default export) live, from the source that it names; an interrupt ends it in good order");
  addRunOptions(command).action(async (pipeline: string, flags: RunFlags) => run(pipeline, flags, context));
}

async function run(path: string, flags: RunFlags, context: CommandContext): Promise<void> {
  const plan = await loadPlan(path);
  const source = sourceOf(plan, path);
  const { scenario, seed, instruments, messages } = source;
  const live = new StoppableSource((position) => new SimulatorSource(new MarketSimulator({ seed, scenario, instruments, messages }), position));
  const stop = (): void => live.stop();
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    await execute(
      {
        title: plan.name,
        plan,
        feed: "itch50",
        input: [`simulator:${scenario}:${seed}:${instruments}:${messages}`],
        pieceBytes: DEFAULT_PIECE_BYTES,
        speed: 1,
        openSource: (position) => live.open(position),
        warmUp: true,
        isLive: true,
      },
      flags,
      context,
    );
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
  }
}

function sourceOf(plan: PipelinePlan, path: string): SourcePlan {
  if (plan.source !== null) return plan.source;
  throw new StreamError(
    "CONFIG_INVALID",
    `${path}: a live run expects a source, such as source: { simulator: { scenario: demo } }, the only one there is; recorded files go through tercel replay ${path} --from FILE`,
    { path },
  );
}

/** A source whose input can be ended from outside, before it is opened and between two pieces. */
export class StoppableSource implements Source {
  private readonly create: (position: number) => Source;
  private source: Source | null = null;
  private bytes: Uint8Array = new Uint8Array(0);
  private isStopped = false;

  constructor(create: (position: number) => Source) {
    this.create = create;
  }

  open(position: number): this {
    this.source = this.create(position);
    return this;
  }

  /** The next read answers that the input has ended. */
  stop(): void {
    this.isStopped = true;
  }

  async read(): Promise<Uint8Array | null> {
    if (this.isStopped || this.source === null) return null;
    if (this.bytes.length === 0) {
      const bytes = await this.source.read();
      if (bytes === null) return null;
      this.bytes = bytes;
    }
    const piece = this.bytes.subarray(0, DEFAULT_PIECE_BYTES);
    this.bytes = this.bytes.subarray(piece.length);
    return piece;
  }

  async close(): Promise<void> {
    await this.source?.close();
  }
}
