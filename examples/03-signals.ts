/** How does a strategy look? Ten lines that run on a file, in simulation, on any number of shards: npx tercel simulate demo --pipeline examples/03-signals.ts */
import { breakout, pipeline, tumbling } from "../src/index.ts";

const dips = pipeline("dips")
  .bars("1s")
  .signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 30", { side: "buy" })
  .window("flow", tumbling("5s"), { vwap: "vwap", trades: "count" })
  .pattern("jump", breakout({ threshold: "0.2%", over: "30s" }))
  .guard({ velocity: "5% in 1s", then: "suppress" })
  .orders({ qty: 100 });

console.error(`${dips.toPlan().signals.length} signal, ${dips.toPlan().windows.length} window, ${dips.toPlan().patterns.length} pattern`);

export default dips;
