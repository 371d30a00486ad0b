/** A task in a thread of its own with a hard timeout, after which the thread is ended and the test fails. */
import { Worker } from "node:worker_threads";

const TIMEOUT_MS = 25_000;

export interface RunningTask<Outcome> {
  readonly worker: Worker;
  /** What the thread says last: its one message that is no text. Rejects with its error, or when it takes too long. */
  readonly outcome: Promise<Outcome>;
  /** Resolves when the thread has said this text. */
  said(text: string): Promise<void>;
  /** Ends the thread wherever it stands. */
  kill(): Promise<void>;
}

/** Starts the worker at this address with this data. */
export function startTask<Outcome>(url: URL, data: unknown): RunningTask<Outcome> {
  const worker = new Worker(url, { workerData: data, execArgv: [] });
  const heard: string[] = [];
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const timer = setTimeout(() => {
      void worker.terminate();
      reject(
        new Error(`${JSON.stringify(data, (_, value: unknown) => (value instanceof SharedArrayBuffer ? "shared" : value))} did not end in ${TIMEOUT_MS} ms`),
      );
    }, TIMEOUT_MS);
    worker.on("message", (message: Outcome | string) => {
      if (typeof message === "string") return void heard.push(message);
      clearTimeout(timer);
      resolve(message);
    });
    worker.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    worker.on("exit", () => {
      clearTimeout(timer);
      reject(new Error("the thread ended without an outcome"));
    });
  });
  outcome.catch(() => undefined); // a thread that a test ends has none
  return {
    worker,
    outcome,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (heard.includes(text)) resolve();
        };
        worker.on("message", look);
        outcome.then(() => reject(new Error(`the thread ended and never said ${text}`)), reject);
        look();
      }),
    kill: async () => void (await worker.terminate()),
  };
}
