/**
 * A day of 24 hours of market time, replayed as fast as it goes, with the options of V8 that Node has by default. At each full hour it
 * notes memory, what is in use in the arenas, and what the exchange has. Prints the table, then all of it as a line of JSON.
 *
 *   node day-run.ts MESSAGES REHEARSAL    messages of the day, 0 for the scenario's own number; of a day before it that warms the code up
 */
import { collectGarbage } from "../../src/cli/garbage.ts";
import { runPipeline, type RunSummary } from "../../src/cli/pipeline-run.ts";
import { SimulatorSource } from "../../src/cli/simulator-source.ts";
import { UsageLog, usageText, type UsageRow } from "../../src/cli/usage-log.ts";
import { breakout, pipeline, tumbling } from "../../src/engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../../src/engine/pipeline/plan.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { takeCensus, type Census } from "./census.ts";

/** An hour of the day. */
export interface DayHour extends UsageRow, Census {
  /** Price levels of all books at the exchange. */
  readonly levelsOfVenue: number;
}

export interface DayOutcome {
  readonly hours: readonly DayHour[];
  readonly summary: RunSummary;
}

const HOUR_NS = 3600e9;

/** Everything that waits for time: bars of a minute and an hour, windows that stay open for late trades, spans of minutes, a cooldown. */
function dayPlan(): PipelinePlan {
  return pipeline("day")
    .limits({ instruments: 512, orders: 1 << 17, levels: 1 << 16, ringRecords: 4096 })
    .bars("1m")
    .signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 50", { side: "buy" })
    .signal("trend", "crossOver(ema(5), ema(20)) and macd(12, 26, 9).histogram > 0", { side: "buy" })
    .signal("fade", "close > vwap() + atr(14)", { side: "sell" })
    .bars("1h")
    .window("flow", tumbling("5m"), { vwap: "vwap", trades: "count", spread: "sd" }, { lateness: "10s" })
    .pattern("jump", breakout({ threshold: "0.5%", over: "5m" }))
    .pattern("drop", breakout({ threshold: "0.5%", over: "5m", direction: "down" }))
    .guard({ velocity: "3% in 1s", then: "suppress", cooldown: "30s" })
    .orders({ qty: 100 })
    .toPlan();
}

const SCENARIO = "day-24h";

/** One day through a pipeline of its own; `onHour` is told of each full hour. */
async function runDay(messages: number, onHour: (hour: DayHour) => void): Promise<RunSummary> {
  const simulator = new MarketSimulator({ seed: 1, scenario: SCENARIO, ...(messages > 0 ? { messages } : {}) });
  return runPipeline({
    plan: dayPlan(),
    feed: "itch50",
    input: [SCENARIO],
    driver: "inline",
    shards: 1,
    batch: 256,
    pieceBytes: 1472,
    speed: Infinity,
    store: null,
    checkpointEveryNs: Infinity,
    resume: false,
    warmUp: false,
    openSource: (position, assembly) => {
      const note = (row: UsageRow): void => onHour({ ...row, ...takeCensus(assembly), levelsOfVenue: levelsOf(simulator) });
      return new UsageLog(simulator, assembly, HOUR_NS, note).watch(new SimulatorSource(simulator, position));
    },
    truth: (symbol) => simulator.truth(symbol),
  });
}

/** Price levels of all books at the exchange. */
function levelsOf(simulator: MarketSimulator): number {
  return simulator.symbols().reduce((sum, symbol) => {
    const { bids, asks } = simulator.truth(symbol);
    return sum + bids.length + asks.length;
  }, 0);
}

const [messages, rehearsalMessages] = process.argv.slice(2).map(Number);
if (rehearsalMessages > 0) {
  await runDay(rehearsalMessages, () => undefined);
  collectGarbage(true);
}
const hours: DayHour[] = [];
const summary = await runDay(messages, (hour) => hours.push(hour));
const outcome: DayOutcome = { hours, summary };
process.stderr.write(usageText(hours));
process.stdout.write(`${JSON.stringify(outcome)}\n`);
