/**
 * One turn of the event loop: what else this thread has to do gets its chance. For now and then, not for each piece: it makes 780
 * bytes of garbage, most of them in setImmediate, and an async function around it 450 more.
 */
export function loopTurn(): Promise<void> {
  return new Promise(resolveNext);
}

function resolveNext(resolve: () => void): void {
  setImmediate(resolve);
}
