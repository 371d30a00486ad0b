/**
 * Who may import whom, as data. The wings stand on each other in this order; inside a wing the sideways arrows are listed and closed.
 */
import { importsOf, resolveImport } from "./sources.ts";

/** Wings from the ground up. A wing may import those before it. `control` and `sim` stand aside. */
export const WINGS: readonly string[] = ["kernel", "market", "analysis", "trading", "engine", "connect", "facade", "cli"];

/** Folders inside a wing that a folder may import, besides itself. */
export const SIDEWAYS: Readonly<Record<string, readonly string[]>> = {
  "kernel/core": [],
  "kernel/memory": ["kernel/core"],
  "kernel/record": ["kernel/memory", "kernel/core"],
  "kernel/ring": ["kernel/record", "kernel/memory", "kernel/core"],
  "kernel/instrument": ["kernel/memory", "kernel/core"],
  "kernel/lifecycle": ["kernel/memory", "kernel/core"],
  "market/feed": [],
  "market/book": [],
  "market/sync": ["market/feed", "market/book"],
  "market/bar": [],
  "analysis/indicator": [],
  "analysis/formula": ["analysis/indicator"],
  "analysis/window": [],
  "analysis/pattern": ["analysis/window", "analysis/formula"],
  "trading/signal": [],
  "trading/risk": [],
  "trading/execution": ["trading/risk"],
  "engine/delivery": [],
  "engine/checkpoint": [],
  "engine/pipeline": ["engine/delivery", "engine/checkpoint", "engine/replay"],
  "facade/market-data": [],
};

/** Wings that import neither node modules nor packages. */
const PURE: readonly string[] = ["kernel", "market", "analysis", "trading"];
/** What `control` may import. */
const CONTROL: readonly string[] = ["kernel/core", "kernel/memory", "kernel/lifecycle"];
/** Who may import `control`: those who wire, and those whose users wire. */
const CONTROL_USERS: readonly string[] = ["cli", "facade"];
/** What `sim` may import. */
const SIM: readonly string[] = ["kernel", "market"];

/** Violations in one source, each a sentence; none for a clean one. */
export function layerViolations(path: string, text: string): string[] {
  const [, wing, folder] = path.split("/");
  const here = `${wing}/${folder}`;
  return importsOf(path, text).flatMap((specifier) => {
    const target = resolveImport(path, specifier);
    const reason = violation(wing, here, specifier, target);
    return reason === null ? [] : [`${path} imports ${specifier}: ${reason}`];
  });
}

function violation(wing: string, here: string, specifier: string, target: string): string | null {
  if (!specifier.startsWith(".")) return PURE.includes(wing) ? `${wing} imports no package and no node module` : null;
  const [top, targetWing, targetFolder] = target.split("/");
  if (top !== "src") return wing === "cli" && ["package.json", "bench"].includes(top) ? null : "sources import sources only";
  if (targetWing === "index.ts") return "the root entry is for users, not for sources";
  const there = `${targetWing}/${targetFolder}`;
  if (wing === "index.ts") return null;
  if (wing === "control") return targetWing === "control" || CONTROL.includes(there) ? null : `control imports ${CONTROL.join(", ")} only`;
  if (wing === "sim") return targetWing === "sim" || SIM.includes(targetWing) ? null : `sim imports ${SIM.join(" and ")} only`;
  if (targetWing === "control") return CONTROL_USERS.includes(wing) ? null : "only the command line and facades import control";
  if (targetWing === "sim") return wing === "cli" ? null : "only the command line imports sim";
  const from = WINGS.indexOf(wing);
  const to = WINGS.indexOf(targetWing);
  if (from < 0 || to < 0) return `unknown wing ${from < 0 ? wing : targetWing}`;
  if (to > from) return `imports go down: ${wing} stands below ${targetWing}`;
  if (to < from || here === there || wing === "cli" || wing === "connect") return null;
  const allowed = SIDEWAYS[here];
  if (allowed === undefined) return `folder ${here} is not in the table of layers`;
  return allowed.includes(there) ? null : `${here} may import ${allowed.join(", ") || "nothing beside it"}`;
}
