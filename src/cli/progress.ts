/** One live line on a terminal, a line now and then in a log, nothing with --json. */
import type { RunProgress } from "./pipeline-run.ts";
import { grouped, latencyText, type Terminal } from "./terminal.ts";

const REFRESH_SECONDS = 0.2;

export class ProgressLine {
  private readonly terminal: Terminal;
  private readonly silent: boolean;
  private readonly logSeconds: number;
  private shownAt = 0;
  private lastRecords = 0;
  private width = 0;

  /** `logSeconds`: time between lines where there is no terminal. */
  constructor(terminal: Terminal, silent: boolean, logSeconds: number = 60) {
    this.terminal = terminal;
    this.silent = silent;
    this.logSeconds = logSeconds;
  }

  show(progress: RunProgress): void {
    if (this.silent) return;
    const since = progress.seconds - this.shownAt;
    if (since < (this.terminal.isInteractive ? REFRESH_SECONDS : this.logSeconds)) return;
    const rate = (progress.records - this.lastRecords) / since;
    this.shownAt = progress.seconds;
    this.lastRecords = progress.records;
    const text = `${progress.seconds.toFixed(1).padStart(6)} s  ${grouped(rate).padStart(10)} records/s${figures(progress)}`;
    if (this.terminal.isInteractive) this.terminal.err(`\r${text.padEnd(this.width)}`);
    else this.terminal.err(`${text}\n`);
    this.width = text.length;
  }

  /** Clears the live line, so that another can stand in its place. */
  end(): void {
    if (!this.silent && this.terminal.isInteractive && this.width > 0) this.terminal.err(`\r${" ".repeat(this.width)}\r`);
  }
}

/** The figures of a moment as one line of a log: records since the start. */
export function progressText(progress: RunProgress): string {
  return `${progress.seconds.toFixed(0)} s  ${grouped(progress.records)} records${figures(progress)}`;
}

function figures({ p50Ns, p99Ns, maxNs, ringUse, signals, gcEvents, lifecycle }: RunProgress): string {
  return (
    `  p50 ${latencyText(p50Ns)}  p99 ${latencyText(p99Ns)}  max ${latencyText(maxNs)}` +
    `  ring ${(ringUse * 100).toFixed(0)}%  signals ${grouped(signals)}  gc ${gcEvents}${lifecycle === "READY" ? "" : `  ${lifecycle}`}`
  );
}
