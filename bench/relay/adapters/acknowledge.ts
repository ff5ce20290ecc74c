/** Acknowledges as a client does that has stored what came in one turn: the newest sequence, once a turn. */
export function acknowledger(send: (sequence: number) => void): (sequence: number) => void {
  let newest = 0;
  let planned = false;
  return (sequence) => {
    newest = sequence;
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      send(newest);
    });
  };
}
