/** What is wrong with the data, and what to do about it: each one sentence or more, together the message. */
export class DataTrouble extends Error {
  readonly said: string;
  readonly todo: string;
  constructor(said: string, todo: string) {
    super(`${said} ${todo}`);
    this.said = said;
    this.todo = todo;
  }
}
