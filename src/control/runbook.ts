/**
 * The runbook: for every error code, every alert and every reason to be degraded, what it means and what to do.
 *
 * The pages of error codes are made from the closed list itself, so a new code has a page from its first day; the operator's steps are
 * added here where one sentence is not enough. renderRunbook() is the document; a page's anchor is stable and is what an alert links to.
 */
import { ERROR_CODES, type ErrorCode } from "../kernel/core/errors.ts";
import { REASON_UNSPECIFIED } from "../kernel/lifecycle/machine.ts";
import { REASON_EXECUTION_FAILURE, REASON_MARKET_DATA_OUTAGE } from "./failure.ts";
import { REASON_LATENCY_BUDGET } from "./budget-trip.ts";
import { REASON_WARMUP_FAILED, REASON_WARMUP_UNSTABLE } from "./warmup.ts";

export interface RunbookPage {
  readonly key: string;
  readonly kind: "error" | "alert" | "reason";
  /** Fragment of the page's address in the rendered runbook. */
  readonly anchor: string;
  /** What it means. */
  readonly meaning: string;
  /** What to do, in order; at least one step. */
  readonly steps: readonly string[];
}

/** The text of one page. */
export interface PageText {
  readonly meaning: string;
  readonly steps: readonly string[];
}

/** The closed list of alerts. */
export type AlertKey =
  | "buffer-utilization"
  | "queue-utilization"
  | "latency-p99"
  | "throughput-low"
  | "drop-rate"
  | "error-rate"
  | "memory"
  | "cpu"
  | "connection-stale"
  | "shard-stalled"
  | "gc-pause"
  | "clock-regressing";

/** Alerts for people; thresholds are configuration. */
export const ALERT_PAGES: Readonly<Record<AlertKey, PageText>> = {
  "buffer-utilization": {
    meaning: "a ring is filling: its reader is slower than its writer",
    steps: ["find the shard with the greatest lag", "look at its stage latencies for the one that grew", "add shards or move its busiest instruments"],
  },
  "queue-utilization": {
    meaning: "an outgoing queue is filling: the system behind a sink is slower than we are",
    steps: ["name the sink with the longest queue", "check the system behind it", "the source is held back meanwhile: nothing is lost"],
  },
  "latency-p99": {
    meaning: "the 99th percentile of latency is over its limit",
    steps: ["look which stage's share grew", "compare with the garbage collections and with the load", "check that no other process took the core"],
  },
  "throughput-low": {
    meaning: "fewer messages than expected during a session",
    steps: ["compare with the venue's status page", "check that every connection is live and every subscription acknowledged"],
  },
  "drop-rate": {
    meaning: "readers of a broadcast ring are overtaken, or late events are set aside, more often than allowed",
    steps: ["name the reader with the greatest loss", "make it faster, give it a larger ring, or accept the loss in the configuration"],
  },
  "error-rate": {
    meaning: "more messages fail than allowed",
    steps: ["read the kept bytes of the dead letters", "check whether the venue changed its format", "replay the dead letters after the correction"],
  },
  memory: {
    meaning: "the process holds more memory than allowed",
    steps: ["compare with the memory plan printed at start", "what lies outside the arenas should not grow: take a heap profile"],
  },
  cpu: { meaning: "the processor is busier than allowed", steps: ["compare with the load", "add cores and shards, or lower the load"] },
  "connection-stale": {
    meaning: "a connection, a channel or a symbol is silent for longer than is usual for it",
    steps: ["it is resubscribed, then reconnected, then failed over without help", "if it stays silent, check the venue's status"],
  },
  "shard-stalled": {
    meaning: "a shard has work and makes no progress",
    steps: ["it is ended and restarted from the last checkpoint without help", "if it stalls again at the same record, keep the journal and report it"],
  },
  "gc-pause": {
    meaning: "garbage was collected in a thread that should make none, or for longer than allowed",
    steps: ["see which thread: shards must show none", "in the others raise the semi-space size", "look for a handler that allocates"],
  },
  "clock-regressing": {
    meaning: "receive times went back",
    steps: ["check the time service of the host", "records between are flagged BAD_TS: their latency is not known"],
  },
};

/** Reasons to be degraded that the system gives itself. */
export const REASON_PAGES: Readonly<Record<string, PageText>> = {
  [REASON_UNSPECIFIED]: { meaning: "degraded by a call that named no reason", steps: ["ask who called", "confirm the recovery with a change to READY"] },
  [REASON_MARKET_DATA_OUTAGE]: {
    meaning: "market data stopped: prices are old",
    steps: ["check connections and the venue's status", "books are synchronised again before READY"],
  },
  [REASON_EXECUTION_FAILURE]: {
    meaning: "orders cannot be sent or are not answered",
    steps: ["check the order session", "reconcile open orders with the venue before READY"],
  },
  [REASON_WARMUP_UNSTABLE]: {
    meaning: "latency did not settle during the warm-up",
    steps: ["check that no other process shares the core", "compare the p99 of the rounds", "restart the warm-up, or raise its tolerance knowingly"],
  },
  [REASON_WARMUP_FAILED]: { meaning: "the work of the warm-up threw an error", steps: ["read the error in the log", "correct it and restart"] },
  [REASON_LATENCY_BUDGET]: {
    meaning: "stages took longer than their budget, more often than is forgiven: orders are refused while it lasts",
    steps: [
      "see in the log which stage, and by how much",
      "compare with the load, the garbage collections and the other processes of the host",
      "it ends by itself when calm lasts",
    ],
  },
  gate: {
    meaning: "a readiness gate that had passed fails: the reason is gate: and its name",
    steps: ["see what the gate says is missing", "it ends by itself when the gate passes again"],
  },
};

/** Steps beyond the remedy that an error code itself carries. */
const ERROR_STEPS: Partial<Record<ErrorCode, readonly string[]>> = {
  INVARIANT: ["stop: results after it cannot be trusted", "resume from the last checkpoint after the report"],
  RING_OVERRUN: ["the lost range is in the details: lostFrom to lostTo", "a reader that must not lose belongs on a gated ring"],
  LIFECYCLE_TRANSITION: ["read the history: which change was refused, and from where", "if reasons are named, end them first"],
  LIFECYCLE_NOT_READY: ["see which gate the readiness report misses"],
  CHECKPOINT_CORRUPT: ["keep the damaged file: it shows what tore it", "check the disk"],
  SHARD_DIED: ["the other shards stopped at the same barrier", "if it dies again at the same record, keep the journal and report it"],
  SINK_FAILED: ["outputs repeated after the resume carry the same key: the receiver drops them"],
};

const MEANING = {
  fatal: "it stops: going on would corrupt state or results",
  error: "the operation failed; the system goes on",
  warning: "degraded, and counted",
} as const;

function anchorOf(kind: string, key: string): string {
  return `${kind}-${key.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
}

function errorPage(code: ErrorCode): RunbookPage {
  const { severity, remedy } = ERROR_CODES[code];
  return {
    key: code,
    kind: "error",
    anchor: anchorOf("error", code),
    meaning: `${severity}: ${MEANING[severity]}`,
    steps: [remedy, ...(ERROR_STEPS[code] ?? [])],
  };
}

/** The page of an error code. */
export function pageOfError(code: ErrorCode): RunbookPage {
  return errorPage(code);
}

/** The page of an alert. */
export function pageOfAlert(key: AlertKey): RunbookPage {
  return { key, kind: "alert", anchor: anchorOf("alert", key), ...ALERT_PAGES[key] };
}

/** The page of a reason to be degraded. Every gate shares one page, as do reasons that the operator made up (the unspecified one). */
export function pageOfReason(reason: string): RunbookPage {
  const key = reason.startsWith("gate:") ? "gate" : Object.hasOwn(REASON_PAGES, reason) ? reason : REASON_UNSPECIFIED;
  return { key, kind: "reason", anchor: anchorOf("reason", key), ...REASON_PAGES[key] };
}

/** All pages: errors, alerts, reasons. */
export function runbookPages(): RunbookPage[] {
  return [
    ...(Object.keys(ERROR_CODES) as ErrorCode[]).map(pageOfError),
    ...(Object.keys(ALERT_PAGES) as AlertKey[]).map(pageOfAlert),
    ...Object.keys(REASON_PAGES).map((reason) => (reason === "gate" ? pageOfReason("gate:") : pageOfReason(reason))),
  ];
}

/** The runbook as Markdown, a heading a page. */
export function renderRunbook(): string {
  const sections = runbookPages().map((page) => {
    const steps = page.steps.map((step, index) => `${index + 1}. ${step}`).join("\n");
    return `## <a id="${page.anchor}"></a>${page.kind}: ${page.key}\n\n${page.meaning}.\n\n${steps}\n`;
  });
  return `# Runbook\n\n${sections.join("\n")}`;
}
