/** A full garbage collection on demand, whatever the options of the process: what is left afterwards is what lives. */
import v8 from "node:v8";
import { createContext, runInContext } from "node:vm";

type Collect = (options: { readonly type: "major"; readonly execution: "sync"; readonly flavor: "regular" | "last-resort" }) => void;

let collect: Collect | null = null;

/**
 * Collects this thread's heap. With `giveBack` free memory also goes back to the system, as V8 would do by itself some seconds later;
 * V8 does not mark such a collection as asked for.
 */
export function collectGarbage(giveBack: boolean = false): void {
  collect ??= createCollect();
  collect({ type: "major", execution: "sync", flavor: giveBack ? "last-resort" : "regular" });
}

/** `gc` exists in a context that was made while the flag was on. */
function createCollect(): Collect {
  v8.setFlagsFromString("--expose-gc");
  const found = runInContext("gc", createContext()) as Collect;
  v8.setFlagsFromString("--no-expose-gc");
  return found;
}
